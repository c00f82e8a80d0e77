"""The number of a guild's index: it changes with every write, so that what was found before is not found again.

Kept where the cache is. A number that cannot be read means that nothing is cached; one that cannot be raised is made up
for by the short life of cached results, and by pages that read every message anew.
"""

import logging
from collections.abc import Iterable

from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.redis import cache_redis

log = logging.getLogger(__name__)

# Longer than any result is kept under a number.
_DAY_SECONDS = 24 * 3600


def _key(guild_id: int) -> str:
    return f"search:generation:{guild_id}"


def current(guild_id: int) -> int | None:
    """The number now; None when it cannot be read."""
    try:
        return int(cache_redis().get(_key(guild_id)) or 0)
    except RedisError:
        return None


def changed(session: Session, guild_ids: Iterable[int]) -> None:
    """Raise the numbers of these guilds once this transaction is committed."""
    guilds = set(guild_ids)
    if guilds:
        event.listen(session, "after_commit", lambda _: _raise(guilds), once=True)


def _raise(guilds: set[int]) -> None:
    try:
        with cache_redis().pipeline(transaction=False) as pipe:
            for guild in guilds:
                pipe.incr(_key(guild))
                pipe.expire(_key(guild), _DAY_SECONDS)
            pipe.execute()
    except RedisError:
        log.info("cached results could not be invalidated; they live for a short time")
