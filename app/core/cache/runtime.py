"""What one process shares between its namespaces: the way to Redis, a listener, and what could not be told yet.

The listener is a thread, so that workers and the bot, whose loop may never wait for Redis, have the same. As long as it
is not subscribed nobody may rely on the first tier: what changes meanwhile would go unheard.
"""

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import msgspec
import redis
from redis.exceptions import RedisError

from app.core.cache import entry
from app.core.cache.shared import CHANNEL, CacheAway, Change, Shared
from app.core.outage import Outage
from app.core.redis import quick_cache_redis

if TYPE_CHECKING:
    from app.core.cache.local import Local

log = logging.getLogger(__name__)

# A server that says nothing for so long is asked whether it is still there.
_SILENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE = 5.0
# More unsaid changes than this are said as “everything of these guilds”.
_UNSAID_MOST = 1000

# The first tier of every namespace, by its name.
LOCALS: "dict[str, Local]" = {}


class _Told(msgspec.Struct, frozen=True):
    keys: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


_told = msgspec.json.Decoder(_Told)


def forget_here(keys: "frozenset[str] | set[str]", tags: "frozenset[str] | set[str]") -> None:
    """Drop these from every first tier of this process."""
    for name, local in LOCALS.items():
        here = [key for key in keys if entry.namespace_of(key) == name]
        if here or tags:
            local.forget(here, tags)


def forget_all_here() -> None:
    """Empty every first tier of this process."""
    for local in LOCALS.values():
        local.clear()


class Listener:
    """Hears what other processes forget."""

    def __init__(self) -> None:
        self.is_live = False
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._outage = Outage(
            log, lost="the cache in this process rests: changes cannot be heard", back="changes are heard again"
        )

    def start(self) -> None:
        """Begin to listen, if nobody did."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="cache-listener", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        """End, within a moment."""
        self._ends.set()
        self.is_live = False

    def _run(self) -> None:
        client = quick_cache_redis()
        while not self._ends.is_set():
            try:
                self._listen(client)
            except (RedisError, OSError) as error:
                self._outage.goes_on(error)
            finally:
                self.is_live = False
                forget_all_here()
            self._ends.wait(_PAUSE_SECONDS)
        client.close()

    def _listen(self, client: redis.Redis) -> None:
        """Hear until the connection breaks or falls silent; both raise."""
        with client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(CHANNEL)
            is_asked = False
            while not self._ends.is_set():
                message = pubsub.get_message(timeout=_SILENCE_SECONDS)
                if message is None:
                    if is_asked:
                        raise redis.exceptions.TimeoutError("the cache's server fell silent")
                    pubsub.ping()
                    is_asked = True
                    continue
                is_asked = False
                self._hear(message)

    def _hear(self, message: dict[str, object]) -> None:
        if message["type"] == "subscribe":
            forget_all_here()
            self.is_live = True
            self._outage.is_over()
        elif message["type"] == "message":
            try:
                told = _told.decode(bytes(message["data"]))  # type: ignore[call-overload]
            except msgspec.DecodeError:
                # Whatever it said, nothing that is kept here is sure any more.
                forget_all_here()
            else:
                forget_here(frozenset(told.keys), frozenset(told.tags))


class Unsaid:
    """Changes that Redis did not take: said again until it does, because a reader may have the old value."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._change = Change()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ends = threading.Event()

    def add(self, change: Change) -> None:
        """Say this as soon as Redis hears it."""
        with self._lock:
            self._change.keys |= change.keys
            self._change.tags |= change.tags
            if len(self._change.keys) + len(self._change.tags) > _UNSAID_MOST:
                self._change = _whole_guilds(self._change)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cache-unsaid", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Give up; entries end with their time."""
        self._ends.set()

    def _run(self) -> None:
        pause = _PAUSE_SECONDS
        while not self._ends.wait(pause):
            with self._lock:
                said, self._change = self._change, Change()
            try:
                self._shared.forget(said)
            except CacheAway:
                with self._lock:
                    self._change.keys |= said.keys
                    self._change.tags |= said.tags
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            with self._lock:
                if not self._change.keys and not self._change.tags:
                    self._thread = None
                    return
            pause = _PAUSE_SECONDS


def _whole_guilds(change: Change) -> Change:
    guilds = {int(name.split(":")[2]) for name in change.keys} | {int(name.split(":")[1]) for name in change.tags}
    return Change(tags={entry.version_key(guild, "*") for guild in guilds})


class Runtime:
    """The parts that the namespaces of one process share."""

    def __init__(self) -> None:
        self.shared = Shared()
        self.listener = Listener()
        self.unsaid = Unsaid(self.shared)
        # One thread: renewing early is never urgent.
        self.refresher = ThreadPoolExecutor(1, thread_name_prefix="cache-refresh")

    def forget(self, change: Change) -> None:
        """Forget here at once, and everywhere else within milliseconds, or as soon as Redis is back."""
        forget_here(change.keys, change.tags)
        try:
            self.shared.forget(change)
        except CacheAway:
            self.unsaid.add(change)

    def close(self) -> None:
        """Stop the threads."""
        self.listener.stop()
        self.unsaid.stop()
        self.refresher.shutdown(wait=False, cancel_futures=True)


@cache
def runtime() -> Runtime:
    """This process's parts; made on first use, so that forked workers have their own."""
    return Runtime()


def dispose() -> None:
    """Forget everything that this process holds (tests and forks)."""
    if runtime.cache_info().currsize:
        runtime().close()
    runtime.cache_clear()
    forget_all_here()


def _start_anew() -> None:
    """A forked child has none of its parent's threads, and must not share its sockets."""
    runtime.cache_clear()
    for local in LOCALS.values():
        local.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
