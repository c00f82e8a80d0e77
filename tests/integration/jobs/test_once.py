"""A slot of a job is done once."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from app.core.db import unit_of_work
from app.core.settings import PROJECT
from app.upkeep.jobs.queries import last_runs
from app.upkeep.jobs.service import once

HOUR = timedelta(hours=1)
NOON = datetime(2026, 5, 1, 12, 10, tzinfo=UTC)


def runs():
    with unit_of_work() as uow:
        return last_runs(uow.session)


def test_a_slot_is_done_once_however_often_it_is_started(database):
    done = []
    for _ in range(3):
        once("retention.run", HOUR, lambda: done.append(1) or {"messages": 4}, at=NOON)
    assert done == [1]
    (run,) = runs()
    assert (run.outcome, run.counts, run.attempts) == ("done", {"messages": 4}, 1)
    assert run.slot == NOON.replace(minute=0)
    assert run.finished_at >= run.started_at


def test_the_next_slot_is_done_again(database):
    results = [once("retention.run", HOUR, dict, at=NOON + HOUR * step) for step in range(3)]
    assert results == [True, True, True]
    assert runs()[0].slot == NOON.replace(minute=0) + HOUR * 2


def test_two_jobs_do_not_hold_each_other_up(database):
    def outer():
        return {"inner": int(once("vectors.prune", HOUR, dict, at=NOON))}

    assert once("retention.run", HOUR, outer, at=NOON)
    assert {run.name: run.counts for run in runs()} == {"retention.run": {"inner": 1}, "vectors.prune": {}}


def test_a_failed_slot_says_how_it_failed_and_is_resumed(database):
    def fail():
        raise LookupError("words that somebody wrote")

    with pytest.raises(LookupError):
        once("retention.run", HOUR, fail, at=NOON)
    (run,) = runs()
    assert (run.outcome, run.error, run.finished_at is None) == ("failed", "LookupError", False)
    assert once("retention.run", HOUR, lambda: {"rows": 2}, at=NOON)
    (run,) = runs()
    assert (run.outcome, run.error, run.attempts, run.counts) == ("done", None, 2, {"rows": 2})


def test_two_beats_at_once_do_the_work_once(database):
    entered, leave, second = threading.Event(), threading.Event(), []

    def work():
        entered.set()
        assert leave.wait(10)
        return {}

    first = threading.Thread(target=once, args=("retention.run", HOUR, work), kwargs={"at": NOON})
    first.start()
    assert entered.wait(10)
    second.append(once("retention.run", HOUR, dict, at=NOON))
    second.append(once("retention.run", HOUR, dict, at=NOON + HOUR))
    leave.set()
    first.join()
    assert second == [False, False]
    assert [(run.slot, run.outcome) for run in runs()] == [(NOON.replace(minute=0), "done")]


_DIES = """
import os, signal, sys
from datetime import datetime, timedelta
from app.upkeep.jobs.service import once
once("retention.run", timedelta(hours=1), lambda: os.kill(os.getpid(), signal.SIGKILL), at=datetime.fromisoformat(sys.argv[1]))
"""


def test_a_process_killed_in_the_middle_leaves_a_slot_that_another_resumes(database):
    died = subprocess.run([sys.executable, "-c", _DIES, NOON.isoformat()], cwd=PROJECT, env=os.environ, check=False)
    assert died.returncode == -signal.SIGKILL
    assert runs()[0].outcome == "running"
    # PostgreSQL frees the dead session's lock as soon as it notices; until then the slot counts as taken.
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while not once("retention.run", HOUR, dict, at=NOON):
        assert datetime.now(UTC) < deadline
    assert (runs()[0].outcome, runs()[0].attempts) == ("done", 2)
