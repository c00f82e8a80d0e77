"""What beat starts exists, expires, and says how often."""

from datetime import timedelta

import pytest

from beat_schedule import SCHEDULE
from tasks.celery import app

app.loader.import_default_modules()
EXPECTED = {
    "ledger.sweep",
    "commands.sweep",
    "commands.games_sweep",
    "outbound.sweep",
    "embeddings.sweep",
    "health.pulses",
    "health.gauges",
    "partitions.create",
    "retention.run",
    "vectors.prune",
    "economy.reconcile",
}


@pytest.mark.parametrize("name", sorted(SCHEDULE))
def test_an_entry_names_a_task_that_exists(name):
    entry = SCHEDULE[name]
    assert entry["task"] in app.tasks
    assert name == entry["task"], "an entry is called like its task"
    assert not entry.get("args"), "a job works from what it finds, not from what it was told when it was sent"


@pytest.mark.parametrize("name", sorted(SCHEDULE))
def test_an_entry_expires_so_that_none_pile_up(name):
    entry = SCHEDULE[name]
    every = entry["schedule"]
    seconds = every.total_seconds() if isinstance(every, timedelta) else float(every)
    assert 2 <= seconds <= 86_400
    assert entry["options"]["expires"] >= seconds, "an entry must outlive the wait for its next one"
    assert entry["options"]["expires"] <= max(seconds, 60)


def test_every_sweep_and_job_is_there():
    assert set(SCHEDULE) >= EXPECTED


def test_retention_runs_hourly_and_pulses_twice_a_minute():
    periods = {
        name: timedelta(seconds=float(getattr(entry["schedule"], "total_seconds", lambda: 0)()))
        for name, entry in SCHEDULE.items()
    }
    assert periods["retention.run"] == timedelta(hours=1)
    assert periods["health.pulses"] == timedelta(seconds=30)
