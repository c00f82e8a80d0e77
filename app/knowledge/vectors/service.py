"""Pruning: of each guild only the newest vectors stay, so many of each model, and none older than wished.

A pruned message is found by its words as before. Deleted in chunks, each in a transaction of its own, from the oldest
on: interrupted anywhere, the rest is what the next run finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.knowledge.embeddings import cache

CHUNK = 1000

# The bound is the newest message whose vectors go, all parts of it.
_OVER = """
SELECT b.guild_id, b.model, (
    SELECT count(*) FROM message_vectors v
    WHERE v.guild_id = b.guild_id AND v.model = b.model AND v.message_id <= b.bound
) AS vectors, b.bound
FROM (
    SELECT g.guild_id, g.model, greatest(:old, CASE WHEN :keep > 0 THEN (
        SELECT v.message_id FROM message_vectors v WHERE v.guild_id = g.guild_id AND v.model = g.model
        ORDER BY v.message_id DESC OFFSET :keep LIMIT 1
    ) END) AS bound
    FROM (
        SELECT DISTINCT guild_id, model FROM message_vectors
        WHERE CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id
    ) AS g
) AS b
ORDER BY b.guild_id, b.model
"""
_DELETE = """
DELETE FROM message_vectors WHERE (message_id, model, part) IN (
    SELECT message_id, model, part FROM message_vectors
    WHERE guild_id = :guild_id AND model = :model AND message_id <= :bound
    ORDER BY message_id, part LIMIT :chunk FOR UPDATE
) RETURNING guild_id, model, content_hash
"""


@dataclass(frozen=True)
class Surplus:
    """Vectors of one guild and model beyond those that are kept: those of messages up to the bound."""

    guild_id: int
    model: str
    vectors: int
    bound: int


def surplus(
    session: Session, keep: int, guild_id: int | None = None, *, older_than: timedelta | None = None
) -> list[Surplus]:
    """What pruning would take, of one guild or of all; 0 keeps everything, unless it is older than that."""
    if keep < 0:
        raise BadInput(f"The number of vectors to keep is {keep}; it must be 0 (all) or more.")
    if older_than is not None and older_than <= timedelta(0):
        raise BadInput("The age from which vectors go must be more than nothing.")
    if keep == 0 and older_than is None:
        return []
    old = 0 if older_than is None else clock.snowflake_at(clock.now() - older_than) - 1
    values = {"keep": keep, "guild_id": guild_id, "old": old}
    found = [Surplus(*row) for row in session.execute(text(_OVER), values)]
    return [one for one in found if one.vectors]


def prune(
    keep: int, guild_id: int | None = None, *, older_than: timedelta | None = None, chunk: int = CHUNK
) -> list[Surplus]:
    """Delete the vectors beyond this number or age, of one guild or of all; what was deleted.

    Opens its own units of work. Safe to run twice, at the same time too.
    """
    with unit_of_work() as uow:
        found = surplus(uow.session, keep, guild_id, older_than=older_than)
    return [Surplus(one.guild_id, one.model, sum(deleted(one, chunk)), one.bound) for one in found]


def deleted(one: Surplus, chunk: int) -> Iterator[int]:
    """Delete one guild's surplus chunk by chunk, with how many went each time."""
    done = chunk
    while done == chunk:
        with unit_of_work() as uow:
            values = {"guild_id": one.guild_id, "model": one.model, "bound": one.bound, "chunk": chunk}
            gone = uow.session.execute(text(_DELETE), values).all()
            cache.drop_with(uow.session, [tuple(row) for row in gone])
            done = len(gone)
            uow.commit()
        yield done
