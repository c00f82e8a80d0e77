"""What each guild lets us keep: applied to every event before it reaches the buffer, the ledger or the spool.

It fails closed: the bot does not connect to the gateway before the first snapshot is here, and a snapshot that cannot
be renewed stays in force, while the workers check opt-outs again in their own transaction.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import redis.exceptions

from app.core.outage import Outage
from app.core.policy import DIRECT_MESSAGES, OFF, STORE, PolicyData
from app.core.redis import async_broker_redis

log = logging.getLogger(__name__)

DEFAULT_PREFIX = "!"
DEFAULT_LOCALE = "en"
CHANNEL = "invalidate"
REFRESH_SECONDS = 30.0
# Settings and opt-outs are what a snapshot is made of; other invalidations do not concern it.
_NAMESPACES = frozenset({"settings", "privacy"})
_RECONNECT_SECONDS = 2.0


class Policy:
    """A snapshot of settings and opt-outs, renewed when they change and every half minute."""

    def __init__(self, data: PolicyData | None = None) -> None:
        self._data = data or PolicyData()
        self._changes = 0
        self._held: list[tuple[int, int]] = []
        self.is_loaded = data is not None

    @property
    def data(self) -> PolicyData:
        """The snapshot in force."""
        return self._data

    @data.setter
    def data(self, data: PolicyData) -> None:
        self._data = data
        self._changes += 1

    def content_mode(self, guild_id: int) -> str:
        """`off`, `counts` or `store`."""
        if guild_id == DIRECT_MESSAGES:
            return STORE
        return self.data.modes.get(guild_id, self.data.default_mode)

    def is_opted_out(self, guild_id: int, user_id: int) -> bool:
        """Whether this person wants nothing kept here."""
        return (guild_id, user_id) in self.data.opted_out

    def allows(self, guild_id: int, user_id: int) -> bool:
        """Whether anything about this person may be kept."""
        return (guild_id, user_id) not in self.data.opted_out and self.content_mode(guild_id) != OFF

    def keeps_text(self, guild_id: int) -> bool:
        """Whether what people write may be kept."""
        return self.content_mode(guild_id) == STORE

    def prefix(self, guild_id: int) -> str:
        """The guild's command prefix."""
        return self.data.prefixes.get(guild_id, DEFAULT_PREFIX)

    def locale(self, guild_id: int) -> str:
        """The guild's language."""
        return self.data.locales.get(guild_id, DEFAULT_LOCALE)

    def block(self, guild_id: int, user_id: int) -> None:
        """Keep nothing of this person from now on; the next snapshot decides for good."""
        self.data = msgspec.structs.replace(self.data, opted_out=self.data.opted_out | {(guild_id, user_id)})

    @contextmanager
    def hold(self, guild_id: int, user_id: int) -> Iterator[None]:
        """Keep nothing of this person meanwhile, whatever a snapshot says: their wish may not be committed yet.

        What was decided is told by `block` or `unblock` afterwards; a snapshot that was read before is then read again.
        """
        self._held.append((guild_id, user_id))
        self.block(guild_id, user_id)
        try:
            yield
        finally:
            self._held.remove((guild_id, user_id))

    def unblock(self, guild_id: int, user_id: int) -> None:
        """Keep what this person does again, now that their wish to be kept is committed."""
        self.data = msgspec.structs.replace(self.data, opted_out=self.data.opted_out - {(guild_id, user_id)})

    async def refresh(self, loader: Callable[[], PolicyData]) -> None:
        """Read a new snapshot in a thread; the loader's errors pass through, and the old one then stays.

        What was changed here meanwhile may be newer than what was read, so it is then read again.
        """
        read_at = -1
        while read_at != self._changes:
            read_at = self._changes
            found = await asyncio.to_thread(loader)
        if self._held:
            found = msgspec.structs.replace(found, opted_out=found.opted_out | frozenset(self._held))
        self._data = found
        self.is_loaded = True


class PolicyKeeper:
    """Keeps a policy fresh for as long as it runs."""

    def __init__(self, policy: Policy, loader: Callable[[], PolicyData]) -> None:
        self._policy = policy
        self._loader = loader
        self._changed = asyncio.Event()
        self._unread = Outage(
            log,
            lost="settings and opt-outs cannot be read again; those in force stay",
            back="settings and opt-outs are read again",
        )
        self._unheard = Outage(
            log,
            lost=f"changes of settings are not heard at once, but within {REFRESH_SECONDS:g} s",
            back="changes of settings are heard at once again",
        )

    async def run(self) -> None:
        """Renew the snapshot at each change, and every half minute in case a change was not heard."""
        listener = asyncio.create_task(self._listen())
        try:
            while True:
                await self._wait()
                await self._renew()
        finally:
            listener.cancel()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _renew(self) -> None:
        try:
            await self._policy.refresh(self._loader)
        except Exception as error:  # noqa: BLE001 - whatever failed, the snapshot in force goes on protecting people.
            self._unread.goes_on(error)
        else:
            self._unread.is_over()

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (redis.exceptions.RedisError, OSError) as error:
                self._unheard.goes_on(error)
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen_once(self) -> None:
        client = async_broker_redis()
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(CHANNEL)
                self._unheard.is_over()
                # A change before the subscription may have gone unheard.
                self._changed.set()
                while True:
                    message = await pubsub.get_message(timeout=REFRESH_SECONDS)
                    if message is not None and concerns_policy(message["data"]):
                        self._changed.set()
        finally:
            await client.aclose()


def concerns_policy(message: bytes) -> bool:
    """Whether this invalidation is about settings or privacy; one that cannot be read is."""
    try:
        return bool(json.loads(message)["ns"] in _NAMESPACES)
    except (ValueError, TypeError, KeyError):
        return True
