"""Vectors of texts that were embedded before, in Redis for a week: a text that comes again costs no model.

Keyed by guild, model and the text's hash. A cache that is away is a miss.

A vector comes here before its row is committed, so a worker that is killed in between leaves one without a row. Its
key stands with the claim of its text (`Source.note`), where a deletion finds it; and until `keep` it stays for moments
only, should the deletion have come before it.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import cast

from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core import metrics
from app.core.redis import cache_redis

log = logging.getLogger(__name__)

_WEEK_SECONDS = 7 * 24 * 3600
# Longer than the commit takes that comes next.
_UNTIL_KEPT_SECONDS = 120

# A guild and the hash of a text.
TextKey = tuple[int, bytes]


def key(model: str, text: TextKey) -> str:
    """The name of one text's vector."""
    return f"vector:{text[0]}:{model}:{text[1].hex()}"


def get(model: str, texts: Sequence[TextKey], size: int) -> dict[TextKey, bytes]:
    """The vectors that are there and have so many bytes; any other is a miss, and is replaced."""
    if not texts:
        return {}
    try:
        found = cast("list[bytes | None]", cache_redis().mget([key(model, text) for text in texts]))
    except RedisError:
        log.warning("the vector cache is out of reach")
        return {}
    hits = {text: vector for text, vector in zip(texts, found, strict=True) if vector and len(vector) == size}
    metrics.add("vector_cache_hits", len(hits))
    metrics.add("vector_cache_misses", len(texts) - len(hits))
    return hits


def put(model: str, vectors: Mapping[TextKey, bytes]) -> None:
    """Have these vectors here until their rows are committed, which `keep` is told of."""
    try:
        pipe = cache_redis().pipeline(transaction=False)
        for text, vector in vectors.items():
            pipe.set(key(model, text), vector, ex=_UNTIL_KEPT_SECONDS)
        pipe.execute()
    except RedisError:
        log.warning("the vector cache is out of reach")


def age(left: float) -> float:
    """The seconds since a vector came here that has so many left.

    One that is not kept yet has few left; a kept one has as few only at the end of its week, and counts as new then.
    """
    stay = _UNTIL_KEPT_SECONDS if left <= _UNTIL_KEPT_SECONDS else _WEEK_SECONDS
    return max(0.0, stay - left)


def keep(keys: Iterable[str]) -> None:
    """Keep those of these vectors that are still here for a week; what was dropped meanwhile does not come back."""
    try:
        pipe = cache_redis().pipeline(transaction=False)
        for one in keys:
            pipe.expire(one, _WEEK_SECONDS)
        pipe.execute()
    except RedisError:
        log.warning("the vector cache is out of reach")


def drop(keys: Sequence[str]) -> None:
    """Forget these vectors, because their text is deleted; what cannot be reached now goes when its week ends."""
    if not keys:
        return
    try:
        cache_redis().delete(*keys)
    except RedisError:
        log.warning("the vector cache is out of reach: vectors of deleted texts stay there for up to a week")


def drop_with(session: Session, gone: Iterable[tuple[int, str, bytes]]) -> None:
    """Forget the vectors of these rows (guild, model, hash of the text) once this transaction is committed.

    For whoever deletes such rows: but for claims, nothing else knows of which texts a vector may be cached.
    """
    drop_keys_with(session, {key(model, (guild_id, bytes(content_hash))) for guild_id, model, content_hash in gone})


def drop_keys_with(session: Session, keys: Collection[str]) -> None:
    """Forget the vectors with these keys once this transaction is committed."""
    if keys:
        event.listen(session, "after_commit", lambda _: drop(sorted(keys)), once=True)
