"""Filling the gaps: what was written, edited and deleted while nobody listened.

Each new session opens a gap in every channel, because a crash can lose what the gateway believed delivered. For each
channel that the bot may read, the messages after the watermark are listed and told as late events; then the recent
stretch before it is listed again, where edits and deletions may have gone unheard. The watermark follows last.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

import discord
from sqlalchemy.exc import SQLAlchemyError

from app.bot import metrics
from app.bot.barrier import until_committed
from app.bot.client import Heorot
from app.bot.reactions import Reacted, Reactions, listed_reactions
from app.bot.watermarks import Watermarks
from app.core.clock import DISCORD_EPOCH_MS, now, snowflake_at
from app.core.errors import QueueUnavailable
from app.core.events import Event
from app.core.quiet import describe
from app.core.translate import MALFORMED, Context, Payload

log = logging.getLogger(__name__)

T = TypeVar("T")

PAGE = 100
_CHANNELS_AT_ONCE = 4
# How far back edits and deletions are looked for, in time and in pages of a channel.
RECHECK_HOURS = 24
RECHECK_PAGES = 100
_RETRY_SECONDS = 15.0
_SETTLING_SECONDS = 1.0
# A person waits for their command meanwhile.
_SETTLE_SECONDS = 1.0
# How far Discord's clock may be ahead of ours.
_CLOCK_SKEW_MS = 3_600_000
_SNOWFLAKE_TIME = 22
_KINDS_WITH_MESSAGES = frozenset({0, 2, 5, 10, 11, 12, 13})


# Those of a guild's messages that are stored; it blocks and runs in a thread.
Known: TypeAlias = Callable[[int, Sequence[int]], set[int]]


class Stretch(NamedTuple):
    """A channel's part to list."""

    guild_id: int
    channel_id: int
    after: int
    # An id that existed before the listing: deletions are told up to here.
    newest: int


class Found(NamedTuple):
    """What a listing showed that can be judged only beside what is stored."""

    # The reactions of every listed message.
    reactions: dict[int, list[Reacted]]
    # Messages before the watermark that were edited.
    edited: list[Payload]


class Tellers(NamedTuple):
    """How the bot tells what no gateway payload tells; made by the composition from the features' events."""

    # From guild, channel, after, up_to and ids: only these still exist there.
    listed: Callable[[int, int, int, int, tuple[int, ...]], Event]
    # From guild, channel and complete_to.
    advanced: Callable[[int, int, int], Event]
    # From guilds: everything about voice there was told.
    heard: Callable[[tuple[int, ...]], Event]


