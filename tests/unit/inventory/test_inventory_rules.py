from collections import Counter
from random import Random

import pytest

from app.community.inventory import rules
from app.community.inventory.rules import DROPS, bonus, checked, drop, item_of, odds, treasure
from app.core.errors import BadInput

ROUNDS = 40_000


@pytest.mark.parametrize(
    ("word", "item"),
    [
        ("jackpot", "jackpot"),
        ("Treasure", "jackpot"),
        (" TRÉSOR ", "jackpot"),
        ("tresor", "jackpot"),
        ("x2", "multiplier_x2"),
        ("Multiplicateur x3", "multiplier_x3"),
        ("multiplier_x3", "multiplier_x3"),
        ("Multiplier x2", "multiplier_x2"),
    ],
)
def test_items_go_by_several_names(word, item):
    assert item_of(word) == item


@pytest.mark.parametrize("word", ["", "x4", "coins", "🎁" * 100])
def test_an_unknown_item_is_refused_with_those_there_are(word):
    with pytest.raises(BadInput, match="Allowed: jackpot, multiplier_x2, multiplier_x3"):
        item_of(word)


@pytest.mark.parametrize("quantity", [0, -1, 1001, 10**30])
def test_an_impossible_number_of_items_is_refused(quantity):
    with pytest.raises(BadInput, match="Allowed: 1 to 1000"):
        checked(quantity)


def test_a_treasure_holds_25_50_or_100_at_50_35_and_15_percent():
    assert odds({}) == pytest.approx({25: 0.5, 50: 0.35, 100: 0.15})
    chance = Random(1)
    found = Counter(treasure({}, chance) for _ in range(ROUNDS))
    assert set(found) == {25, 50, 100}
    for amount, share in odds({}).items():
        assert found[amount] / ROUNDS == pytest.approx(share, abs=0.01)


def test_a_guild_chooses_what_treasures_hold():
    chosen = {"treasure-small": 1, "treasure-large": 50, "treasure-small-share": 1, "treasure-medium-share": 1}
    assert odds(chosen) == pytest.approx({1: 1 / 17, 50: 16 / 17})


def test_winners_find_things_as_often_as_the_odds_say():
    chance = Random(2)
    found = Counter(drop({}, chance) for _ in range(ROUNDS))
    for item, option in DROPS.items():
        assert found[item] / ROUNDS == pytest.approx(option.default / 1000, abs=0.002)
    assert found[None] / ROUNDS == pytest.approx(0.983, abs=0.003)


def test_a_guild_may_switch_finding_off_or_make_it_frequent():
    chance = Random(3)
    nothing = dict.fromkeys(("drop-treasure", "drop-x2", "drop-x3"), 0)
    assert {drop(nothing, chance) for _ in range(2000)} == {None}
    most = dict.fromkeys(("drop-treasure", "drop-x2", "drop-x3"), 300)
    assert {drop(most, chance) for _ in range(2000)} == {None, *rules.ITEMS}


@pytest.mark.parametrize(
    ("profit", "factor", "added"), [(10, 1, 0), (10, 2, 10), (10, 3, 20), (0, 3, 0), (-50, 3, 0), (400, 3, 500)]
)
def test_a_multiplier_adds_to_the_profit_alone_and_within_a_bound(profit, factor, added):
    assert bonus({}, profit, factor) == added


def test_the_bound_of_a_bonus_is_the_guilds():
    assert bonus({"multiplier-bonus": 7}, 400, 3) == 7
