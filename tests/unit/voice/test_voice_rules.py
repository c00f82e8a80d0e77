from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.activity.voice.rules import State, ends, seconds_by_day

HOUR = 3_600_000
MIDNIGHT = 1_790_035_200_000


def test_a_state_ends_when_the_next_begins_and_the_last_is_open():
    assert ends([State(2, None, 5000), State(1, 7, 1000)]) == {1: 5000, 2: None}
    assert ends([]) == {}


def test_a_clock_that_went_back_makes_no_time_negative():
    assert ends([State(1, 7, 5000), State(2, None, 1000)])[1] == 5000
    assert not seconds_by_day([State(1, 7, 5000), State(2, None, 1000)])


def test_an_open_stay_counts_nothing_yet():
    assert not seconds_by_day([State(1, 7, 0)])


def test_time_away_does_not_count():
    states = [State(1, 7, 0), State(2, None, 10_000), State(3, 7, 50_000), State(4, None, 51_000)]
    assert sum(seconds_by_day(states).values()) == 11


def test_a_stay_over_midnight_counts_on_both_days():
    states = [State(1, 7, MIDNIGHT - HOUR), State(2, None, MIDNIGHT + 2 * HOUR)]
    assert seconds_by_day(states) == {date(2026, 9, 21): 3600, date(2026, 9, 22): 7200}


@given(st.lists(st.integers(0, 10 * HOUR), min_size=2, max_size=10))
def test_dividing_a_stay_changes_nothing(times):
    times.sort()
    divided = [State(n, 7, at) for n, at in enumerate(times[:-1])] + [State(99, None, times[-1])]
    assert sum(seconds_by_day(divided).values()) == times[-1] // 1000 - times[0] // 1000
