"""What takes messages out of the search index, and what tells the worker that there is something to put in.

A vector is as personal as the text that it was made from, and tells much of it: where a text goes, its index rows go
in the same transaction, never later.
"""

import logging
from collections.abc import Sequence

from redis.exceptions import RedisError
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.core import queue
from app.core.errors import QueueUnavailable
from app.core.redis import broker_redis
from app.knowledge.embeddings import cache, generations

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


def forget(session: Session, guild_id: int, message_ids: Sequence[int]) -> None:
    """These messages of this guild are no longer found, from the commit of this transaction on.

    Call it after the statement that changed or deleted the messages' rows, in the same transaction: that statement
    holds the rows' locks, and an embedding under way writes only under the same locks and only if the text is still
    the same.
    """
    if not message_ids:
        return
    values = {"guild_id": guild_id, "ids": list(message_ids)}
    session.execute(text(_FORGET.format(table="message_terms")), values)
    session.execute(text(_FORGET.format(table="embedding_claims")), values)
    session.execute(text(_FORGET_FAILURES), values)
    gone = session.execute(
        text(_FORGET.format(table="message_vectors") + "RETURNING model, content_hash"), values
    ).all()
    generations.changed(session, {guild_id})
    keys = [cache.key(model, (guild_id, bytes(content_hash))) for model, content_hash in gone]
    if keys:
        event.listen(session, "after_commit", lambda _: cache.drop(keys), once=True)
