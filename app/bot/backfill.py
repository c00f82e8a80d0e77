"""Filling the gaps: what was written, edited and deleted while nobody listened.

Each new session opens a gap in every channel, because a crash can lose what the gateway believed delivered. For each
channel that the bot may read, the messages after the watermark are listed and told as late events; then the recent
stretch before it is listed again, where edits and deletions may have gone unheard. The watermark follows last.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import discord

from app.bot import metrics
from app.bot.client import Heorot
from app.bot.watermarks import Watermarks
from app.core.clock import now, snowflake_at
from app.core.events import Event
from app.core.quiet import describe
from app.core.translate import MALFORMED, Payload

log = logging.getLogger(__name__)

PAGE = 100
_CHANNELS_AT_ONCE = 4
# How far back edits and deletions are looked for, in time and in pages of a channel.
RECHECK_HOURS = 24
RECHECK_PAGES = 100
_RETRY_SECONDS = 15.0
_KINDS_WITH_MESSAGES = frozenset({0, 2, 5, 10, 11, 12, 13})


class Stretch(NamedTuple):
    """A channel's part to list."""

    guild_id: int
    channel_id: int
    after: int
    # An id that existed before the listing: deletions are told up to here.
    newest: int


class Tellers(NamedTuple):
    """How a backfill tells what no gateway payload tells; made by the composition from the features' events."""

    # From guild, channel, after, up_to and ids: only these still exist there.
    listed: Callable[[int, int, int, int, tuple[int, ...]], Event]
    # From guild, channel and complete_to.
    advanced: Callable[[int, int, int], Event]


class Backfill:
    """Lists what was missed, a few channels at a time."""

    def __init__(self, bot: Heorot, watermarks: Watermarks, tellers: Tellers) -> None:
        self._bot = bot
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
        """Note a live message; one from an unknown channel is our first contact with it."""
        if not self._watermarks.hear(channel_id, message_id):
            self.meet(guild_id, channel_id, message_id - 1)

    def advance(self, *, at_rest: bool = False) -> None:
        """Tell how far live messages moved the watermarks."""
        for guild_id, channel_id, complete_to in self._watermarks.advance(at_rest=at_rest):
            self._bot.ingest.emit(self._tellers.advanced(guild_id, channel_id, complete_to))

    def meet(self, guild_id: int, channel_id: int, complete_to: int) -> None:
        """Give a channel its first watermark."""
        complete = self._watermarks.close(guild_id, channel_id, complete_to)
        self._bot.ingest.emit(self._tellers.advanced(guild_id, channel_id, complete))

    async def _fill(self, guild_id: int, stretches: list[Stretch]) -> None:
        log.info("backfill of %d channels starts", len(stretches), extra={"guild_id": guild_id})
        before = self.listed_messages
        await asyncio.gather(*(self._fill_patiently(stretch) for stretch in stretches))
        found = self.listed_messages - before
        log.info("backfill is complete: %d messages listed", found, extra={"guild_id": guild_id})

    async def _fill_patiently(self, stretch: Stretch) -> None:
        """Fill one channel's gap, for as long as it takes."""
        while True:
            try:
                async with self._slots:
                    await self._fill_one(stretch)
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("a channel cannot be listed: %s", describe(error), extra={"channel_id": stretch.channel_id})
                self._watermarks.forget(stretch.channel_id)
            except (discord.HTTPException, OSError, TimeoutError, *MALFORMED) as error:
                log.warning("a channel cannot be listed yet: %s", describe(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            self._report()
            return

    async def _fill_one(self, stretch: Stretch) -> None:
        complete_to = await self._list_forward(stretch)
        await self._list_backward(stretch)
        complete = self._watermarks.close(stretch.guild_id, stretch.channel_id, complete_to)
        self._bot.ingest.emit(self._tellers.advanced(stretch.guild_id, stretch.channel_id, complete))

    async def _list_forward(self, stretch: Stretch) -> int:
        """Tell everything after the watermark; the newest id that is complete now."""
        after = stretch.after
        while True:
            page = await self._page(stretch.channel_id, after=after)
            ids = sorted(int(message["id"]) for message in page)
            is_last = len(page) < PAGE
            up_to = max(ids[-1] if ids else 0, stretch.newest if is_last else 0)
            await self._tell(stretch, page, lambda _: True)
            if up_to > after:
                self._tell_listed(stretch, after, up_to, ids)
            if is_last:
                return max(up_to, after)
            after = up_to

    async def _list_backward(self, stretch: Stretch) -> None:
        """Tell edits and deletions of the recent stretch up to the watermark."""
        floor = snowflake_at(now()) - (RECHECK_HOURS * 3_600_000 << 22)
        before = stretch.after + 1
        for _ in range(RECHECK_PAGES):
            page = await self._page(stretch.channel_id, before=before)
            ids = sorted(int(message["id"]) for message in page)
            is_last = len(page) < PAGE
            await self._tell(stretch, page, lambda message: message.get("edited_timestamp") is not None)
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

    async def _tell(self, stretch: Stretch, page: list[Payload], wanted: Callable[[Payload], bool]) -> None:
        for message in sorted(page, key=lambda message: int(message["id"])):
            if wanted(message):
                # A listing does not repeat the guild, which every live message carries.
                where = {"guild_id": str(stretch.guild_id)} if stretch.guild_id else {}
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
