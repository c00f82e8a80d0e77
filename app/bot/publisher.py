"""The one thread that talks to Redis for the event loop, which therefore never waits for it.

Batches become durable in their order: in the ledger, or in the spool while Redis is away or older batches still wait
there. The write to the ledger is what counts; the task message after it is a hint that a sweep repeats.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import kombu.exceptions
import redis
import redis.exceptions
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from app.bot import metrics
from app.bot.batches import Batch
from app.bot.spool import Entry, Spool, SpoolFull
from app.core import ledger, queue
from app.core.errors import QueueUnavailable
from app.core.quiet import describe
from app.core.redis import CONNECT_TIMEOUT, SOCKET_TIMEOUT
from app.core.settings import settings

log = logging.getLogger(__name__)

T = TypeVar("T")

# After a refusal Redis is left alone for this long; until then batches go straight to the spool.
_PROBE_SECONDS = 1.0
_REPLAY_AT_ONCE = 50
_BATCHES_AT_ONCE = 40
_SEND_ERRORS = (QueueUnavailable, redis.exceptions.RedisError, kombu.exceptions.KombuError, OSError)


class Call:
    """A function that runs in the publisher's thread."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.future: Future[Any] = Future()

    def run(self) -> None:
        """Run it, and hand its result or error to whoever waits."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self.function())
        except Exception as error:  # noqa: BLE001 - the error belongs to whoever asked for the call.
            self.future.set_exception(error)


class Publisher:
    """Makes batches durable, and publishes commands."""

    def __init__(self, spool: Spool, *, max_events: int, on_full: Callable[[bool], None]) -> None:
        """`on_full` is called in the event loop when the spool fills, and again when it has room."""
        self.spool = spool
        self._max_events = max_events
        self._on_full = on_full
        self._work = threading.Condition()
        self._calls: deque[Call] = deque()
        self._batches: deque[Batch | Call] = deque()
        self._held: list[tuple[Entry, int]] = []
        self._events = 0
        self._away_until = 0.0
        self.away_since: float | None = None
        self.full_since: float | None = None
        self._closing = False
        self._client: redis.Redis | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name="publisher", daemon=True)
        # Called in the event loop when the thread ends by a fault of its own.
        self.on_failure: Callable[[BaseException], None] = lambda _: None

    # The event loop's side.

    def start(self) -> None:
        """Start the thread; the loop that calls this is the one that is told of a full spool."""
        self._loop = asyncio.get_running_loop()
        self._room.set()
        self._thread.start()

    @property
    def buffered(self) -> int:
        """How many events are in memory and not durable yet."""
        return self._events

    def offer(self, batch: Batch) -> None:
        """Hand over a batch; it is never refused, so whoever produces events waits for room first."""
        with self._work:
            self._batches.append(batch)
            self._events += len(batch.events)
            if self._events >= self._max_events:
                self._room.clear()
            self._work.notify()

    async def wait_for_room(self) -> None:
        """Wait until the memory bound is not reached (backpressure for the gateway's reader and for backfill)."""
        if self._events >= self._max_events:
            await self._room.wait()

    async def publish(self, task: str, entry_id: str, payload: bytes) -> None:
        """Keep a command in the ledger and enqueue its task; raises QueueUnavailable when it was not kept."""
        await self.submit(lambda: self._publish(Entry(task, entry_id, payload)))

    async def submit(self, function: Callable[[], T], *, after_batches: bool = False) -> T:
        """Run this in the publisher's thread, at once or behind the batches offered so far."""
        call = Call(function)
        with self._work:
            if self._closing:
                raise QueueUnavailable("the bot is stopping")
            (self._batches if after_batches else self._calls).append(call)
            self._work.notify()
        return await asyncio.wrap_future(call.future)

    async def close(self) -> None:
        """Make durable what was offered, then end the thread."""
        with self._work:
            self._closing = True
            self._work.notify()
        while self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, 1.0)

    # The thread's side.

    def redis(self) -> redis.Redis:
        """The thread's own connection, which fails within about a second and never tries again by itself."""
        if self._client is None:
            self._client = redis.Redis.from_url(
                settings().redis_url,
                socket_timeout=SOCKET_TIMEOUT,
                socket_connect_timeout=CONNECT_TIMEOUT,
                retry=Retry(NoBackoff(), 0),
            )
        return self._client

    @property
    def is_redis_away(self) -> bool:
        """Whether Redis refused lately."""
        return time.monotonic() < self._away_until

    def _main(self) -> None:
        try:
            while self._step():
                pass
        except Exception as error:
            log.exception("the publisher stopped")
            self._tell_loop(self.on_failure, error)
        finally:
            self._end()

    def _end(self) -> None:
        with self._work:
            self._closing = True
            waiting = [*self._calls, *(item for item in self._batches if isinstance(item, Call))]
        for call in waiting:
            call.future.set_exception(QueueUnavailable("the bot is stopping"))
        self.spool.close()
        if self._client is not None:
            self._client.close()

    def _step(self) -> bool:
        """One round: commands, then the batches of this moment, then a part of the spool; False when all is done."""
        calls, batches, closing = self._take()
        for call in calls:
            call.run()
        self._process(batches)
        self._replay()
        self._retry_held()
        self._report()
        idle = not (self._calls or self._batches)
        return not (closing and idle)

    def _take(self) -> tuple[list[Call], list[Batch | Call], bool]:
        with self._work:
            if not (self._calls or self._batches or self._closing):
                self._work.wait(self._patience())
            calls = list(self._calls)
            self._calls.clear()
            batches = [self._batches.popleft() for _ in range(min(len(self._batches), _BATCHES_AT_ONCE))]
            return calls, batches, self._closing

    def _patience(self) -> float | None:
        if not (self.spool.entries or self._held):
            return None
        return max(0.0, self._away_until - time.monotonic()) or 0.001

    def _process(self, work: Sequence[Batch | Call]) -> None:
        group: list[Batch] = []
        for item in work:
            if isinstance(item, Call):
                self._keep(group)
                group = []
                item.run()
            else:
                group.append(item)
        self._keep(group)

    def _keep(self, batches: list[Batch]) -> None:
        """Make these durable, or hold them when even the spool is full."""
        if not batches:
            return
        entries = [(Entry(batch.task, batch.id, batch.payload()), len(batch.events)) for batch in batches]
        if self._held:
            self._held += entries
            return
        with metrics.PUBLISH.time():
            is_kept = self._to_ledger_or_spool([entry for entry, _ in entries])
        if is_kept:
            self._forget(sum(events for _, events in entries))
        else:
            self._held += entries

    def _to_ledger_or_spool(self, entries: list[Entry]) -> bool:
        if not self.spool.entries and not self.is_redis_away and self._to_ledger(entries):
            metrics.BATCHES.labels("ledger").inc(len(entries))
            return True
        try:
            self.spool.append(entries)
        except SpoolFull as error:
            self._declare_full(error)
            return False
        metrics.BATCHES.labels("spool").inc(len(entries))
        return True

    def _to_ledger(self, entries: list[Entry]) -> bool:
        """Whether the ledger has them now; a sweep will offer those whose task could not be enqueued."""
        try:
            pipe = self.redis().pipeline(transaction=True)
            for entry in entries:
                ledger.stage(pipe, ledger_of(entry.task), entry.id, entry.payload)
            are_enqueued = self._stage_tasks(pipe, entries)
            pipe.execute()
        except (redis.exceptions.RedisError, OSError) as error:
            self._note_away(error)
            return False
        self._note_back()
        if not are_enqueued:
            self._enqueue(entries)
        return True

    def _stage_tasks(self, pipe: Pipeline, entries: list[Entry]) -> bool:
        """Whether the transaction that keeps the entries enqueues their tasks too (some perhaps twice, safely)."""
        if not queue.is_beside_ledger():
            return False
        try:
            for entry in entries:
                queue.stage(pipe, entry.task, entry.id)
        except _SEND_ERRORS as error:
            log.info("tasks are enqueued one by one: %s", describe(error))
            return False
        return True

    def _enqueue(self, entries: list[Entry]) -> None:
        try:
            for entry in entries:
                queue.send(entry.task, entry.id)
        except _SEND_ERRORS as error:
            log.warning("tasks could not be enqueued, the sweep will offer their entries: %s", describe(error))

    def _publish(self, entry: Entry) -> None:
        if self.is_redis_away:
            raise QueueUnavailable
        if not self._to_ledger([entry]):
            raise QueueUnavailable

    def _replay(self) -> None:
        """Move the oldest part of the spool to the ledger, if Redis lets us."""
        if not self.spool.entries or self.is_redis_away:
            return
        try:
            found = self.spool.oldest(_REPLAY_AT_ONCE)
            if found and self._to_ledger([entry for _, entry in found]):
                self.spool.remove_through(found[-1][0])
                metrics.BATCHES.labels("replayed").inc(len(found))
        except sqlite3.Error as error:
            # What the ledger already has is offered twice then, and applied once.
            log.error("the spool cannot be read at the moment: %s", type(error).__name__)  # noqa: TRY400 - no user text.
            self._away_until = time.monotonic() + _PROBE_SECONDS

    def _retry_held(self) -> None:
        """Take up again what a full spool could not hold, once it has room for all of it or Redis takes it."""
        if not self._held or (self.is_redis_away and not self.spool.has_room):
            return
        held = [entry for entry, _ in self._held]
        if self.spool.entries and not (self.spool.has_room and self.spool.fits(held)):
            return
        if self._to_ledger_or_spool(held):
            self._forget(sum(events for _, events in self._held))
            self._held = []
            self.full_since = None
            self._tell_loop(self._on_full, False)

    def _declare_full(self, error: SpoolFull) -> None:
        if self.full_since is None:
            self.full_since = time.time()
            log.error("the spool takes no more: %s; leaving the gateway, backfill will follow", error)
            self._tell_loop(self._on_full, True)

    def _note_away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _PROBE_SECONDS
        if self.away_since is None:
            self.away_since = time.time()
            log.warning("Redis does not take events, they go to the spool: %s", describe(error))

    def _note_back(self) -> None:
        self._away_until = 0.0
        if self.away_since is not None:
            log.warning("Redis takes events again; %d batches wait in the spool", self.spool.entries)
            self.away_since = None

    def _forget(self, events: int) -> None:
        with self._work:
            self._events -= events
            has_room = self._events <= self._max_events // 2
        if has_room:
            self._tell_loop(self._room.set)

    def _tell_loop(self, function: Callable[..., object], *args: object) -> None:
        assert self._loop is not None
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def _report(self) -> None:
        metrics.BUFFERED.set(self._events)
        metrics.SPOOL_ENTRIES.set(self.spool.entries)
        metrics.SPOOL_BYTES.set(self.spool.bytes)


def ledger_of(task: str) -> str:
    """The ledger (and queue) of a task: its name's first word."""
    return task.partition(".")[0]
