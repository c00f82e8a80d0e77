"""Sending Celery tasks by name, without importing their code.

Task arguments are ids and numbers alone; what a task needs besides lies in the ledger or in PostgreSQL.
"""

from functools import cache

from celery import Celery
from kombu.exceptions import KombuError
from redis.client import Pipeline

from app.core.errors import QueueUnavailable
from app.core.redis import SOCKET_TIMEOUT
from app.core.settings import settings
from app.core.transport import inside

# Each is the first word of the names of its tasks; tasks with another first word go to the last.
QUEUE_NAMES = ("ingest", "commands", "chat", "embeddings", "media", "outbound", "maintenance")


@cache
def _producer() -> Celery:
    """A Celery app that only sends; the workers' own app with its tasks is `tasks.celery.app`."""
    producer = Celery("heorot-producer", set_as_current=False)
    producer.config_from_object("celeryconfig")
    producer.conf.broker_url = settings().broker_url
    # A worker may wait for its broker; whoever sends has something else to do.
    options = producer.conf.broker_transport_options
    producer.conf.broker_transport_options = {**options, "socket_timeout": SOCKET_TIMEOUT}
    return producer


def send(task: str, *args: str | float | None) -> None:
    """Enqueue a task by its wire name; it fails within about a second when the broker is away.

    Blocks, so the event loop must never call it: see app.bot.publisher. Raises QueueUnavailable.
    """
    try:
        with _producer().producer_or_acquire() as producer, producer.batch():
            _producer().send_task(task, args=args, producer=producer)
    except _send_errors() as error:
        raise QueueUnavailable(f"{task} could not be enqueued: {type(error).__name__}") from error


def stage(pipe: Pipeline, task: str, *args: str | float | None) -> None:
    """Enqueue a task with the commands of this pipeline, which must lead to the broker: see `is_beside_ledger`.

    Blocks at its first use, when it connects, and raises QueueUnavailable then as `send` does.
    """
    try:
        with _producer().producer_or_acquire() as producer, inside(pipe, producer):
            _producer().send_task(task, args=args, producer=producer)
    except _send_errors() as error:
        raise QueueUnavailable(f"{task} could not be enqueued: {type(error).__name__}") from error


def is_beside_ledger() -> bool:
    """Whether Celery's messages lie in the same server as the ledger, so that one transaction reaches both."""
    return settings().broker_url == settings().redis_url


def _send_errors() -> tuple[type[Exception], ...]:
    return (*_producer().connection_for_write().connection_errors, KombuError, OSError)


def dispose() -> None:
    """Close this process's broker connections (tests and forks)."""
    if _producer.cache_info().currsize:
        _producer().close()
    _producer.cache_clear()
