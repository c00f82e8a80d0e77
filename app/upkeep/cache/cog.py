"""`/cache`: how much the caches remember of this server, and how often they know the answer.

When somebody starts to type, or a thread opens, what an answer to them will need is fetched ahead: what a feature adds
to `_needed` is in the caches when the message comes.
"""

import asyncio
import logging
import time
from typing import Any

import discord
from discord.ext import commands
from redis.exceptions import RedisError

from app.activity.guilds.queries import channel_names
from app.activity.members.queries import person
from app.bot.checks import manager_only
from app.bot.context import Context, read_within
from app.bot.hybrid import command
from app.core import metrics
from app.core.errors import DatabaseUnavailable, Refused
from app.core.quiet import describe
from app.core.translations import _, marked
from app.upkeep.cache import queries
from app.upkeep.cache.messages import line
from app.upkeep.cache.rules import Lately
from app.upkeep.settings import queries as settings

log = logging.getLogger(__name__)

_LONGEST = 1900
_PATIENCE_SECONDS = 10.0
# More at the same time would only stand in the way of those who asked for something.
_AT_ONCE = 4


class CacheCog(commands.Cog, name="Cache"):
    """What is remembered, and fetched ahead."""

    topic = marked("Settings")

    def __init__(self, bot: Any) -> None:
        self._bot = bot
        self._lately = Lately()
        self._running: set[asyncio.Task[None]] = set()

    async def cog_unload(self) -> None:
        """Fetch nothing more."""
        for task in self._running:
            task.cancel()

    @commands.Cog.listener()
    async def on_raw_typing(self, event: discord.RawTypingEvent) -> None:
        """Somebody will soon have written."""
        self._prepare(event.guild_id or 0, event.user_id)

    @commands.Cog.listener()
    async def on_thread_create(self, thread: discord.Thread) -> None:
        """A conversation begins."""
        self._prepare(thread.guild.id, thread.owner_id or 0)

    def _prepare(self, guild_id: int, user_id: int) -> None:
        """Fetch ahead, unless it was done a minute ago, or the person wants nothing to do with us."""
        if not self._bot.policy.allows(guild_id, user_id) or len(self._running) >= _AT_ONCE:
            return
        if self._lately.is_new((guild_id, user_id), time.monotonic()):
            task = asyncio.create_task(_fetch(guild_id, user_id), name="prefetch")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    @command(marked("/cache"), marked("Show what I remember of this server, and how often that helps"))
    @manager_only()
    async def cache(self, context: Context) -> None:
        """Show entries, sizes and ages of this server, and hit rates of all."""
        await context.defer(ephemeral=True)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = await asyncio.to_thread(queries.summaries, context.guild_id)
        except (RedisError, TimeoutError):
            raise Refused(_("The cache cannot be reached. I go on without it, only slower.")) from None
        await context.say("\n".join([_("## What I remember of this server"), *map(line, found)])[:_LONGEST])


def _needed(guild_id: int, user_id: int) -> None:
    """Read what an answer to this person needs; what was read stays in the caches."""
    settings.load(guild_id)
    person(guild_id, user_id)
    if guild_id:
        channel_names(guild_id)


async def _fetch(guild_id: int, user_id: int) -> None:
    try:
        await read_within(_PATIENCE_SECONDS, _needed, guild_id, user_id)
    except DatabaseUnavailable as error:
        log.info("nothing was fetched ahead: %s", describe(error))
    else:
        metrics.add("prefetches")


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(CacheCog(bot))
