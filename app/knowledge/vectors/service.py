"""Pruning: of each guild only the newest vectors stay, so many of each model.

A pruned message is found by its words as before. Deleted in chunks, each in a transaction of its own, from the oldest
on: interrupted anywhere, the rest is what the next run finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import unit_of_work
from app.core.errors import BadInput

CHUNK = 1000

_OVER = """
SELECT guild_id, model, count(*) - :keep FROM message_vectors
WHERE CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id
GROUP BY guild_id, model HAVING count(*) > :keep ORDER BY guild_id, model
"""
# The newest message whose vector goes.
_BOUND = """
SELECT message_id FROM message_vectors WHERE guild_id = :guild_id AND model = :model
ORDER BY message_id DESC OFFSET :keep LIMIT 1
"""
_DELETE = """
DELETE FROM message_vectors WHERE model = :model AND message_id IN (
    SELECT message_id FROM message_vectors
    WHERE guild_id = :guild_id AND model = :model AND message_id <= :bound
    ORDER BY message_id LIMIT :chunk FOR UPDATE
)
"""


@dataclass(frozen=True)
class Surplus:
    """Vectors of one guild and model beyond those that are kept."""

    guild_id: int
    model: str
    vectors: int


def surplus(session: Session, keep: int, guild_id: int | None = None) -> list[Surplus]:
    """What pruning to so many would take, of one guild or of all; nothing for 0, which keeps everything."""
    if keep < 0:
        raise BadInput(f"The number of vectors to keep is {keep}; it must be 0 (all) or more.")
    if keep == 0:
        return []
    return [Surplus(*row) for row in session.execute(text(_OVER), {"keep": keep, "guild_id": guild_id})]


def prune(keep: int, guild_id: int | None = None, *, chunk: int = CHUNK) -> list[Surplus]:
    """Delete the oldest vectors beyond this number, of one guild or of all; what was deleted.

    Opens its own units of work. Safe to run twice, at the same time too.
    """
    with unit_of_work() as uow:
        found = surplus(uow.session, keep, guild_id)
    return [Surplus(one.guild_id, one.model, sum(_deleted(one, keep, chunk))) for one in found]


def _deleted(one: Surplus, keep: int, chunk: int) -> Iterator[int]:
    """Delete one guild's surplus chunk by chunk, with how many went each time."""
    scope = {"guild_id": one.guild_id, "model": one.model}
    with unit_of_work() as uow:
        bound = uow.session.scalar(text(_BOUND), {**scope, "keep": keep})
    done = chunk if bound is not None else 0
    while done == chunk:
        with unit_of_work() as uow:
            values = {**scope, "bound": bound, "chunk": chunk}
            done = uow.session.connection().execute(text(_DELETE), values).rowcount
            uow.commit()
        yield done
