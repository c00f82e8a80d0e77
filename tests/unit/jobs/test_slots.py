"""Slots of jobs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.upkeep.jobs.rules import slot_of

HOUR = timedelta(hours=1)
PERIODS = st.sampled_from([timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=10), HOUR, timedelta(days=1)])
MOMENTS = st.integers(1_577_836_800, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def test_an_hourly_slot_begins_at_the_full_hour():
    assert slot_of(datetime(2026, 3, 1, 14, 59, 59, 999_999, UTC), HOUR) == datetime(2026, 3, 1, 14, tzinfo=UTC)


@given(MOMENTS, PERIODS)
def test_every_moment_lies_in_its_slot(moment, every):
    slot = slot_of(moment, every)
    assert slot <= moment < slot + every


@given(MOMENTS, PERIODS)
def test_every_moment_of_a_slot_names_the_same_slot(moment, every):
    slot = slot_of(moment, every)
    assert slot_of(slot, every) == slot == slot_of(slot + every - timedelta(microseconds=1), every)


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=-1)])
def test_a_period_of_nothing_is_refused(every):
    with pytest.raises(ValueError, match="longer than nothing"):
        slot_of(datetime(2026, 1, 1, tzinfo=UTC), every)
