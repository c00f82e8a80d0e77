"""Serves the health endpoints from the bot's own event loop, so that they tell whether it turns."""

import asyncio
import os
from contextlib import suppress
from typing import Any

from aiohttp import web
from discord.ext import commands

from app.core.errors import ConfigurationError
from app.core.redis import async_broker_redis, async_cache_redis
from app.core.settings import settings
from app.upkeep.health import server
from app.upkeep.health.monitor import Monitor


class HealthCog(commands.Cog):
    """Knows whether events come in, and tells it with everything else."""

    def __init__(self, bot: Any) -> None:
        self._bot = bot
        self._redis = (async_broker_redis(), async_cache_redis())
        self._monitor = Monitor(self, *self._redis)
        self._rounds: asyncio.Task[None] | None = None
        self._server: web.AppRunner | None = None

    async def cog_load(self) -> None:
        """Start to look and to answer; raises ConfigurationError when the port is taken."""
        host, port = settings().health_check_host, settings().health_check_port
        try:
            self._server = await server.start(self._monitor, host, port)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigurationError(f"HEALTH_CHECK_PORT {port} on {host} cannot be used: {reason}.") from None
        self._rounds = asyncio.create_task(self._monitor.run(), name="health")

    async def cog_unload(self) -> None:
        """Stop looking and answering."""
        if self._rounds is not None:
            self._rounds.cancel()
            with suppress(asyncio.CancelledError):
                await self._rounds
        if self._server is not None:
            await self._server.cleanup()
        await self._monitor.close()
        for client in self._redis:
            await client.aclose()

    def discord_fault(self) -> str | None:
        """Why no events come, or None when they do."""
        if self._bot.is_closed():
            return "the bot is stopping"
        if self._bot.connected_since is None:
            return "not connected to the gateway"
        return None if self._bot.is_ready() else "waiting for the guilds"

    def spool_batches(self) -> int:
        """How many batches wait on disk."""
        return int(self._bot.publisher.spool.entries)

    def spool_is_full(self) -> bool:
        """Whether no more batches can be kept there."""
        return self._bot.publisher.full_since is not None


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(HealthCog(bot))
