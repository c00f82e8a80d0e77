"""What the servers say about the system: one round trip to each."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import redis.asyncio
from sqlalchemy import text

from app.core import ledger
from app.core.db import unit_of_work
from app.core.queue import QUEUE_NAMES
from app.knowledge.vectors import registry
from app.upkeep.health.service import BEAT_KEY, COUNTERS_KEY, DURATIONS_KEY, GAUGES_KEY, WORKERS_KEY
from app.upkeep.jobs.queries import LastRun, last_runs

# Kombu's hash of messages that a worker holds.
_UNACKED = "unacked"
_STATEMENT_TIMEOUT = "2s"
# Each has a partial index or few rows, so that counting what waits reads little more than what waits.
_BACKLOGS = {
    "documents": "SELECT count(*) FROM documents WHERE stale_at IS NOT NULL",
    "store_removals": "SELECT count(*) FROM store_files WHERE state = 'removing'",
    "embedding_failures": "SELECT count(*) FROM embedding_failures",
    "guilds_changing_model": "SELECT count(*) FROM guild_models WHERE target IS NOT NULL OR has_leftovers",
    "outbound_posts": "SELECT count(*) FROM outbound_posts WHERE sent_at IS NULL AND failed_at IS NULL",
}


@dataclass(frozen=True)
class Backlog:
    """What waits in Redis, and when each part last gave a sign of progress (ages in seconds, None: never)."""

    queues: Mapping[str, int]
    in_progress: int
    ledgers: Mapping[str, int]
    oldest_seconds: float
    workers: Mapping[str, float | None]
    beat: float | None
    memory_used: int
    memory_limit: int


@dataclass(frozen=True)
class Figures:
    """What the workers counted."""

    durations: Mapping[str, float] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """What stands in the database about the system itself."""

    dead_letters: int
    jobs: tuple[LastRun, ...]


async def read_backlog(client: redis.asyncio.Redis) -> Backlog:
    """Ask the durable server; redis-py's errors pass through."""
    pipe = client.pipeline(transaction=False)
    for name in QUEUE_NAMES:
        pipe.llen(name)
    for name in QUEUE_NAMES:
        pipe.hlen(ledger.key(name))
    for name in QUEUE_NAMES:
        pipe.zrange(ledger.born_key(name), 0, 0, withscores=True)
    pipe.hlen(_UNACKED)
    pipe.hgetall(WORKERS_KEY)
    pipe.get(BEAT_KEY)
    pipe.info("memory")
    answers = await pipe.execute()
    now, count = time.time(), len(QUEUE_NAMES)
    depths, entries, born = answers[:count], answers[count : 2 * count], answers[2 * count : 3 * count]
    in_progress, stamps, beat, memory = answers[3 * count :]
    births = [oldest[0][1] for oldest in born if oldest]
    return Backlog(
        queues=dict(zip(QUEUE_NAMES, depths, strict=True)),
        in_progress=in_progress,
        ledgers=dict(zip(QUEUE_NAMES, entries, strict=True)),
        oldest_seconds=max(0.0, now - min(births)) if births else 0.0,
        workers={name: _age(stamps.get(name.encode()), now) for name in QUEUE_NAMES},
        beat=_age(beat, now),
        memory_used=memory["used_memory"],
        memory_limit=memory.get("maxmemory", 0),
    )


def _age(stamp: bytes | None, now: float) -> float | None:
    return None if stamp is None else max(0.0, now - float(stamp))


async def read_figures(client: redis.asyncio.Redis, counted: Mapping[str, int]) -> Figures:
    """Ask the cache's server, after adding what this process counted; redis-py's errors pass through."""
    pipe = client.pipeline(transaction=False)
    for name, amount in counted.items():
        pipe.hincrby(COUNTERS_KEY, name, amount)
    for key in (DURATIONS_KEY, COUNTERS_KEY, GAUGES_KEY):
        pipe.hgetall(key)
    *_, durations, counters, gauges = await pipe.execute()
    return Figures(_numbers(durations), _numbers(counters), _numbers(gauges))


def _numbers(answer: Mapping[bytes, bytes]) -> dict[str, float]:
    return {name.decode(): float(value) for name, value in answer.items()}


def read_records() -> Records:
    """Ask the database; blocks, and SQLAlchemy's errors pass through."""
    with unit_of_work() as uow:
        uow.session.execute(text(f"SET LOCAL statement_timeout = '{_STATEMENT_TIMEOUT}'"))
        dead = uow.session.execute(text("SELECT count(*) FROM dead_letters")).scalar_one()
        return Records(dead, tuple(last_runs(uow.session)))


def backlogs() -> dict[str, int]:
    """How many rows wait for each kind of work; SQLAlchemy's errors pass through."""
    with unit_of_work() as uow:
        counted = {name: int(uow.session.execute(text(count)).scalar_one()) for name, count in _BACKLOGS.items()}
        return {"embeddings": registry.waiting(uow.session), **counted}
