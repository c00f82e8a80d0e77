"""What every task shares: an outage is waited out, a fault of the work itself is not."""

from typing import ClassVar

import psycopg2
import redis.exceptions
import sqlalchemy.exc
from celery import Task

from app.core.errors import Unavailable

# Failures of the surroundings: the same work will succeed once they are back.
OUTAGES: tuple[type[Exception], ...] = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    psycopg2.OperationalError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.BusyLoadingError,
    Unavailable,
)


class DurableTask(Task):  # type: ignore[misc]
    """A task that retries for as long as an outage lasts, with at most half a minute between attempts."""

    abstract = True
    autoretry_for: ClassVar[tuple[type[Exception], ...]] = OUTAGES
    max_retries: ClassVar[int | None] = None
    retry_backoff: ClassVar[int] = 1
    retry_backoff_max: ClassVar[int] = 30
    retry_jitter: ClassVar[bool] = True
