import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BadInput
from app.core.features import FEATURES, is_on
from app.upkeep.settings import rules
from app.upkeep.settings.rules import SETTINGS


@pytest.mark.parametrize(
    ("key", "given_text", "value"),
    [
        ("language", "FR", "fr"),
        ("language", "français", "fr"),
        ("language", "default", None),
        ("timezone", "europe/paris", "Europe/Paris"),
        ("timezone", "default", "UTC"),
        ("content", "Store", "store"),
        ("prefix", "$$", "$$"),
        ("prefix", "default", "!"),
        ("log-channel", "<#123>", 123),
        ("log-channel", "default", None),
        ("retention-days", "365", 365),
        ("feature-search", "off", {"search": False}),
        ("feature-search", "oui", {"search": True}),
        ("features", "none", dict.fromkeys(FEATURES, False)),
        ("features", "profile, search", {**dict.fromkeys(FEATURES, False), "profile": True, "search": True}),
    ],
)
def test_a_value_is_read(key, given_text, value):
    assert rules.parse(rules.find(key), given_text) == value


@pytest.mark.parametrize(
    ("key", "given_text", "named"),
    [
        ("language", "klingon", "fr (Français)"),
        ("language", "", "en (English)"),
        ("timezone", "Mars/Olympus", "Europe/Paris"),
        ("timezone", "../../etc/passwd", "Europe/Paris"),
        ("content", "all", "off, counts, store"),
        ("prefix", "", "1 to 5 signs"),
        ("prefix", "toolong", "1 to 5 signs"),
        ("prefix", "a b", "1 to 5 signs"),
        ("prefix", "hey", "1 to 5 signs"),
        ("prefix", "/", "1 to 5 signs"),
        ("prefix", "\x00!", "1 to 5 signs"),
        ("prefix", "\ud800!", "1 to 5 signs"),
        ("log-channel", "general", "a text channel"),
        ("log-channel", "0", "a text channel"),
        ("log-channel", str(1 << 63), "a text channel"),
        ("log-channel", "１２３", "a text channel"),
        ("retention-days", "0", "1-3650"),
        ("retention-days", "3651", "1-3650"),
        ("retention-days", "-5", "1-3650"),
        ("retention-days", "1e3", "1-3650"),
        ("retention-days", "9" * 400, "1-3650"),
        ("feature-search", "perhaps", "on, off"),
        ("features", "profile, dancing", "dancing"),
        ("features", "", "profile"),
    ],
)
def test_a_bad_value_is_refused_naming_what_is_allowed(key, given_text, named):
    with pytest.raises(BadInput) as refusal:
        rules.parse(SETTINGS[key], given_text)
    assert named in str(refusal.value)


def test_an_unknown_key_names_those_there_are():
    with pytest.raises(BadInput, match=r"There is no setting “nope”\. There are: language, timezone"):
        rules.find("nope")


@given(st.sampled_from(sorted(SETTINGS)), st.text())
def test_no_text_does_anything_but_parse_or_be_refused(key, text):
    with contextlib.suppress(BadInput):
        rules.parse(SETTINGS[key], text)


@pytest.mark.parametrize("key", sorted(SETTINGS))
def test_every_offered_value_is_allowed(key):
    for choice in rules.choices(SETTINGS[key]):
        rules.parse(SETTINGS[key], choice)


def test_what_leaves_the_house_is_off_until_an_admin_agrees():
    assert not is_on({}, "openai")
    assert is_on({"openai": True}, "openai")
    assert is_on({}, "search")
