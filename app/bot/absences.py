"""What ended while nobody listened: guilds that removed the bot, channels, and members who left.

Discord tells of an end only once. So what is stored is compared with what a new session shows, and Discord is asked
about a guild or channel that is missing there: a guild that we may not see is one that we are not in, but a channel
may merely be hidden from us. Members are compared where a guild lists all of them (Discord lists up to 250). Every end
is told as if it were live, after one more look at what the gateway has told by then.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import discord
import redis.exceptions
from sqlalchemy.exc import SQLAlchemyError

from app.bot.client import Heorot
from app.core.errors import QueueUnavailable
from app.core.quiet import describe
from app.core.translate import Payload

log = logging.getLogger(__name__)

# What a guild may cost at each start; the rest is asked about at the next one.
CHANNEL_QUESTIONS = 50
_RETRY_SECONDS = 15.0
_AT_ONCE = 4
_SHARD_SHIFT = 22
_OUTAGES = (SQLAlchemyError, OSError, TimeoutError, discord.HTTPException, redis.exceptions.RedisError)


class Stored(NamedTuple):
    """What is stored as being there, by guild; both block and run in a thread."""

    channels: Callable[[int], list[int]]
    members: Callable[[int], list[int]]


def guilds_key(application_id: int) -> str:
    """Where the bot keeps in which guilds it is: others may share the database."""
    return f"bot:{application_id}:guilds"


class Absences:
    """Compares what is stored with what a session shows."""

    def __init__(self, bot: Heorot, stored: Stored) -> None:
        self._bot = bot
        self._stored = stored
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def session(self, ready: Payload) -> None:
        """Look for guilds that are missing in this READY; those it calls unavailable are there."""
        shown = {int(guild["id"]) for guild in ready["guilds"]}
        shard, shards = ready.get("shard") or (0, 1)
        self._start(f"guilds of shard {shard}", lambda: self._compare_guilds(shown, shard, shards))

    def guild(self, guild_id: int) -> None:
        """Look for channels and members that are missing in this guild, which has just been shown."""
        self._start(f"guild {guild_id}", lambda: self._compare(guild_id))

    async def close(self) -> None:
        """Stop; the next start compares again."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _start(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        running = self._tasks.get(what)
        if running is not None:
            running.cancel()
        self._tasks[what] = asyncio.create_task(self._patiently(work), name=f"absences: {what}")

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                async with self._slots:
                    await work()
            except _OUTAGES as error:
                log.info("what ended meanwhile cannot be looked for yet: %s", describe(error))
                await asyncio.sleep(_RETRY_SECONDS)
            except QueueUnavailable:
                # The bot is stopping.
                return
            else:
                return

    async def _compare_guilds(self, shown: set[int], shard: int, shards: int) -> None:
        known = {guild for guild in await self._known_guilds() if (guild >> _SHARD_SHIFT) % shards == shard}
        gone = [guild for guild in sorted(known - shown) if not await self._is_in(guild)]
        for guild_id in gone:
            log.warning("the bot was removed from a guild meanwhile", extra={"guild_id": guild_id})
            self._tell("GUILD_DELETE", {"id": str(guild_id)})
        # Forgotten only when what was told is durable: or a kill in between would lose it.
        await self._note_guilds(shown, gone)

    async def _is_in(self, guild_id: int) -> bool:
        try:
            await self._bot.http.get_guild(guild_id, with_counts=False)
        except (discord.NotFound, discord.Forbidden):
            return False
        return True

    async def _compare(self, guild_id: int) -> None:
        await self._note_guilds([guild_id], [])
        await self._compare_members(guild_id)
        await self._compare_channels(guild_id)

    async def _compare_members(self, guild_id: int) -> None:
        if not self._lists_everybody(guild_id):
            return
        stored = await asyncio.to_thread(self._stored.members, guild_id)
        if not self._lists_everybody(guild_id):
            return
        guild = self._bot.get_guild(guild_id)
        for user_id in stored:
            if guild is not None and guild.get_member(user_id) is None:
                self._tell("GUILD_MEMBER_REMOVE", {"guild_id": str(guild_id), "user": {"id": str(user_id)}})

    def _lists_everybody(self, guild_id: int) -> bool:
        guild = self._bot.get_guild(guild_id)
        return guild is not None and not guild.unavailable and guild.chunked

    async def _compare_channels(self, guild_id: int) -> None:
        stored = await asyncio.to_thread(self._stored.channels, guild_id)
        missing = [channel for channel in stored if not self._shows(guild_id, channel)]
        for channel_id in missing[:CHANNEL_QUESTIONS]:
            await self._ask(guild_id, channel_id)

    async def _ask(self, guild_id: int, channel_id: int) -> None:
        """Ask about one channel, and tell if it is gone, or a thread that was archived meanwhile."""
        place: Payload = {"guild_id": str(guild_id)}
        try:
            found: Any = await self._bot.http.get_channel(channel_id)
        except discord.Forbidden:
            return
        except discord.NotFound:
            event, told = "CHANNEL_DELETE", {"id": str(channel_id), **place}
        else:
            if "thread_metadata" not in found:
                return
            event, told = "THREAD_UPDATE", {**found, **place}
        if not self._shows(guild_id, channel_id):
            self._tell(event, told)

    def _shows(self, guild_id: int, channel_id: int) -> bool:
        """Whether the gateway shows this channel; of a guild that is out of reach nothing is known."""
        guild = self._bot.get_guild(guild_id)
        return guild is None or guild.unavailable or guild.get_channel_or_thread(channel_id) is not None

    def _tell(self, event: str, data: Payload) -> None:
        self._bot.ingest.handle(event, data, is_late=True)

    async def _known_guilds(self) -> set[int]:
        publisher, key = self._bot.publisher, self._key()
        found: Any = await publisher.submit(lambda: publisher.redis().smembers(key))
        return {int(member) for member in found}

    async def _note_guilds(self, there: Iterable[int], gone: Iterable[int]) -> None:
        publisher, key = self._bot.publisher, self._key()
        here, left = sorted(there), sorted(gone)
        self._bot.ingest.buffer.flush()

        def note() -> None:
            if here:
                publisher.redis().sadd(key, *here)
            if left:
                publisher.redis().srem(key, *left)

        await publisher.submit(note, after_batches=True)

    def _key(self) -> str:
        assert self._bot.application_id is not None, "a session comes after the login"
        return guilds_key(self._bot.application_id)
