"""Looks at every part of the system, again and again, without ever making the bot wait.

Redis is asked over connections that give up after a second, PostgreSQL by one thread of its own: while that thread
waits for a server that does not answer, nobody starts another.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import redis.asyncio
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, metrics
from app.core.errors import HeorotError
from app.core.quiet import describe
from app.upkeep.health import rules
from app.upkeep.health.queries import Backlog, Figures, Records, read_backlog, read_figures, read_records
from app.upkeep.health.rules import Memory, Part, Status

log = logging.getLogger(__name__)

_ROUND_SECONDS = 5.0
# What a reader of `/health` may be told without another look.
_FRESH_SECONDS = 1.0
_REDIS_SECONDS = 2.0
_DATABASE_SECONDS = 2.5

_Answer = TypeVar("_Answer")


class Gateway(Protocol):
    """What the bot knows of itself."""

    def discord_fault(self) -> str | None:
        """Why no events come, or None when they do."""
        ...

    def spool_batches(self) -> int:
        """How many batches wait on disk."""
        ...

    def spool_is_full(self) -> bool:
        """Whether no more batches can be kept there."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """The system at one moment."""

    at: datetime
    status: Status
    parts: dict[str, Part]
    backlog: Backlog | None = None
    figures: Figures = field(default_factory=Figures)
    records: Records | None = None


class Monitor:
    """Takes snapshots in rounds, and earlier when a reader wants a fresh one."""

    def __init__(self, gateway: Gateway, durable: redis.asyncio.Redis, cache: redis.asyncio.Redis) -> None:
        self.gateway = gateway
        self._durable = durable
        self._cache = cache
        self._memory = Memory()
        self._latest: Snapshot | None = None
        self._looking: asyncio.Task[Snapshot] | None = None
        self._database = ThreadPoolExecutor(1, thread_name_prefix="health-database")
        self._asking: Future[Records] | None = None

    async def run(self) -> None:
        """Take a snapshot every few seconds until cancelled."""
        while True:
            await self.snapshot()
            await asyncio.sleep(_ROUND_SECONDS)

    async def close(self) -> None:
        """Give the connections back; a thread that still waits for the database is left to its fate."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        self._database.shutdown(wait=False, cancel_futures=True)

    async def snapshot(self) -> Snapshot:
        """The system now, or at most a second ago; many readers share one look."""
        if self._latest and self._is_fresh(self._latest):
            return self._latest
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    def _is_fresh(self, snapshot: Snapshot) -> bool:
        # What the bot knows of itself costs nothing to ask, and `/health` must not lag behind `/ready`.
        knows_discord = snapshot.parts["discord"].is_connected == (self.gateway.discord_fault() is None)
        return knows_discord and (clock.now() - snapshot.at).total_seconds() < _FRESH_SECONDS

    async def _look(self) -> Snapshot:
        (backlog, redis_fault), (figures, _), (records, database_fault) = await asyncio.gather(
            _within(lambda: read_backlog(self._durable), _REDIS_SECONDS),
            _within(lambda: read_figures(self._cache, metrics.take()), _REDIS_SECONDS),
            _within(self._ask_database, _DATABASE_SECONDS),
        )
        faults = {
            "database": database_fault,
            "redis": redis_fault,
            "discord": self.gateway.discord_fault(),
            "workers": "not known while Redis is away",
            "beat": "not known while Redis is away",
        }
        if backlog is not None:
            faults["redis"] = rules.memory_fault(backlog.memory_used, backlog.memory_limit)
            faults["workers"] = rules.workers_fault(backlog.workers)
            faults["beat"] = rules.beat_fault(backlog.beat)
        parts = self._note(faults)
        status = rules.overall(parts, spool_is_full=self.gateway.spool_is_full())
        self._latest = Snapshot(clock.now(), status, parts, backlog, figures or Figures(), records)
        return self._latest

    def _note(self, faults: dict[str, str | None]) -> dict[str, Part]:
        now, parts = clock.now(), {}
        for name, fault in faults.items():
            parts[name], is_news = self._memory.note(name, fault, now)
            if is_news:
                # At the first look nothing is wrong yet: the bot is on its way to Discord.
                level = logging.WARNING if fault and self._latest else logging.INFO
                log.log(level, "%s is %s", name, parts[name].status, extra={"reason": fault})
        return parts

    async def _ask_database(self) -> Records:
        if self._asking is None or self._asking.done():
            self._asking = self._database.submit(read_records)
        # Shielded: a late answer still ends the thread's wait, and until then no second question is asked.
        return await asyncio.shield(asyncio.wrap_future(self._asking))


async def _within(ask: Callable[[], Awaitable[_Answer]], seconds: float) -> tuple[_Answer | None, str | None]:
    """The answer, or why there is none."""
    try:
        async with asyncio.timeout(seconds):
            return await ask(), None
    except TimeoutError:
        return None, f"no answer within {seconds:g} s"
    except (RedisError, SQLAlchemyError, HeorotError, OSError) as error:
        return None, describe(error)
