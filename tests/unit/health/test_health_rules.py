"""What measurements mean."""

from datetime import UTC, datetime, timedelta

import pytest

from app.upkeep.health import rules
from app.upkeep.health.rules import Memory, Part

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def parts(**faults: str) -> dict[str, Part]:
    memory = Memory()
    return {name: memory.note(name, faults.get(name), NOW)[0] for name in rules.PARTS}


def test_everything_connected_is_ok():
    assert rules.overall(parts(), spool_is_full=False) == "ok"


@pytest.mark.parametrize("name", ["database", "redis", "workers", "beat"])
def test_one_part_away_is_degraded(name):
    assert rules.overall(parts(**{name: "gone"}), spool_is_full=False) == "degraded"


def test_no_events_come_in_without_discord():
    assert rules.overall(parts(discord="gone"), spool_is_full=False) == "down"


def test_no_events_are_kept_without_redis_and_with_a_full_spool():
    assert rules.overall(parts(redis="gone"), spool_is_full=True) == "down"
    assert rules.overall(parts(), spool_is_full=True) == "ok"


def test_since_is_kept_while_a_part_stays_as_it_is():
    memory = Memory()
    first, is_news = memory.note("redis", None, NOW)
    assert (first, is_news) == (Part("connected", NOW), True)
    later = NOW + timedelta(seconds=60)
    assert memory.note("redis", None, later) == (first, False)
    assert memory.note("redis", "gone", later) == (Part("degraded", later, "gone"), True)
    latest = later + timedelta(seconds=60)
    assert memory.note("redis", "still gone", latest) == (Part("degraded", later, "still gone"), False)
    assert memory.note("redis", None, latest) == (Part("connected", latest), True)


def test_queues_without_progress_are_named_with_their_age():
    assert rules.workers_fault({"ingest": 3.0, "chat": 90.0}) is None
    fault = rules.workers_fault({"ingest": 3.0, "chat": 91.0, "media": None})
    assert fault == "no progress on: chat (for 91 s), media (not seen)"


@pytest.mark.parametrize(("age", "is_fault"), [(0.0, False), (90.0, False), (90.1, True), (None, True)])
def test_beat_must_have_sent_something_lately(age, is_fault):
    assert bool(rules.beat_fault(age)) is is_fault


@pytest.mark.parametrize(("used", "limit", "is_fault"), [(1, 0, False), (9, 10, False), (10, 10, True), (11, 10, True)])
def test_a_full_memory_is_a_fault_only_under_a_limit(used, limit, is_fault):
    assert bool(rules.memory_fault(used, limit)) is is_fault
