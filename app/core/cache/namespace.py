"""Values of one kind that are asked for more often than they change, remembered for each guild in three tiers.

A feature declares a namespace in its `queries.py`, with what loads a value where no cache has it:

    NICKNAMES = Namespace("nicknames", str, load=_load, seconds=300, tags=lambda guild_id, user_id: (member(user_id),))

    name = NICKNAMES.get(guild_id, user_id)              # blocks: in workers, and in threads
    name = await NICKNAMES.fetch(guild_id, user_id)      # on the event loop
    uow.after_commit(lambda: NICKNAMES.forget(guild_id, user_id))

The first tier is this process's memory, the second Redis, the third the loader, which asks PostgreSQL. The loader of a
key runs once, however many ask at the same time in however many processes. None means that nothing is there; it is
remembered for a shorter time. What is returned belongs to the caller: it is decoded anew for each. A cache that is away
or holds nonsense costs at most a fraction of a second and is otherwise as if it were empty; only the loader's own
errors reach the caller.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from app.core.cache import entry
from app.core.cache.entry import Part
from app.core.cache.local import Flight, Kept
from app.core.cache.runtime import forget_here, runtime
from app.core.cache.shared import Change
from app.core.cache.tiers import Bounds, Tiers, Wanted

T = TypeVar("T")
_encoder = msgspec.msgpack.Encoder()


def _no_tags(*_: Part) -> tuple[str, ...]:
    return ()


class Namespace(Generic[T]):
    """The cache of one kind of value."""

    def __init__(
        self,
        name: str,
        kind: Any,
        *,
        load: Callable[..., T | None],
        seconds: float,
        absent_seconds: float = 30.0,
        tags: Callable[..., tuple[str, ...]] = _no_tags,
        local: int = 1000,
        local_bytes: int = 1 << 20,
        shared: int = 10_000,
        largest: int = 32 << 10,
    ) -> None:
        """`kind` is the type of a value, which msgspec must know; `seconds` is how long one lives at most.

        `load` takes the guild and the parts of a key; `tags` takes the same and names what the value depends on, by
        which it can be forgotten (`forget_tags`). `local` and `shared` bound the number of values in a process and in
        Redis, `local_bytes` their size in a process; one of more than `largest` bytes is not kept at all. `local` 0
        leaves the first tier out, for what changes often: then nobody need be told of a change.
        """
        bounds = Bounds(seconds, min(absent_seconds, seconds), local, local_bytes, shared, largest)
        self.name = name
        self._load = load
        self._tags = tags
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)
        self._tiers = Tiers(name, bounds, self._is_of_our_kind)
        self._asked: dict[str, tuple[Flight, asyncio.Task[bytes | None]]] = {}

    def get(self, guild_id: int, *parts: Part) -> T | None:
        """The value, from the nearest tier that has it; blocks, and the loader's errors pass through."""
        kept = self._near(guild_id, parts)
        return self._decode(kept.payload if kept is not None else self._tiers.far(self._wanted(guild_id, parts)))

    async def fetch(self, guild_id: int, *parts: Part) -> T | None:
        """The same on the event loop, which waits for nothing but a thread; many who ask at once share one."""
        kept = self._near(guild_id, parts)
        if kept is not None:
            return self._decode(kept.payload)
        return self._decode(await asyncio.shield(self._ask(self._wanted(guild_id, parts))))

    def forget(self, guild_id: int, *parts: Part) -> None:
        """Forget this value in every process; for after a commit, never raises, blocks for a moment at most."""
        forget_values({self.key(guild_id, *parts)}, is_told=self._tiers.is_local)

    def forget_all(self, guild_id: int) -> None:
        """Forget every value of this namespace in this guild; as cheap as forgetting one."""
        forget_tags(guild_id, self.name)

    def key(self, guild_id: int, *parts: Part) -> str:
        """The name of one value, for `forget_values`."""
        return entry.key(self.name, guild_id, parts)

    def _decode(self, payload: bytes | None) -> T | None:
        return None if payload is None else self._decoder.decode(payload)

    def _is_of_our_kind(self, payload: bytes | None) -> bool:
        try:
            self._decode(payload)
        except msgspec.DecodeError:
            return False
        return True

    def _near(self, guild_id: int, parts: tuple[Part, ...]) -> Kept | None:
        kept = self._tiers.near(entry.key(self.name, guild_id, parts))
        if kept is not None and kept.refresh_at <= time.monotonic():
            self._tiers.renew(self._wanted(guild_id, parts))
        return kept

    def _wanted(self, guild_id: int, parts: tuple[Part, ...]) -> Wanted:
        """The value with its tags: the guild, the namespace in it, and what it depends on."""

        def load() -> bytes | None:
            value = self._load(guild_id, *parts)
            return None if value is None else _encoder.encode(value)

        names = ("*", self.name, *self._tags(guild_id, *parts))
        tags = tuple(entry.version_key(guild_id, name) for name in names)
        return Wanted(entry.key(self.name, guild_id, parts), tags, load)

    def _ask(self, wanted: Wanted) -> "asyncio.Task[bytes | None]":
        """The thread that is after this value, or a new one if the value was forgotten since that one began."""
        asked = self._asked.get(wanted.key)
        if asked is not None and not asked[0].is_stale:
            return asked[1]
        flight, is_ours = self._tiers.local.join(wanted.key, wanted.tags)
        work = self._tiers.lead if is_ours else self._tiers.follow
        task = asyncio.create_task(asyncio.to_thread(work, flight, wanted))
        self._asked[wanted.key] = (flight, task)
        task.add_done_callback(lambda done: self._note_end(wanted.key, done))
        return task

    def _note_end(self, key: str, done: "asyncio.Task[bytes | None]") -> None:
        if key in self._asked and self._asked[key][1] is done:
            del self._asked[key]
        if not done.cancelled():
            # Whoever waited has the error already; if nobody did, nobody misses it.
            done.exception()


def forget_values(keys: set[str], *, is_told: bool = True) -> None:
    """Forget these values (`Namespace.key`) in every process; `is_told` False where no process keeps them itself."""
    if keys:
        runtime().forget(Change(keys=keys, is_told=is_told))


def forget_tags(guild_id: int, *tags: str) -> None:
    """Forget every value of this guild that depends on one of these, in every namespace and process."""
    runtime().forget(Change(tags={entry.version_key(guild_id, tag) for tag in tags}))


def forget_guild(guild_id: int) -> None:
    """Forget every value of this guild."""
    forget_tags(guild_id, "*")


def forget_guild_here(guild_id: int) -> None:
    """Forget every value of this guild in this process, at once: who was told of a commit must read what it changed."""
    forget_here(frozenset(), {entry.version_key(guild_id, "*")})


def forget_person(guild_ids: Iterable[int], user_id: int) -> None:
    """Forget every value of these guilds that depends on a person (their tag is `member`)."""
    runtime().forget(Change(tags={entry.version_key(guild_id, member(user_id)) for guild_id in guild_ids}))


def member(user_id: int) -> str:
    """The tag of what depends on a person."""
    return f"member-{user_id}"
