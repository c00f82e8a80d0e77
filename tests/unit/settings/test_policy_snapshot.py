from app.core.policy import PolicyData, with_language, with_setting

DATA = PolicyData(
    modes={1: "off"},
    prefixes={2: "?"},
    locales={1: "fr"},
    switched_off={1: frozenset({"profile"})},
    languages={9: "fr"},
)


def test_one_setting_changes_and_nothing_else():
    changed = with_setting(DATA, 1, "content_mode", "store")
    assert changed.modes == {1: "store"}
    assert (changed.prefixes, changed.locales, changed.switched_off) == (DATA.prefixes, DATA.locales, DATA.switched_off)
    assert with_setting(DATA, 1, "prefix", "$").prefixes == {1: "$", 2: "?"}
    assert DATA.modes == {1: "off"}


def test_a_choice_taken_back_is_gone():
    assert with_setting(DATA, 1, "locale", None).locales == {}
    assert with_setting(DATA, 5, "locale", None).locales == {1: "fr"}
    assert with_language(DATA, 9, None).languages == {}
    assert with_language(DATA, 8, "en").languages == {9: "fr", 8: "en"}


def test_switches_move_alone():
    assert with_setting(DATA, 1, "features", {"search": False}).switched_off[1] == {"profile", "search"}
    assert with_setting(DATA, 1, "features", {"profile": True}).switched_off[1] == frozenset()


def test_what_the_snapshot_does_not_hold_leaves_it():
    assert with_setting(DATA, 1, "timezone", "UTC") is DATA
