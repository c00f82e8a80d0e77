"""Keeping the number of vectors within bounds."""

from app.core.settings import settings
from app.knowledge.vectors import service
from app.upkeep.jobs.service import once
from beat_schedule import PERIODS
from tasks.celery import app


@app.task(name="vectors.prune")
def prune() -> None:
    """Keep the newest CHAT_VECTOR_MAX vectors of each guild. Twice is safe: the second finds nothing to delete."""
    once("vectors.prune", PERIODS["vectors.prune"], _prune)


def _prune() -> dict[str, int]:
    pruned = service.prune(settings().vector_limit)
    return {"guilds": len({one.guild_id for one in pruned}), "vectors": sum(one.vectors for one in pruned)}
