"""What takes messages out of the search index, and what tells the worker that there is something to put in.

A vector is as personal as the text that it was made from, and tells much of it: where a text goes, its index rows go
in the same transaction, never later.
"""

import logging
from collections.abc import Callable, Sequence

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import queue
from app.core.db import unit_of_work
from app.core.errors import QueueUnavailable
from app.core.redis import broker_redis
from app.knowledge.documents import days
from app.knowledge.embeddings import cache, generations
from app.knowledge.embeddings.providers import provider
from app.knowledge.embeddings.sources import FINDABLE

log = logging.getLogger(__name__)

REFRESH = "embeddings.refresh"
_HINT_KEY = "embeddings:hinted"
_HINT_SECONDS = 30

# Rows are locked in the order of their key, so that two transactions over the same messages cannot deadlock.
_FORGET = """
DELETE FROM {table} WHERE message_id IN (
    SELECT message_id FROM {table} WHERE guild_id = :guild_id AND message_id = ANY(:ids)
    ORDER BY message_id FOR UPDATE
)
"""
_FORGET_FAILURES = """
DELETE FROM embedding_failures WHERE source = 'messages' AND item_id IN (
    SELECT item_id FROM embedding_failures
    WHERE source = 'messages' AND guild_id = :guild_id AND item_id = ANY(:ids) ORDER BY item_id FOR UPDATE
)
"""
# Of so many messages those that can be found, and have no vector of the model that their guild searches.
_MARK_MISSING = f"""
WITH page AS (
    SELECT id FROM messages WHERE id > :after AND (CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id)
    ORDER BY id LIMIT :limit
), due AS (
    SELECT m.id FROM page p JOIN messages m ON m.id = p.id
    WHERE m.embedding_stale_at IS NULL AND {FINDABLE} AND NOT EXISTS (
        SELECT FROM message_vectors v WHERE v.message_id = m.id AND v.model = coalesce(
            (SELECT g.model FROM guild_models g WHERE g.guild_id = m.guild_id), :model)
    )
    ORDER BY m.id FOR UPDATE OF m
), marked AS (
    UPDATE messages SET embedding_stale_at = clock_timestamp() FROM due d WHERE messages.id = d.id RETURNING 1
)
SELECT (SELECT max(id) FROM page), (SELECT count(*) FROM marked)
"""  # noqa: S608 - made of constants.
_PAGE = 5000


def hint() -> None:
    """Have the embeddings worker look soon; nothing is sent while an earlier hint waits.

    Only a hint: when Redis is away the sweep does the same half a minute later.
    """
    try:
        if broker_redis().set(_HINT_KEY, b"1", nx=True, ex=_HINT_SECONDS):
            queue.send(REFRESH)
    except (RedisError, QueueUnavailable):
        log.info("the embeddings worker was not told; the sweep will find the work")


def take_hint() -> None:
    """From now on a new hint sends a new task."""
    broker_redis().delete(_HINT_KEY)


def mark_missing(guild_id: int | None, progress: Callable[[int], None] = lambda _: None) -> int:
    """Have every message without a vector embedded, of one guild or of all; how many there are.

    Page by page, each a transaction of its own. Twice is safe: what is marked is not found again.
    """
    after: int | None = -1
    total = 0
    while after is not None:
        values = {"after": after, "guild_id": guild_id, "limit": _PAGE, "model": provider().model}
        with unit_of_work() as uow:
            after, marked = uow.session.execute(text(_MARK_MISSING), values).one()
            uow.commit()
        total += marked
        progress(total)
    return total


def forget(session: Session, guild_id: int, message_ids: Sequence[int]) -> None:
    """These messages of this guild are no longer found, from the commit of this transaction on.

    Call it after the statement that changed or deleted the messages' rows, in the same transaction: that statement
    holds the rows' locks, and an embedding under way writes only under the same locks and only if the text is still
    the same.
    """
    if not message_ids:
        return
    values = {"guild_id": guild_id, "ids": list(message_ids)}
    words = text(_FORGET.format(table="message_terms") + "RETURNING channel_id, message_id")
    days.cut(session, guild_id, [tuple(row) for row in session.execute(words, values)])
    claims = session.scalars(text(_FORGET.format(table="embedding_claims") + "RETURNING cache_keys"), values)
    cache.drop_keys_with(session, {key for keys in claims for key in keys})
    session.execute(text(_FORGET_FAILURES), values)
    gone = text(_FORGET.format(table="message_vectors") + "RETURNING guild_id, model, content_hash")
    cache.drop_with(session, [tuple(row) for row in session.execute(gone, values)])
    generations.changed(session, {guild_id})
