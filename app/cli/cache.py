"""`cache summary`: what the caches hold, and how often they knew the answer."""

import argparse
import json

import msgspec
from redis.exceptions import RedisError

from app.core.errors import BadInput, QueueUnavailable
from app.core.quiet import describe
from app.core.settings import settings
from app.upkeep.cache.messages import age, size
from app.upkeep.cache.queries import Summary, summaries


def _run(arguments: argparse.Namespace) -> int:
    if not settings().cache_url:
        raise BadInput("nothing runs, and neither REDIS_CACHE_URL nor REDIS_URL is set; `make run` starts a server.")
    try:
        found = summaries()
    except RedisError as error:
        raise QueueUnavailable(f"the cache cannot be reached: {describe(error)}") from None
    if arguments.json:
        print(json.dumps({"caches": [msgspec.to_builtins(one) for one in found]}))
        return 0
    for one in found:
        print(_line(one))
    return 0


def _line(one: Summary) -> str:
    held = f"{one.entries} entries of {one.guilds} servers, {size(one.bytes)}"
    if one.oldest is not None and one.median is not None:
        held += f", {age(one.median)} old (the oldest {age(one.oldest)})"
    if one.hit_rate is None:
        return f"{one.cache}: {held}, hits: no lookups yet"
    tiers = f"L1 {one.l1_hits}, L2 {one.l2_hits}, loaded {one.misses}, failed {one.failed}"
    return f"{one.cache}: {held}, hits: {one.hit_rate:.1%} of {one.hits + one.misses} ({tiers})"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `cache`."""
    cache = commands.add_parser("cache", help="what the caches hold, and how often they knew the answer")
    cache.add_argument("action", choices=("summary",))
    cache.add_argument("--json", action="store_true")
    cache.set_defaults(run=_run)
