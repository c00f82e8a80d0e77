"""The second tier: Redis, which may be away or hang at any moment without costing more than a fraction of a second.

A value is stored only by whoever holds the lease of its key, and forgetting takes the lease away: what was read before
a write can therefore never be stored after it. Tags work by versions that an entry carries from before its load;
forgetting a tag gives it a new version, and whatever carries another one counts as gone.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import msgspec
import redis
from redis.exceptions import RedisError, ResponseError

from app.core.cache import entry
from app.core.redis import quick_cache_redis

T = TypeVar("T")

CHANNEL = "cache:forget"
LEASE_SECONDS = 10.0
# A version lives longer than any entry that carries it; one that is lost only makes its entries count as gone.
VERSION_SECONDS = 7 * 24 * 3600
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0

_STORE = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4], KEYS[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
redis.call('PEXPIRE', KEYS[3], ARGV[7])
local over = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[6])
if over <= 0 then return 0 end
local oldest = redis.call('ZPOPMIN', KEYS[3], over)
for i = 1, #oldest, 2 do redis.call('UNLINK', oldest[i]) end
return over
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class CacheAway(Exception):  # noqa: N818 - it says why there is no answer, and never leaves this package.
    """The cache's Redis is out of reach, or was a moment ago."""


@dataclass(frozen=True)
class Found:
    """What Redis has under one key: whether it still counts, its bytes, and how long it has left."""

    is_there: bool = False
    payload: bytes | None = None
    seconds: float = 0.0
    is_broken: bool = False


@dataclass(frozen=True)
class Lease:
    """The right to store the value of one key."""

    key: str
    token: str
    versions: tuple[bytes, ...]


@dataclass
class Change:
    """Keys and tags (as version keys) that are to be forgotten everywhere."""

    keys: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    # Whether any process may hold them itself.
    is_told: bool = True

    def message(self) -> bytes:
        """The change as it crosses the channel."""
        return msgspec.json.encode({"keys": sorted(self.keys), "tags": sorted(self.tags)})


class Breaker:
    """Asks nobody for a while after a failure, and then lets one caller try."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pause = _SHORTEST_PAUSE
        self._closed_until = 0.0

    def enter(self) -> None:
        """Raise CacheAway while it makes no sense to ask."""
        with self._lock:
            now = time.monotonic()
            if now < self._closed_until:
                raise CacheAway
            if self._closed_until:
                # This caller tries for all; the others go on without until it knows.
                self._closed_until = now + self._pause

    def failed(self) -> None:
        """Nobody answered."""
        with self._lock:
            self._closed_until = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def succeeded(self) -> None:
        """An answer came."""
        if self._closed_until:
            with self._lock:
                self._closed_until, self._pause = 0.0, _SHORTEST_PAUSE


class Shared:
    """The entries in Redis; whatever goes wrong there raises CacheAway within about a quarter of a second."""

    def __init__(self) -> None:
        self._client = quick_cache_redis()
        self._breaker = Breaker()
        self._store = self._client.register_script(_STORE)
        self._release = self._client.register_script(_RELEASE)

    def _ask(self, question: Callable[[], T]) -> T:
        self._breaker.enter()
        try:
            answer = question()
        except ResponseError as error:
            # The server answered, if only that it may not or cannot: the next question may fare better.
            self._breaker.succeeded()
            raise CacheAway from error
        except (RedisError, OSError) as error:
            self._breaker.failed()
            raise CacheAway from error
        self._breaker.succeeded()
        return answer

    def _pipeline(self, steps: Callable[[redis.client.Pipeline], object], *, whole: bool = False) -> list[Any]:
        """The answers to these commands; `whole`: all of them are carried out, or none."""

        def run() -> list[Any]:
            with self._client.pipeline(transaction=whole) as pipe:
                steps(pipe)
                return pipe.execute(raise_on_error=whole)

        return self._ask(run)

    def read(self, key: str, tags: tuple[str, ...]) -> Found:
        """The entry of this key, in one round trip."""
        return _found(key, self._pipeline(lambda pipe: _look(pipe, key, tags)))

    def is_leased(self, key: str) -> bool:
        """Whether somebody is loading the value of this key."""
        return bool(self._ask(lambda: self._client.exists(entry.lock_key(key))))

    def lease(self, key: str, tags: tuple[str, ...]) -> tuple[Lease | None, Found]:
        """The lease of this key, None when somebody else has it, and what is stored there at this moment."""
        token = secrets.token_hex(8)

        def steps(pipe: redis.client.Pipeline) -> None:
            pipe.set(entry.lock_key(key), token, nx=True, px=int(LEASE_SECONDS * 1000))
            for tag in tags:
                pipe.set(tag, secrets.token_bytes(8), nx=True, ex=VERSION_SECONDS)
            _look(pipe, key, tags)

        is_ours, *_, raw, milliseconds, versions = self._pipeline(steps)
        if isinstance(is_ours, ResponseError) or isinstance(versions, ResponseError):
            raise CacheAway from None
        lease = Lease(key, token, tuple(version or b"" for version in versions)) if is_ours else None
        return lease, _found(key, [raw, milliseconds, versions])

    def store(self, lease: Lease, payload: bytes | None, *, seconds: float, longest: float, most: int) -> int | None:
        """Store a value and give the lease back; how many old ones had to go, or None when it was taken away."""
        now = time.time()
        keys = [lease.key, entry.lock_key(lease.key), entry.index_key(entry.namespace_of(lease.key))]
        raw = entry.seal(lease.key, lease.versions, payload)
        values: list[str | bytes | float] = [
            lease.token,
            raw,
            int(seconds * 1000),
            now,
            now - longest,
            most,
            int(longest * 1000),
        ]
        gone = int(cast("int", self._ask(lambda: self._store(keys=keys, args=values))))
        return None if gone < 0 else gone

    def release(self, lease: Lease) -> None:
        """Give a lease back without a value."""
        self._ask(lambda: self._release(keys=[entry.lock_key(lease.key)], args=[lease.token]))

    def forget(self, change: Change) -> None:
        """Forget everywhere, in one step: entries and leases go, tags get new versions, every process is told."""

        def steps(pipe: redis.client.Pipeline) -> None:
            if change.keys:
                pipe.unlink(*change.keys, *map(entry.lock_key, change.keys))
                for namespace, keys in _by_namespace(change.keys).items():
                    pipe.zrem(entry.index_key(namespace), *keys)
            for tag in change.tags:
                pipe.set(tag, secrets.token_bytes(8), ex=VERSION_SECONDS)
            if change.is_told:
                pipe.publish(CHANNEL, change.message())

        self._pipeline(steps, whole=True)


def _look(pipe: redis.client.Pipeline, key: str, tags: tuple[str, ...]) -> None:
    pipe.get(key)
    pipe.pttl(key)
    pipe.mget(tags)


def _found(key: str, answers: list[Any]) -> Found:
    raw, milliseconds, versions = answers
    if isinstance(raw, ResponseError):
        # Something that is no text lies under the key.
        return Found(is_broken=True)
    if isinstance(milliseconds, ResponseError) or isinstance(versions, ResponseError):
        return Found()
    if raw is None or milliseconds <= 0:
        return Found()
    stored = entry.unseal(key, raw)
    if stored is None:
        return Found(is_broken=True)
    if list(stored.versions) != versions:
        return Found()
    return Found(is_there=True, payload=stored.payload, seconds=milliseconds / 1000)


def _by_namespace(keys: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(entry.namespace_of(key), []).append(key)
    return found
