"""The durable claim check: work is kept here until a worker has committed it.

Celery's Redis transport can lose a message between its pop and its `unacked` record, so the message carries an id
alone and the payload stays in `ledger:<queue>` until it is applied. `ledger:<queue>:due` holds when each entry is to
be offered again, `ledger:<queue>:born` since when it waits, and `ledger:<queue>:faults` how often an entry itself
(not an outage) made its task fail.
"""

import time
from collections.abc import Iterable
from typing import cast

from redis import Redis
from redis.client import Pipeline

# A healthy worker is done long before; a sweep that comes earlier would only repeat work in progress.
FIRST_RETRY_SECONDS = 30.0
_BACKOFF_LIMIT_SECONDS = 600.0


def key(queue: str) -> str:
    """The hash that maps an entry's id to its payload."""
    return f"ledger:{queue}"


def due_key(queue: str) -> str:
    """The sorted set of ids by the time (Unix seconds) of their next offer."""
    return f"ledger:{queue}:due"


def born_key(queue: str) -> str:
    """The sorted set of ids by the time (Unix seconds) of their arrival."""
    return f"ledger:{queue}:born"


def faults_key(queue: str) -> str:
    """The hash of faults by id."""
    return f"ledger:{queue}:faults"


def put(client: Redis, queue: str, entries: Iterable[tuple[str, bytes]], *, delay: float = FIRST_RETRY_SECONDS) -> None:
    """Keep these entries, atomically; putting one again replaces it, and redis-py's errors pass through."""
    pipe = client.pipeline(transaction=True)
    for entry_id, payload in entries:
        stage(pipe, queue, entry_id, payload, delay=delay)
    pipe.execute()


def stage(pipe: Pipeline, queue: str, entry_id: str, payload: bytes, *, delay: float = FIRST_RETRY_SECONDS) -> None:
    """Add an entry's commands to a pipeline that the caller executes."""
    now = time.time()
    pipe.hset(key(queue), entry_id, payload)
    pipe.zadd(due_key(queue), {entry_id: now + delay})
    pipe.zadd(born_key(queue), {entry_id: now}, nx=True)


def fetch(client: Redis, queue: str, entry_id: str) -> bytes | None:
    """The payload, or None when the entry is done."""
    return cast("bytes | None", client.hget(key(queue), entry_id))


def remove(client: Redis, queue: str, *entry_ids: str) -> None:
    """Forget these entries: their work is committed, or stands in the dead letters."""
    pipe = client.pipeline(transaction=True)
    pipe.hdel(key(queue), *entry_ids)
    pipe.zrem(due_key(queue), *entry_ids)
    pipe.zrem(born_key(queue), *entry_ids)
    pipe.hdel(faults_key(queue), *entry_ids)
    pipe.execute()


def record_fault(client: Redis, queue: str, entry_id: str) -> int:
    """Count one more fault of the entry itself, and say how many there are now."""
    return int(client.hincrby(faults_key(queue), entry_id, 1))


def claim_due(client: Redis, queue: str, limit: int = 500) -> list[str]:
    """The ids whose time has come, each put off with backoff so that two sweeps do not both offer it.

    An entry whose due time was lost is given one: the hash is the truth.
    """
    now = time.time()
    raw = cast("list[bytes]", client.zrangebyscore(due_key(queue), "-inf", now, start=0, num=limit))
    pipe = client.pipeline(transaction=True)
    for member in raw:
        pipe.zadd(due_key(queue), {member: now + _retry_delay(client, queue, member)}, xx=True)
    pipe.execute()
    return [member.decode() for member in raw]


def _retry_delay(client: Redis, queue: str, member: bytes) -> float:
    faults = int(cast("bytes | None", client.hget(faults_key(queue), member.decode())) or 0)
    return min(FIRST_RETRY_SECONDS * 2.0**faults, _BACKOFF_LIMIT_SECONDS)


def repair(client: Redis, queue: str) -> int:
    """Give every entry without a due time one that is now; the number repaired."""
    repaired = 0
    for field, _ in client.hscan_iter(key(queue), count=500):
        repaired += int(client.zadd(due_key(queue), {field: time.time()}, nx=True) or 0)
    return repaired


def ids(client: Redis, queue: str) -> list[str]:
    """Every entry's id, in no order."""
    return [field.decode() for field in cast("list[bytes]", client.hkeys(key(queue)))]


def depth(client: Redis, queue: str) -> int:
    """How many entries wait or are in progress."""
    return int(client.hlen(key(queue)))
