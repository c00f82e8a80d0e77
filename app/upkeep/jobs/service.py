"""Jobs that beat starts: each slot is done once, whoever starts it and however often.

A beat that was down misses a slot, two beats send every slot twice, a broker delivers late, and a worker dies in the
middle. So a job is keyed by (name, slot) in `job_runs`, works from what it finds to do rather than from the time
that passed, and a slot that did not end in `done` is simply run again.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import text

from app.core import clock, log
from app.core.db import only_one, unit_of_work
from app.core.quiet import describe
from app.upkeep.jobs.rules import slot_of

logger = logging.getLogger(__name__)

Counts = Mapping[str, int]

_BEGIN = """
INSERT INTO job_runs (name, slot, started_at, outcome, attempts, counts)
VALUES (:name, :slot, clock_timestamp(), 'running', 1, '{}')
ON CONFLICT (name, slot) DO UPDATE
SET started_at = excluded.started_at, finished_at = NULL, outcome = 'running', error = NULL,
    attempts = least(job_runs.attempts + 1, 32000)
WHERE job_runs.outcome <> 'done'
RETURNING 1
"""
_END = """
UPDATE job_runs
SET finished_at = clock_timestamp(), outcome = :outcome, error = :error, counts = CAST(:counts AS jsonb)
WHERE name = :name AND slot = :slot
"""


def once(name: str, every: timedelta, work: Callable[[], Counts], *, at: datetime | None = None) -> bool:
    """Do the job's work unless its current slot is done or somebody is at it; whether it was done here.

    `work` opens its own units of work, must be safe to run again after a crash at any point, and returns what it
    counted. Its exceptions pass through, after the run is recorded as failed; the next call resumes the slot.
    """
    slot = slot_of(at or clock.now(), every)
    with only_one(f"job:{name}") as is_mine:
        if not is_mine or not _begin(name, slot):
            return False
        token = log.request_id.set(f"{name}@{slot.isoformat()}")
        try:
            counts = work()
        except Exception as error:
            _end(name, slot, "failed", error=describe(error))
            raise
        else:
            _end(name, slot, "done", counts=counts)
        finally:
            log.request_id.reset(token)
    return True


def _begin(name: str, slot: datetime) -> bool:
    with unit_of_work() as uow:
        is_open = uow.session.execute(text(_BEGIN), {"name": name, "slot": slot}).scalar() is not None
        uow.commit()
    return is_open


def _end(name: str, slot: datetime, outcome: str, *, counts: Counts | None = None, error: str | None = None) -> None:
    values = {
        "name": name,
        "slot": slot,
        "outcome": outcome,
        "error": error,
        "counts": json.dumps(dict(counts or {})),
    }
    with unit_of_work() as uow:
        uow.session.execute(text(_END), values)
        uow.commit()
    # A sweep every few seconds that finds nothing is no news.
    is_news = error is not None or any((counts or {}).values())
    logger.log(
        logging.INFO if is_news else logging.DEBUG,
        "job %s",
        outcome,
        extra={"job": name, "counts": dict(counts or {}), "error": error},
    )
