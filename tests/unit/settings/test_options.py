import pytest

from app.core import features
from app.core.choices import Choices
from app.core.errors import BadInput, Refused
from app.core.options import Channel, Number, Switch, Word
from app.upkeep.settings import rules
from app.upkeep.settings.rules import GROUPS, SETTINGS

AMOUNT = Number("amount", "How many", default=25, low=-5, high=100)
GAME = Switch("game", "Whether", default=True)
STYLE = Word("style", "Which", default="image", words=("image", "text"))
WHERE = Channel("where", "In which channel", default=None)


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        (AMOUNT, "100", 100),
        (AMOUNT, " -5 ", -5),
        (GAME, "OUI", True),
        (GAME, "off", False),
        (STYLE, "Text", "text"),
        (WHERE, "<#123>", 123),
        (WHERE, "123", 123),
    ],
)
def test_text_is_read_as_a_value(option, text, value):
    assert option.parse(text) == value


@pytest.mark.parametrize(
    ("option", "text", "allowed"),
    [
        (AMOUNT, "101", "-5-100"),
        (AMOUNT, "-6", "-5-100"),
        (AMOUNT, "1.5", "-5-100"),
        (AMOUNT, "٣", "-5-100"),
        (AMOUNT, "9" * 400, "-5-100"),
        (AMOUNT, "", "-5-100"),
        (GAME, "perhaps", "on, off"),
        (STYLE, "film", "image, text"),
        (WHERE, "general", "a text channel of this server"),
        (WHERE, str(2**63), "a text channel of this server"),
    ],
)
def test_other_text_is_refused_with_what_is_allowed(option, text, allowed):
    with pytest.raises(BadInput) as refusal:
        option.parse(text)
    assert allowed in str(refusal.value)
    assert len(str(refusal.value)) < 250


def test_what_was_not_chosen_has_the_default():
    assert AMOUNT.of({}) == 25
    assert AMOUNT.of({"amount": 0}) == 0
    assert GAME.of({"game": False}) is False


def test_every_option_is_a_setting_of_its_group_with_a_key_of_its_own():
    keys = [option.key for options in GROUPS.values() for option in options]
    assert len(keys) == len(set(keys))
    for name, options in GROUPS.items():
        assert [setting.key for setting in rules.group(name)] == [option.key for option in options]
    assert set(keys).isdisjoint(setting.key for setting in rules.group(None))
    assert set(keys) < set(SETTINGS)


def test_the_default_of_every_option_is_one_of_its_values():
    for options in GROUPS.values():
        for option in options:
            if option.default is not None:
                assert option.parse(str(option.default).lower()) == option.default


def test_a_group_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(BadInput, match="Allowed: economy"):
        rules.group("colours")


def test_the_default_takes_a_choice_back():
    assert rules.parse(SETTINGS["start-coins"], "default") is None
    assert rules.parse(SETTINGS["start-coins"], "50") == 50


def test_a_part_is_off_where_the_whole_is_off():
    assert features.is_on({}, "games")
    assert not features.is_on({"economy": False}, "games")
    assert not features.is_on({"games": False}, "games")
    assert features.is_on({"games": False}, "economy")
    assert features.is_off(frozenset({"economy"}), "lottery")
    assert not features.is_off(frozenset({"games"}), "economy")


def test_a_service_refuses_what_is_off():
    with pytest.raises(Refused, match=r"\*\*games\*\* is switched off"):
        Choices(switches={"economy": False}).require("games")
    Choices().require("games")
