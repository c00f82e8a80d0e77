"""What the caches hold, and how often they knew the answer."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

import msgspec
from redis import Redis

from app.core.cache.entry import index_key
from app.core.redis import cache_redis
from app.knowledge.embeddings import cache as vectors
from app.upkeep.health.service import COUNTERS_KEY

# Vectors of texts have a cache of their own (app.knowledge.embeddings.cache), whose keys begin like this.
VECTORS = "vector"
_PAGE = 1000


class Summary(msgspec.Struct, frozen=True):
    """One cache: its entries in Redis, and look-ups by all processes together since they are counted.

    `hits` are `l1_hits` (a process's memory) and `l2_hits` (Redis); `misses` are those that PostgreSQL or a model had
    to answer. Ages are in seconds, None where there is no entry.
    """

    cache: str
    entries: int = 0
    guilds: int = 0
    bytes: int = 0
    oldest: float | None = None
    median: float | None = None
    hits: int = 0
    l1_hits: int = 0
    l2_hits: int = 0
    misses: int = 0
    hit_rate: float | None = None
    failed: int = 0


class _Entry(NamedTuple):
    guild_id: int
    size: int
    age: float


def summaries(guild_id: int | None = None) -> list[Summary]:
    """Every cache by its name, with the entries of one guild or of all; redis-py's errors pass through."""
    client = cache_redis()
    counted = {
        name.decode(): int(amount) for name, amount in cast("dict[bytes, bytes]", client.hgetall(COUNTERS_KEY)).items()
    }
    prefix = index_key("").encode()
    names = {key.removeprefix(prefix).decode() for key in client.scan_iter(f"{index_key('*')}", count=_PAGE)}
    names |= {name.split("|")[1] for name in counted if name.startswith("cache|")}
    found = [_summary(name, list(_entries(client, name)), _of_namespace(counted, name), guild_id) for name in names]
    found.append(_summary(VECTORS, list(_vectors(client)), _of_vectors(counted), guild_id))
    return sorted(found, key=lambda one: one.cache)


def _entries(client: Redis, name: str) -> Iterator[_Entry]:
    """The entries that the namespace's index names and that are still there."""
    now = time.time()
    for start in range(0, int(client.zcard(index_key(name))), _PAGE):
        page = cast(
            "list[tuple[bytes, float]]", client.zrange(index_key(name), start, start + _PAGE - 1, withscores=True)
        )
        sizes = _sizes(client, [key for key, _ in page])
        for (key, stored), size in zip(page, sizes, strict=True):
            if size:
                yield _Entry(int(key.split(b":", 3)[2]), size, max(0.0, now - stored))


def _vectors(client: Redis) -> Iterator[_Entry]:
    keys: list[bytes] = []
    for key in client.scan_iter(f"{VECTORS}:*", count=_PAGE):
        keys.append(key)
        if len(keys) == _PAGE:
            yield from _page_of_vectors(client, keys)
            keys.clear()
    yield from _page_of_vectors(client, keys)


def _page_of_vectors(client: Redis, keys: list[bytes]) -> Iterator[_Entry]:
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.ttl(key)
    for key, size, left in zip(keys, _sizes(client, keys), pipe.execute(), strict=True):
        if size:
            yield _Entry(int(key.split(b":", 2)[1]), size, vectors.age(left))


def _sizes(client: Redis, keys: list[bytes]) -> list[int]:
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.strlen(key)
    return cast("list[int]", pipe.execute())


def _of_namespace(counted: Mapping[str, int], name: str) -> dict[str, int]:
    def of(tier: str, outcome: str) -> int:
        return counted.get(f"cache|{name}|{tier}|{outcome}", 0)

    shared = of("l1", "hit") + of("l1", "waited")
    return {"l1_hits": shared, "l2_hits": of("l2", "hit"), "misses": of("l3", "load"), "failed": of("l3", "failed")}


def _of_vectors(counted: Mapping[str, int]) -> dict[str, int]:
    hits, misses = (counted.get(f"vector_cache_{kind}", 0) for kind in ("hits", "misses"))
    return {"l1_hits": 0, "l2_hits": hits, "misses": misses, "failed": 0}


def _summary(name: str, entries: list[_Entry], counts: dict[str, int], guild_id: int | None) -> Summary:
    guilds = Counter(entry.guild_id for entry in entries)
    ours = [entry for entry in entries if guild_id is None or entry.guild_id == guild_id]
    ages = sorted(entry.age for entry in ours)
    hits = counts["l1_hits"] + counts["l2_hits"]
    lookups = hits + counts["misses"]
    return Summary(
        cache=name,
        entries=len(ours),
        guilds=len(guilds) if guild_id is None else int(bool(ours)),
        bytes=sum(entry.size for entry in ours),
        oldest=round(ages[-1], 1) if ages else None,
        median=round(ages[len(ages) // 2], 1) if ages else None,
        hits=hits,
        hit_rate=round(hits / lookups, 3) if lookups else None,
        **counts,
    )
