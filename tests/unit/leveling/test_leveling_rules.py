from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.community.leveling import rules
from app.community.leveling.rules import Earned, Last, Taste, Written, earn, progress
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


def at(seconds: float, channel: int = 1, *, is_late: bool = False, text: str | None = None) -> Written:
    ms = DISCORD_EPOCH_MS + 10**11 + int(seconds * 1000)
    return Written(((ms - DISCORD_EPOCH_MS) << 22) + 5, ms, channel, is_late, text)


def after(message: Written, repeats: int = 1) -> Last:
    return Last(message.at_ms, message.text, repeats)


def worth(*messages: Written) -> int:
    return sum(rules.drawn(message.id) for message in messages)


def test_messages_bring_something_once_a_minute():
    first, inside, second = at(0), at(59.999), at(60)
    found = earn([second, inside, first], Last(), {})
    assert found == Earned(worth(first, second), second.at_ms, 1, False, second.id, 1)


def test_time_moves_forward_only():
    assert earn([at(0), at(59)], after(at(0)), {}) is None
    assert earn([at(-3600)], after(at(0)), {}) is None
    late = earn([at(60)], after(at(0)), {})
    assert late is not None
    assert late.xp == worth(at(60))


def test_a_channel_without_experience_starts_no_pause():
    found = earn([at(0, 2), at(10, 1)], Last(), {2: 0, 1: 200})
    assert found == Earned(2 * worth(at(10)), at(10).at_ms, 1, False, at(10).id, 1)


def test_only_what_is_late_throughout_is_silent():
    assert earn([at(0, is_late=True), at(60, is_late=True)], Last(), {}).is_late
    assert not earn([at(0, is_late=True), at(60)], Last(), {}).is_late


def test_very_short_messages_bring_nothing_and_begin_no_pause():
    found = earn([at(0, text=" a "), at(1, text="aye")], Last(), {})
    assert found.xp == worth(at(1))
    assert earn([at(0, text="aye")], Last(), {}, Taste(shortest=4)) is None
    assert earn([at(0, text="a")], Last(), {}, Taste(shortest=0)).xp == worth(at(0))


def test_what_a_message_without_known_text_says_is_never_too_short_or_repeated():
    minutes = [at(60 * number, text=text) for number, text in enumerate([None, "", "  ", None, "", None])]
    assert earn(minutes, Last(), {}, Taste(shortest=4, repeats=1)).xp == worth(*minutes)


def test_the_same_text_brings_something_a_few_times_in_a_row():
    same = [at(60 * number, text=text) for number, text in enumerate(["Hey you", "hey  you", "HEY YOU ", "hey you"])]
    found = earn(same, Last(), {})
    assert (found.xp, found.last_id, found.repeats) == (worth(*same[:3]), same[2].id, 3)
    assert earn([at(300, text="hey you")], Last(same[2].at_ms, "Hey you", 3), {}) is None
    other, again = at(300, text="something else"), at(360, text="hey you")
    assert earn([other, again], Last(same[2].at_ms, "hey you", 3), {}).xp == worth(other, again)
    assert earn(same, Last(), {}, Taste(repeats=1)).xp == worth(same[0])


@given(
    st.lists(st.tuples(st.integers(0, 600), st.sampled_from([None, "a", "aye", "no"])), max_size=40), st.integers(1, 39)
)
def test_batches_in_order_bring_what_one_batch_brings(written, cut):
    messages = [at(second, text=text) for second, text in sorted(written, key=lambda pair: pair[0])]
    texts = {message.id: message.text for message in messages}
    whole = earn(messages, Last(), {})
    head, tail = messages[:cut], messages[cut:]
    first = earn(head, Last(), {})
    then = earn(tail, Last(first.last_ms, texts[first.last_id], first.repeats) if first else Last(), {})
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
