"""The bot's pulse: what it knows of itself, in Redis for those on other hosts, and how late its loop wakes."""

import asyncio
import logging
import time
from typing import Any

import orjson
import redis.exceptions

from app.bot import metrics
from app.bot.backfill import Backfill
from app.bot.client import Heorot
from app.core.errors import QueueUnavailable
from app.core.presence import KEPT_SECONDS, status_key
from app.core.quiet import describe

log = logging.getLogger(__name__)

_PULSE_SECONDS = 5.0
# After a longer absence nobody asks when exactly it began.
_LAST_HEARD_KEPT = 7 * 24 * 3600
_LAG_SECONDS = 0.25


def last_heard_key(application_id: int) -> str:
    """Where the bot keeps when it last heard from Discord (Unix milliseconds)."""
    return f"bot:{application_id}:last_heard"


class Pulse:
    """Tells every few seconds how the bot is."""

    def __init__(self, bot: Heorot, backfill: Backfill, application_id: int) -> None:
        self._bot = bot
        self._backfill = backfill
        self._id = application_id
        self._since = time.time()

    def snapshot(self) -> dict[str, Any]:
        """The bot at this moment."""
        publisher = self._bot.publisher
        latency = self._bot.latency
        return {
            "at": time.time(),
            "since": self._since,
            "connected_since": self._bot.connected_since,
            "latency": latency if latency == latency and latency != float("inf") else None,  # noqa: PLR0124 - not a number.
            "guilds": len(self._bot.guilds),
            "buffered_events": publisher.buffered + len(self._bot.ingest.buffer),
            "spool": {"entries": publisher.spool.entries, "bytes": publisher.spool.bytes},
            "redis_away_since": publisher.away_since,
            "spool_full_since": publisher.full_since,
            "backfill": self._backfill.progress(),
        }

    async def run(self) -> None:
        """Write the pulse until cancelled; while Redis is away there is none."""
        while True:
            try:
                await self._write()
            except (redis.exceptions.RedisError, OSError, QueueUnavailable) as error:
                log.debug("no pulse: %s", describe(error))
            await asyncio.sleep(_PULSE_SECONDS)

    async def _write(self) -> None:
        publisher = self._bot.publisher
        body = orjson.dumps(self.snapshot())
        heard = int(time.time() * 1000) if self._bot.connected_since is not None else None

        def write() -> None:
            if publisher.is_redis_away:
                return
            pipe = publisher.redis().pipeline(transaction=False)
            pipe.set(status_key(self._id), body, ex=KEPT_SECONDS)
            if heard is not None:
                pipe.set(last_heard_key(self._id), heard, ex=_LAST_HEARD_KEPT)
            pipe.execute()

        await publisher.submit(write)

    async def last_heard(self) -> int | None:
        """When an earlier process last heard from Discord, where Redis knows."""
        publisher = self._bot.publisher
        try:
            found: Any = await publisher.submit(lambda: publisher.redis().get(last_heard_key(self._id)))
        except (redis.exceptions.RedisError, OSError, QueueUnavailable):
            return None
        return int(found) if found else None


async def measure_lag() -> None:
    """Measure how late the loop wakes, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LAG_SECONDS
        await asyncio.sleep(_LAG_SECONDS)
        late = max(0.0, loop.time() - due)
        metrics.LOOP_LAG.observe(late)
        metrics.LOOP_LAG_NOW.set(late)
