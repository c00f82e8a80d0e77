from datetime import UTC, datetime, timedelta

import pytest

from app.upkeep.outbound import rules

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 4), (5, 32), (20, 600), (10_000, 600)])
def test_each_try_waits_twice_as_long_up_to_ten_minutes(attempts, seconds):
    assert rules.next_try(NOW, attempts) == NOW + timedelta(seconds=seconds)


def test_a_post_is_too_late_from_its_expiry_on():
    assert rules.is_too_late(NOW, NOW)
    assert not rules.is_too_late(NOW, NOW + timedelta(microseconds=1))
