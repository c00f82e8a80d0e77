"""`cache summary`: what the caches hold, and how often they knew the answer."""

import argparse
import json
from collections import Counter
from typing import Any, cast

from redis.exceptions import RedisError

from app.core.errors import BadInput, QueueUnavailable
from app.core.quiet import describe
from app.core.redis import cache_redis
from app.core.settings import settings
from app.upkeep.health.service import COUNTERS_KEY

# A cache's keys begin with its name and a guild; its lookups are counted as `<name>_cache_hits` and `_misses`.
NAMESPACES = ("vector",)
_PAGE = 1000


def summary() -> list[dict[str, Any]]:
    """Entries, guilds and lookups of each cache; redis-py's errors pass through."""
    counted = cast("dict[bytes, bytes]", cache_redis().hgetall(COUNTERS_KEY))
    return [_summary(name, counted) for name in NAMESPACES]


def _summary(name: str, counted: dict[bytes, bytes]) -> dict[str, Any]:
    guilds = Counter(key.split(b":", 2)[1] for key in cache_redis().scan_iter(f"{name}:*", count=_PAGE))
    hits, misses = (int(counted.get(f"{name}_cache_{kind}".encode(), 0)) for kind in ("hits", "misses"))
    lookups = hits + misses
    return {
        "cache": name,
        "entries": guilds.total(),
        "guilds": len(guilds),
        "hits": hits,
        "misses": misses,
        "hit_rate": round(hits / lookups, 3) if lookups else None,
    }


def _run(arguments: argparse.Namespace) -> int:
    if not settings().cache_url:
        raise BadInput("nothing runs, and neither REDIS_CACHE_URL nor REDIS_URL is set; `make run` starts a server.")
    try:
        found = summary()
    except RedisError as error:
        raise QueueUnavailable(f"the cache cannot be reached: {describe(error)}") from None
    if arguments.json:
        print(json.dumps({"caches": found}))
        return 0
    for row in found:
        rate = (
            "no lookups yet" if row["hit_rate"] is None else f"{row['hit_rate']:.1%} of {row['hits'] + row['misses']}"
        )
        print(f"{row['cache']}: {row['entries']} entries of {row['guilds']} servers, hits: {rate}")
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `cache`."""
    cache = commands.add_parser("cache", help="what the caches hold, and how often they knew the answer")
    cache.add_argument("action", choices=("summary",))
    cache.add_argument("--json", action="store_true")
    cache.set_defaults(run=_run)
