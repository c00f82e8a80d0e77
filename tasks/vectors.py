"""Keeping the number of vectors within bounds."""

import logging
from datetime import timedelta

from app.core.db import unit_of_work
from app.core.errors import ConfigurationError, Unavailable
from app.core.settings import settings
from app.knowledge.documents import service as documents
from app.knowledge.vectors import graphs, service
from app.upkeep.jobs.service import once
from app.upkeep.retention.service import longest_text_days
from beat_schedule import PERIODS
from tasks.celery import app

log = logging.getLogger(__name__)


@app.task(name="vectors.prune")
def prune() -> None:
    """Keep the newest CHAT_VECTOR_MAX vectors of each guild, and logs of as many messages.

    Twice is safe: the second finds nothing to delete.
    """
    once("vectors.prune", PERIODS["vectors.prune"], _prune)


def _prune() -> dict[str, int]:
    pruned = service.prune(settings().vector_limit)
    counts = {"guilds": len({one.guild_id for one in pruned}), "vectors": sum(one.vectors for one in pruned)}
    with unit_of_work() as uow:
        longest = timedelta(days=longest_text_days(uow.session) + 1)
    gone = documents.prune(settings().vector_limit, older_than=longest)
    return counts | ({"documents": gone} if gone else {})


@app.task(name="vectors.clean", autoretry_for=())
def clean() -> None:
    """Delete files of ours in stores elsewhere that no row knows. Twice is safe: the second finds none.

    Not retried: the next one, an hour later, finds them too.
    """
    try:
        once("vectors.clean", PERIODS["vectors.clean"], _clean)
    except (Unavailable, ConfigurationError) as error:
        log.warning("files elsewhere were not looked through: %s", error)


def _clean() -> dict[str, int]:
    from app.knowledge.vectors.managed import MANAGED  # noqa: PLC0415 - its library costs memory; few need it.

    return {"files": MANAGED.clean() if MANAGED.is_needed() else 0}


@app.task(name="vectors.index")
def index() -> None:
    """Build the graphs of guilds that have many vectors. Twice is safe: what is there is left alone."""
    once("vectors.index", PERIODS["vectors.index"], graphs.tend)
