"""`/cache`: how much the caches remember of this server, and how often they know the answer."""

import asyncio
from typing import Any

from discord.ext import commands
from redis.exceptions import RedisError

from app.bot.checks import manager_only
from app.bot.context import Context
from app.bot.hybrid import command
from app.core.errors import Refused
from app.core.translations import _, marked
from app.upkeep.cache import queries
from app.upkeep.cache.messages import line

_LONGEST = 1900
_PATIENCE_SECONDS = 10.0


class CacheCog(commands.Cog, name="Cache"):
    """What is remembered."""

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


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(CacheCog())
