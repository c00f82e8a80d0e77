from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.community.leveling import rules
from app.community.leveling.rules import Earned, Written, earn, progress
from app.core.clock import DISCORD_EPOCH_MS
from app.core.errors import BadInput


@pytest.mark.parametrize(
    ("xp", "level"),
    [(0, 1), (99, 1), (100, 2), (150, 2), (299, 2), (300, 3), (600, 4), (1000, 5), (4499, 9), (4500, 10)],
)
def test_a_level_begins_where_the_sum_of_what_those_before_cost_ends(xp, level):
    assert rules.level_of(xp) == level


@given(st.integers(1, rules.TOP_LEVEL - 1))
def test_going_up_from_a_level_costs_a_hundred_times_its_number(level):
    begin, end = rules.total_for(level), rules.total_for(level + 1)
    assert end - begin == level * 100
    assert rules.level_of(begin) == rules.level_of(end - 1) == level


@pytest.mark.parametrize("xp", [rules.MOST_XP, rules.MOST_XP + 10**12])
def test_there_is_a_top_level(xp):
    assert rules.level_of(xp) == rules.TOP_LEVEL
    assert progress(rules.MOST_XP).share == 1.0


def test_progress_says_how_far_it_is_to_the_next():
    assert (progress(150).level, progress(150).inside, progress(150).needed) == (2, 50, 200)
    assert progress(150).share == 0.25


def test_what_a_message_is_worth_is_uniform_and_stays_the_same():
    first = 1_300_000_000_000_000_000
    counted = Counter(rules.drawn(first + number * 4_194_304_321) for number in range(30_000))
    assert set(counted) == {1, 2, 3}
    assert all(abs(count - 10_000) < 400 for count in counted.values())
    assert rules.drawn(first) == rules.drawn(first)


def at(seconds: float, channel: int = 1, *, is_late: bool = False) -> Written:
    ms = DISCORD_EPOCH_MS + 10**11 + int(seconds * 1000)
    return Written(((ms - DISCORD_EPOCH_MS) << 22) + 5, ms, channel, is_late)


def worth(*messages: Written) -> int:
    return sum(rules.drawn(message.id) for message in messages)


def test_messages_bring_something_once_a_minute():
    first, inside, second = at(0), at(59.999), at(60)
    assert earn([second, inside, first], None, {}) == Earned(worth(first, second), second.at_ms, 1, False)


def test_time_moves_forward_only():
    assert earn([at(0), at(59)], at(0).at_ms, {}) is None
    assert earn([at(-3600)], at(0).at_ms, {}) is None
    late = earn([at(60)], at(0).at_ms, {})
    assert late is not None
    assert late.xp == worth(at(60))


def test_a_channel_without_experience_starts_no_pause():
    found = earn([at(0, 2), at(10, 1)], None, {2: 0, 1: 200})
    assert found == Earned(2 * worth(at(10)), at(10).at_ms, 1, False)


def test_only_what_is_late_throughout_is_silent():
    assert earn([at(0, is_late=True), at(60, is_late=True)], None, {}).is_late
    assert not earn([at(0, is_late=True), at(60)], None, {}).is_late


@given(st.lists(st.integers(0, 600), max_size=40), st.integers(1, 39))
def test_batches_in_order_bring_what_one_batch_brings(seconds, cut):
    messages = [at(second) for second in sorted(seconds)]
    whole = earn(messages, None, {})
    head, tail = messages[:cut], messages[cut:]
    first = earn(head, None, {})
    then = earn(tail, first.last_ms if first else None, {})
    assert (whole.xp if whole else 0) == sum(part.xp for part in (first, then) if part)


@pytest.mark.parametrize(
    ("channel", "roles", "percent"),
    [(None, [], 100), (150, [], 150), (150, [200, 120], 300), (0, [1000], 0), (None, [50], 50), (100, [0], 0)],
)
def test_the_best_role_counts_together_with_the_channel(channel, roles, percent):
    assert rules.combined(channel, roles) == percent


@pytest.mark.parametrize(("xp", "percent", "after"), [(1, 50, 1), (3, 50, 2), (2, 149, 3), (3, 0, 0), (2, 1000, 20)])
def test_halves_are_rounded_up(xp, percent, after):
    assert rules.multiplied(xp, percent) == after


@pytest.mark.parametrize(
    ("level", "coins"), [(1, 0), (2, 25), (3, 50), (4, 75), (5, 0), (6, 100), (7, 125), (9, 175), (10, 0), (11, 200)]
)
def test_ordinary_levels_bring_coins(level, coins):
    assert rules.coins_of(level) == coins


@pytest.mark.parametrize(
    ("level", "items"),
    [
        (1, {}),
        (4, {}),
        (5, {"jackpot": 1}),
        (10, {"jackpot": 2, "multiplier_x2": 1}),
        (15, {"jackpot": 3, "multiplier_x3": 1}),
        (50, {"jackpot": 5, "multiplier_x2": 1}),
    ],
)
def test_milestones_bring_items(level, items):
    assert rules.items_of(level) == items


@pytest.mark.parametrize("xp", [0, -1, rules.MOST_XP + 1, 2**63])
def test_amounts_outside_the_bounds_are_refused_with_what_is_allowed(xp):
    with pytest.raises(BadInput, match=f"Allowed: 1 to {rules.MOST_XP}"):
        rules.checked_xp(xp)


@pytest.mark.parametrize("level", [0, 1, -3, 1001, 10**30])
def test_levels_outside_the_bounds_are_refused_with_what_is_allowed(level):
    with pytest.raises(BadInput, match="Allowed: 2 to 1000"):
        rules.checked_level(level)
