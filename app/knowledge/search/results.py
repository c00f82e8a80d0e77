"""Rankings that were found a moment ago: ids and scores, never a word of what was found.

A ranking is kept under the number of its guild's index, which every write raises, and under everything else that it
depends on. Whoever reads a page reads its messages anew, so that even an outdated ranking shows nobody anything.
"""

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import msgspec
from redis.exceptions import RedisError

from app.core import metrics
from app.core.redis import cache_redis
from app.knowledge.embeddings import generations

log = logging.getLogger(__name__)

_KEEP_SECONDS = 120
# Begins with the first search.
_keeper = ThreadPoolExecutor(1, thread_name_prefix="rankings")


class Ranking(msgspec.Struct, frozen=True, array_like=True):
    """Every message that was found with its score, best first."""

    found: list[tuple[int, float]]
    has_meaning: bool


def key(guild_id: int, *parts: object) -> str | None:
    """Under which a ranking is kept; None when it cannot be."""
    generation = generations.current(guild_id)
    if generation is None:
        return None
    content = hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"search:ranking:{guild_id}:{generation}:{content}"


def get(kept_under: str | None) -> Ranking | None:
    """The ranking that is kept there."""
    if kept_under is None:
        return None
    try:
        raw = cast("bytes | None", cache_redis().get(kept_under))
        found = msgspec.msgpack.decode(raw, type=Ranking) if raw else None
    except RedisError:
        return None
    except msgspec.DecodeError:
        log.warning("a kept ranking could not be read")
        return None
    metrics.add("search_rankings_hit" if found else "search_rankings_missed", 1)
    return found


def put(kept_under: str | None, ranking: Ranking) -> None:
    """Keep this ranking for a short time. Whoever searches does not wait for it: the server may wait for its disk."""
    if kept_under is not None:
        _keeper.submit(_put, kept_under, ranking)


def settle() -> None:
    """Wait until what was put so far is kept."""
    _keeper.submit(lambda: None).result()


def _put(kept_under: str, ranking: Ranking) -> None:
    try:
        cache_redis().set(kept_under, msgspec.msgpack.encode(ranking), ex=_KEEP_SECONDS)
    except RedisError:
        log.info("a ranking could not be kept")