class Backfill:
    """Lists what was missed, a few channels at a time."""

    def __init__(
        self, bot: Heorot, watermarks: Watermarks, tellers: Tellers, reactions: Reactions, known: Known
    ) -> None:
        self._bot = bot
        self._reactions = reactions
        self._known = known
        self._watermarks = watermarks
        self._tellers = tellers
        self._slots = asyncio.Semaphore(_CHANNELS_AT_ONCE)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.listed_messages = 0

    def start(self, guild_id: int) -> None:
        """Fill the gaps of a guild (0: of direct messages) in the background; a running one starts over."""
        running = self._tasks.pop(guild_id, None)
        if running is not None:
            running.cancel()
        if guild_id == 0:
            self._watermarks.open_all()
        stretches = list(self._stretches(guild_id))
        for channel_id in self._watermarks.channels_of(guild_id):
            self._watermarks.forget(channel_id)
        self._watermarks.open(stretch.channel_id for stretch in stretches)
        if stretches:
            self._tasks[guild_id] = asyncio.create_task(self._fill(guild_id, stretches), name=f"backfill {guild_id}")
        self._report()

    async def close(self) -> None:
        """Stop; the watermarks stand where they are, so the next start goes on from there."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _stretches(self, guild_id: int) -> Iterable[Stretch]:
        if guild_id == 0:
            for channel_id in self._watermarks.channels_of(0):
                yield self._stretch(0, channel_id, 0)
            return
        guild = self._bot.get_guild(guild_id)
        if guild is None or guild.me is None:
            return
        is_new = not self._watermarks.channels_of(guild_id)
        for channel in (*guild.channels, *guild.threads):
            if channel.type.value not in _KINDS_WITH_MESSAGES or not _may_read(channel, guild.me):
                continue
            last = getattr(channel, "last_message_id", None) or 0
            if self._watermarks.of(channel.id) is None and not self._meet(channel.id, last, guild, is_new=is_new):
                continue
            yield self._stretch(guild_id, channel.id, last)

    def _meet(self, channel_id: int, last: int, guild: discord.Guild, *, is_new: bool) -> bool:
        """Meet a channel, at its birth when that was under our eyes and else as it is now; whether to list it."""
        joined = self._bot.ingest.live.joined.get(guild.id, 0)
        was_born_here = not is_new and 0 < joined < channel_id
        self.meet(guild.id, channel_id, channel_id if was_born_here else max(last, channel_id))
        return was_born_here

    def _stretch(self, guild_id: int, channel_id: int, last: int) -> Stretch:
        after = self._watermarks.of(channel_id) or channel_id
        return Stretch(guild_id, channel_id, after, max(last, after, self._watermarks.newest(channel_id)))

    def hear(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Note a live message; one from an unknown channel is our first contact with it.

        An id from the future would close the channel to every later backfill, so it counts for nothing here.
        """
        if message_id >> _SNOWFLAKE_TIME > Context.now() - DISCORD_EPOCH_MS + _CLOCK_SKEW_MS:
            return
        if not self._watermarks.hear(channel_id, message_id):
            self.meet(guild_id, channel_id, max(message_id - 1, 1))

    def advance(self, *, at_rest: bool = False) -> None:
        """Tell how far live messages moved the watermarks."""
        for guild_id, channel_id, complete_to in self._watermarks.advance(at_rest=at_rest):
            self._bot.ingest.emit(self._tellers.advanced(guild_id, channel_id, complete_to))

    async def settle(self) -> None:
        """Close the past before more may be kept than now.

        What was written while nobody was to keep it lies above the watermark for a while; a bot killed then would list
        it again, and keep it under the new rule. So the watermarks move past it first, durably.
        """
        self.advance(at_rest=True)
        self._bot.ingest.buffer.flush()
        with suppress(TimeoutError, QueueUnavailable):
            async with asyncio.timeout(_SETTLE_SECONDS):
                await self._bot.publisher.submit(lambda: None, after_batches=True)

    def meet(self, guild_id: int, channel_id: int, complete_to: int) -> None:
        """Give a channel its first watermark."""
        complete = self._watermarks.close(guild_id, channel_id, complete_to)
        self._bot.ingest.emit(self._tellers.advanced(guild_id, channel_id, complete))

    async def _fill(self, guild_id: int, stretches: list[Stretch]) -> None:
        log.info("backfill of %d channels starts", len(stretches), extra={"guild_id": guild_id})
        with self._reactions.listening():
            await self._list_and_compare(guild_id, stretches)

    async def _list_and_compare(self, guild_id: int, stretches: list[Stretch]) -> None:
        before = self.listed_messages
        listings = await asyncio.gather(*(self._patiently(self._fill_one, stretch) for stretch in stretches))
        listed = self.listed_messages - before
        log.info("backfill is complete: %d messages listed", listed, extra={"guild_id": guild_id})
        if not listed:
            return
        shown = [(stretch, found) for stretch, found in zip(stretches, listings, strict=True) if found is not None]
        is_settled = await until_committed(self._bot.publisher)
        for stretch, found in shown:
            await self._patiently(partial(self._tell_edits, found, is_settled=is_settled), stretch)
        # A reaction that is not stored yet cannot be seen to be gone, and nobody would look for it again.
        while not is_settled:
            await asyncio.sleep(_SETTLING_SECONDS)
            is_settled = await until_committed(self._bot.publisher)
        for stretch, found in shown:
            await self._patiently(partial(self._compare_reactions, found), stretch)
        log.info("the listings were compared with what is stored", extra={"guild_id": guild_id})

    async def _patiently(self, work: Callable[[Stretch], Awaitable[T]], stretch: Stretch) -> T | None:
        """Do this for one channel, for as long as it takes; None for a channel that may not be listed."""
        while True:
            try:
                async with self._slots:
                    return await work(stretch)
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("a channel cannot be listed: %s", describe(error), extra={"channel_id": stretch.channel_id})
                self._watermarks.forget(stretch.channel_id)
                return None
            except (discord.HTTPException, SQLAlchemyError, OSError, TimeoutError, *MALFORMED) as error:
                log.warning("a channel cannot be listed yet: %s", describe(error))
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                self._report()

    async def _fill_one(self, stretch: Stretch) -> Found:
        found = Found({}, [])
        complete_to = await self._list_forward(stretch, found)
        await self._list_backward(stretch, found)
        complete = self._watermarks.close(stretch.guild_id, stretch.channel_id, complete_to)
        self._bot.ingest.emit(self._tellers.advanced(stretch.guild_id, stretch.channel_id, complete))
        return found

    async def _tell_edits(self, found: Found, stretch: Stretch, *, is_settled: bool) -> None:
        """Tell edits of messages that are stored.

        What was edited before the bot met the channel is history, and no business of a backfill; only the database
        knows the difference, so while it lags behind, every edit is told.
        """
        ids = [int(message["id"]) for message in found.edited]
        known = await asyncio.to_thread(self._known, stretch.guild_id, ids) if ids and is_settled else set(ids)
        await self._tell(stretch, [message for message in found.edited if int(message["id"]) in known])

    async def _compare_reactions(self, found: Found, stretch: Stretch) -> None:
        await self._reactions.compare(stretch.guild_id, stretch.channel_id, found.reactions)

    async def _list_forward(self, stretch: Stretch, found: Found) -> int:
        """Tell everything after the watermark; the newest id that is complete now."""
        after = stretch.after
        while True:
            page = await self._page(stretch.channel_id, after=after)
            found.reactions.update((int(message["id"]), list(listed_reactions(message))) for message in page)
            ids = sorted(int(message["id"]) for message in page)
            is_last = len(page) < PAGE
            up_to = max(ids[-1] if ids else 0, stretch.newest if is_last else 0)
            await self._tell(stretch, page)
            if up_to > after:
                self._tell_listed(stretch, after, up_to, ids)
            if is_last:
                return max(up_to, after)
            after = up_to

    async def _list_backward(self, stretch: Stretch, found: Found) -> None:
        """Tell edits and deletions of the recent stretch up to the watermark."""
        floor = snowflake_at(now()) - (RECHECK_HOURS * 3_600_000 << _SNOWFLAKE_TIME)
        before = stretch.after + 1
        for _ in range(RECHECK_PAGES):
            page = await self._page(stretch.channel_id, before=before)
            found.reactions.update((int(message["id"]), list(listed_reactions(message))) for message in page)
            ids = sorted(int(message["id"]) for message in page)
            is_last = len(page) < PAGE
            found.edited.extend(message for message in page if message.get("edited_timestamp") is not None)
            start = 0 if is_last else ids[0] - 1
            if before - 1 > start:
                self._tell_listed(stretch, start, before - 1, ids)
            if is_last or ids[0] < floor:
                return
            before = ids[0]

    async def _page(self, channel_id: int, *, after: int | None = None, before: int | None = None) -> list[Payload]:
        found: list[Any] = await self._bot.http.logs_from(channel_id, PAGE, before=before, after=after)
        self.listed_messages += len(found)
        metrics.BACKFILL_MESSAGES.inc(len(found))
        return found

    async def _tell(self, stretch: Stretch, messages: list[Payload]) -> None:
        # A listing does not repeat the guild, which every live message carries.
        where = {"guild_id": str(stretch.guild_id)} if stretch.guild_id else {}
        for message in sorted(messages, key=lambda message: int(message["id"])):
            self._bot.ingest.handle("MESSAGE_CREATE", {**message, **where}, is_late=True)
        await self._bot.ingest.wait_for_room()

    def _tell_listed(self, stretch: Stretch, after: int, up_to: int, ids: list[int]) -> None:
        if not self._still_reads(stretch):
            return
        kept = tuple(i for i in ids if after < i <= up_to)
        self._bot.ingest.emit(self._tellers.listed(stretch.guild_id, stretch.channel_id, after, up_to, kept))

    def _still_reads(self, stretch: Stretch) -> bool:
        """Whether the listing can be believed: to one who may not read it, Discord shows a channel as empty."""
        if not stretch.guild_id:
            return True
        guild = self._bot.get_guild(stretch.guild_id)
        channel = guild.get_channel_or_thread(stretch.channel_id) if guild else None
        return guild is not None and channel is not None and _may_read(channel, guild.me)

    @property
    def is_busy(self) -> bool:
        """Whether a guild's gaps are still being filled or compared."""
        return any(not task.done() for task in self._tasks.values())

    def progress(self) -> dict[str, int]:
        """How far it is."""
        return {"open_channels": self._watermarks.open_channels, "listed_messages": self.listed_messages}

    def _report(self) -> None:
        metrics.BACKFILL_OPEN.set(self._watermarks.open_channels)


def _may_read(channel: Any, me: discord.Member) -> bool:
    try:
        allowed = channel.permissions_for(me)
    except discord.ClientException:
        # A thread whose parent we do not know.
        return False
    return bool(allowed.view_channel and allowed.read_message_history)
