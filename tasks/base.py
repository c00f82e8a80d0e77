"""What every task shares: an outage is waited out, a fault of the work itself is not."""

from typing import Any, ClassVar

import psycopg2
import redis.exceptions
from celery import Task
from celery.exceptions import Retry, TaskPredicate

from app.core import db
from app.core.errors import Unavailable
from app.core.quiet import Quieted, describe

# Failures of the surroundings: the same work will succeed once they are back.
OUTAGES: tuple[type[Exception], ...] = (
    *db.OUTAGES,
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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task; in a worker, an error leaves it without what people wrote, because Flower shows errors."""
        try:
            return self.run(*args, **kwargs)
        except Exception as error:
            if self.request.called_directly:
                raise
            raise _quieted(error) from None


def _quieted(error: Exception) -> Exception:
    """The error to raise instead; Celery's own signals stay what they are."""
    instead = error
    if isinstance(error, Retry) and error.exc is not None:
        instead = Retry(error.message, Quieted(describe(error.exc)), error.when, error.is_eager, error.sig)
    elif not isinstance(error, TaskPredicate):
        instead = Quieted(describe(error))
    instead.__traceback__ = error.__traceback__
    return instead
