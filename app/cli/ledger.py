"""`ledger status|replay`: what waits to be applied."""

import argparse
import json
import time
from typing import Any

from redis.exceptions import RedisError

from app.activity.ingest.messages import QUEUE, TASK
from app.core import commands, ledger, queue
from app.core.errors import QueueUnavailable
from app.core.redis import broker_redis

_QUEUES = (QUEUE, commands.QUEUE)


def status() -> dict[str, Any]:
    """By queue: how many entries wait, since when the oldest does, how many are due, and how many had faults."""
    return {name: _status_of(name) for name in _QUEUES}


def _status_of(name: str) -> dict[str, Any]:
    client, now = broker_redis(), time.time()
    oldest: Any = client.zrange(ledger.born_key(name), 0, 0, withscores=True)
    return {
        "entries": ledger.depth(client, name),
        "oldest_seconds": round(now - oldest[0][1], 1) if oldest else 0,
        "due": client.zcount(ledger.due_key(name), "-inf", now),
        "with_faults": client.hlen(ledger.faults_key(name)),
    }


def replay() -> dict[str, int]:
    """Offer every batch that waits, now; one that is applied meanwhile is not applied again."""
    client = broker_redis()
    repaired = ledger.repair(client, QUEUE)
    entries = sorted(ledger.ids(client, QUEUE))
    for entry_id in entries:
        queue.send(TASK, entry_id)
    return {"offered": len(entries), "repaired": repaired}


def _run(arguments: argparse.Namespace) -> int:
    try:
        found: dict[str, Any] = status() if arguments.action == "status" else replay()
    except RedisError as error:
        raise QueueUnavailable(f"the ledger cannot be reached: {type(error).__name__}") from None
    if arguments.json:
        print(json.dumps(found))
    elif arguments.action == "replay":
        print(f"{found['offered']} batches offered again")
    else:
        for name, row in found.items():
            print(
                f"{name}: {row['entries']} entries, oldest {row['oldest_seconds']} s, {row['due']} due,"
                f" {row['with_faults']} with faults"
            )
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger`."""
    parser = commands.add_parser("ledger", help="show what waits to be applied, or offer it again")
    parser.add_argument("action", choices=("status", "replay"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)
