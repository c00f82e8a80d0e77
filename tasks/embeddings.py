"""Making messages findable."""

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery.signals import worker_process_init
from redis.exceptions import RedisError

from app.core import ledger, queue
from app.core.db import OUTAGES, unit_of_work
from app.core.errors import ConfigurationError, Unavailable
from app.core.redis import broker_redis
from app.knowledge.documents import service as documents
from app.knowledge.embeddings import models, pipeline, providers, service
from app.knowledge.vectors import registry
from app.upkeep.jobs.service import once
from beat_schedule import PERIODS
from tasks.celery import app

log = logging.getLogger(__name__)

# Nobody waits for these queues, and a backlog of embeddings keeps a core busy for as long as it lasts.
_BACKGROUND = {"embeddings", "media"}
_NICE = 10
_AUTOGROUP = Path("/proc/self/autogroup")
# More than two workers have in hand at a busy moment.
_WAITING_BATCHES = 10


@worker_process_init.connect
def _give_way(**_: Any) -> None:
    """A worker of nothing but background queues lets every other process go first."""
    if app.amqp.queues.consume_from.keys() <= _BACKGROUND:
        os.nice(_NICE)
        _give_way_as_session()


def _give_way_as_session() -> None:
    """Lower the priority of this worker's session too, where it has one of its own, as the runner gives it.

    Linux shares the processor out among sessions first (autogroups); within one alone, a priority counts for nothing
    against the other processes. Kernels without that, and containers that forbid it, are left as they are.
    """
    if os.getsid(0) == os.getppid():
        with suppress(OSError):
            _AUTOGROUP.write_text(str(_NICE))


@app.task(name=service.REFRESH, autoretry_for=())
def refresh() -> None:
    """Index stale messages for a few seconds, and send the next such task if there are more.

    Twice is safe, and at the same time too: messages are claimed, and a vector is written only for the text that it
    was made from. Not retried: while a part is away every hint would wait in line, and the sweep comes anyway.
    """
    service.take_hint()
    try:
        is_more = pipeline.refresh(is_crowded=_is_ingest_behind, sources=registry.SOURCES)
    except OUTAGES:
        log.warning("the database is out of reach; the sweep will find what is left")
        return
    if is_more:
        service.hint()


def _is_ingest_behind() -> bool:
    """Whether events wait to be stored: they come first. While Redis is away none can come."""
    try:
        return ledger.depth(broker_redis(), "ingest") > _WAITING_BATCHES
    except RedisError:
        return False


@app.task(name="embeddings.sweep")
def sweep() -> None:
    """Find texts that wait and whose hint was lost. Twice is safe: it only hints, and a slot is done once."""
    once("embeddings.sweep", PERIODS["embeddings.sweep"], _sweep)


def _sweep() -> dict[str, int]:
    with unit_of_work() as uow:
        waiting = registry.waiting(uow.session)
        is_switching = models.is_switching(uow.session, providers.provider())
    if waiting or is_switching:
        queue.send(service.REFRESH)
    return {"stale": waiting}


@app.task(name=documents.SYNC, autoretry_for=())
def store_documents() -> None:
    """Bring the stores elsewhere to what the rows say: what is to go goes first.

    Twice is safe, and one at a time does it: every step starts from the rows, which say what was asked for already.
    Not retried: beat sends it every minute, and hints come with what is to go.
    """
    from app.knowledge.vectors.managed import MANAGED  # noqa: PLC0415 - its library costs memory; few need it.

    if not MANAGED.is_needed():
        return
    try:
        counts = MANAGED.sync()
    except (Unavailable, ConfigurationError) as error:
        log.warning("the vector store pauses: %s", error)
    else:
        if counts is not None:
            log.info("the vector store was brought up to date", extra={"counts": counts})
