"""When each job last ran, for health, metrics and the doctor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# One look into the key per job: a job that starts every few seconds has thousands of rows.
_LATEST = """
WITH RECURSIVE names AS (
    (SELECT name FROM job_runs ORDER BY name LIMIT 1)
    UNION ALL
    SELECT (SELECT r.name FROM job_runs r WHERE r.name > n.name ORDER BY r.name LIMIT 1)
    FROM names n WHERE n.name IS NOT NULL
)
SELECT l.name, l.slot, l.started_at, l.finished_at, l.outcome, l.attempts, l.counts, l.error
FROM names n
CROSS JOIN LATERAL (SELECT * FROM job_runs r WHERE r.name = n.name ORDER BY r.slot DESC LIMIT 1) l
ORDER BY l.name
"""


@dataclass(frozen=True)
class LastRun:
    """The newest slot of one job."""

    name: str
    slot: datetime
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    attempts: int
    counts: dict[str, Any]
    error: str | None


def last_runs(session: Session) -> list[LastRun]:
    """The newest run of every job, by name."""
    return [LastRun(*row) for row in session.execute(text(_LATEST))]
