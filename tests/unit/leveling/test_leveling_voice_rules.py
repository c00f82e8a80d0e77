import pytest

from app.community.leveling.rules import SLOT_MS, Slot, Stay, company, for_slot, speak

HALL, YARD, AWAY = 1, 2, 9
ANN, BEN, CAT = 11, 12, 13


def stay(user: int, start: float, end: float | None, channel: int = HALL, flags: int = 0) -> Stay:
    """From and until in slots."""
    return Stay(user, channel, int(start * SLOT_MS), None if end is None else int(end * SLOT_MS), flags)


def numbers(found: dict[int, list[Slot]], user: int) -> list[int]:
    return [slot.number for slot in found.get(user, [])]


@pytest.mark.parametrize(("people", "xp"), [(2, 1), (3, 3), (4, 5), (10, 17), (25, 47), (400, 47)])
def test_more_company_brings_more_up_to_a_bound(people, xp):
    assert for_slot(people, 25) == xp


def test_whoever_is_alone_earns_nothing_and_two_earn_while_both_are_there():
    found = company([stay(ANN, 10, None), stay(BEN, 12.5, 14.5)], 0, 20, AWAY)
    assert numbers(found, ANN) == numbers(found, BEN) == [13, 14]


def test_a_slot_is_its_first_moment_and_a_state_ends_before_its_end():
    found = company([stay(ANN, 10, 12), stay(BEN, 11, 12), stay(CAT, 12, 13)], 0, 20, AWAY)
    assert found == {ANN: [Slot(11, HALL, 2)], BEN: [Slot(11, HALL, 2)]}


@pytest.mark.parametrize("flags", [1, 2, 8, 3, 11])
def test_the_muted_by_themselves_and_the_deaf_do_not_count(flags):
    assert company([stay(ANN, 10, None), stay(BEN, 10, None, flags=flags)], 0, 20, AWAY) == {}


@pytest.mark.parametrize("flags", [0, 4, 16, 20])
def test_those_whom_others_muted_do(flags):
    assert numbers(company([stay(ANN, 10, None), stay(BEN, 10, None, flags=flags)], 10, 12, AWAY), BEN) == [11, 12]


def test_channels_are_apart_and_the_one_of_those_away_does_not_count():
    stays = [stay(ANN, 10, None), stay(BEN, 10, None, YARD), stay(CAT, 10, None, AWAY), stay(14, 10, None, AWAY)]
    assert company(stays, 0, 12, AWAY) == {}
    assert numbers(company(stays, 0, 12, None), CAT) == [10, 11, 12]


def slots(*numbers: int, people: int = 2, channel: int = HALL) -> list[Slot]:
    return [Slot(number, channel, people) for number in numbers]


def test_an_hour_in_one_stay_brings_twenty_five_more_each_time():
    assert speak(slots(*range(29)), (None, 0), [], {}, 25).xp == 29
    assert speak(slots(*range(30)), (None, 0), [], {}, 25).xp == 30 + 25
    assert speak(slots(*range(60)), (None, 0), [], {}, 25).xp == 60 + 50
    assert speak(slots(29), (28, 29), [], {}, 25).xp == 1 + 25


def test_an_hour_begins_anew_with_whoever_left():
    left = speak(slots(29), (28, 29), [28 * SLOT_MS + 5], {}, 25)
    assert (left.xp, left.run) == (1, 1)
    # Being alone or muted for a while is no leaving.
    assert speak(slots(40), (28, 29), [], {}, 25).xp == 26
    assert speak(slots(29), (28, 29), [28 * SLOT_MS], {}, 25).xp == 26


def test_a_slot_counts_once():
    assert speak(slots(5, 6), (6, 3), [], {}, 25) is None
    again = speak(slots(5, 6, 7), (6, 3), [], {}, 25)
    assert (again.xp, again.slot, again.run) == (1, 7, 4)


def test_channels_multiply_and_one_without_experience_counts_for_nothing():
    found = speak([*slots(1, people=3), *slots(2, channel=YARD)], (None, 0), [], {HALL: 200, YARD: 0}, 25)
    assert (found.xp, found.slot, found.channel_id) == (6, 1, HALL)
    assert speak(slots(2, channel=YARD), (None, 0), [], {YARD: 0}, 25) is None
