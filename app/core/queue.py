"""Sending Celery tasks by name, without importing their code.

Task arguments are ids and numbers alone; what a task needs besides lies in the ledger or in PostgreSQL.
"""

from functools import cache

from celery import Celery
from kombu.exceptions import KombuError

from app.core.errors import QueueUnavailable
from app.core.redis import SOCKET_TIMEOUT
from app.core.settings import settings

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
        _producer().send_task(task, args=args)
    except (*_producer().connection_for_write().connection_errors, KombuError, OSError) as error:
        raise QueueUnavailable(f"{task} could not be enqueued: {type(error).__name__}") from error


def dispose() -> None:
    """Close this process's broker connections (tests and forks)."""
    if _producer.cache_info().currsize:
        _producer().close()
    _producer.cache_clear()
