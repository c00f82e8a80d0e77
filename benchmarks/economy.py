"""Awaited transfers of coins with the two processes of one worker, beside the least that a database can do.

A transfer goes the whole way but for Discord: into the ledger of commands, through the broker, one transaction with
its outcome, and back as an answer. The yardstick is a transaction of two updates over two connections.
"""

import itertools
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psycopg2

from app.core import commands, ledger, queue
from app.core.commands import Command
from app.core.redis import broker_redis
from app.core.settings import PROJECT, settings
from benchmarks.commands import percentile
from benchmarks.report import Report
from tests.factories.system import System

GUILD, PEOPLE, RICH = 1, 200, 10**6
TRANSFERS = 2_000
CLIENTS = 8
CONNECTIONS = 2


def measure(folder: Path, report: Report) -> None:
    """Start a worker, and transfer from a process of its own."""
    system = System(folder)
    try:
        system.start("worker")
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.economy"],
            cwd=PROJECT,
            env=system.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        # It exits with an error where the ledger does not come out.
        audit = [sys.executable, "-m", "app", "economy", "audit"]
        subprocess.run(audit, cwd=PROJECT, env=system.environment, check=True)
    finally:
        system.stop()
    found = json.loads(done.stdout)
    note = f"{CLIENTS} clients, 2 processes"
    report.add("awaited transfers", found["per_second"], "/s", note=note)
    report.add("awaited transfer: p50", found["p50"], "ms", note=note)
    report.add("awaited transfer: p99", found["p99"], "ms", note=note)
    report.add("awaited transfer, one client: p99", found["alone_p99"], "ms")
    note = f"{CONNECTIONS} connections"
    report.add("two-row SQL transactions", found["sql_per_second"], "/s", note=note)
    report.add("two-row SQL transaction: p99", found["sql_p99"], "ms", note=note)
    report.add("awaited transfers / two-row transactions", found["per_second"] / found["sql_per_second"], "")


class Answers:
    """Hears every answer, and wakes the client that waits for it."""

    def __init__(self) -> None:
        self._waiting: dict[str, threading.Event] = {}
        self._subscription = broker_redis().pubsub()
        self._subscription.psubscribe("answer:*")
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        for message in self._subscription.listen():
            if message["type"] == "pmessage":
                answer: Any = msgspec.json.decode(message["data"])
                assert answer.get("state", "done") == "done", answer
                self._waiting[message["channel"].decode().removeprefix("answer:")].set()

    def ask(self, command: Command) -> None:
        heard = self._waiting[str(command.id)] = threading.Event()
        ledger.put(broker_redis(), commands.QUEUE, [(str(command.id), commands.encode(command))])
        queue.send(command.task, str(command.id))
        assert heard.wait(60), "no answer"


def timed(work: Callable[[int], None], calls: int, clients: int) -> tuple[float, list[float]]:
    """Calls a second of so many clients, each after the other, and milliseconds of each call."""
    numbers, taken = itertools.count(), []
    per_client = calls // clients

    def client() -> None:
        for _ in range(per_client):
            start = time.perf_counter()
            work(next(numbers))
            taken.append((time.perf_counter() - start) * 1000)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == per_client * clients, "a client failed"
    return len(taken) / (time.perf_counter() - start), taken


def transfers() -> dict[str, float]:
    """Everybody is rich; then anybody gives anybody a coin."""
    answers, chance, ids = Answers(), random.Random(1), itertools.count(1)

    def ask(task: str, user: int, **arguments: int) -> None:
        answers.ask(
            Command(
                task=task,
                id=next(ids),
                guild_id=GUILD,
                user_id=user,
                channel_id=1,
                language="en",
                deadline=time.time() + 60,
                arguments=dict(arguments),
            )
        )

    def give(_: int) -> None:
        giver, taker = chance.sample(range(1, PEOPLE + 1), 2)
        ask("commands.transfer", giver, member=taker, amount=1)

    timed(lambda number: ask("commands.economy_set", 1, member=number + 1, amount=RICH), PEOPLE, 4)
    per_second, taken = timed(give, TRANSFERS, CLIENTS)
    _, alone = timed(give, 300, 1)
    return {
        "per_second": per_second,
        "p50": percentile(taken, 50),
        "p99": percentile(taken, 99),
        "alone_p99": percentile(alone, 99),
    }


def two_rows() -> dict[str, float]:
    """The same people in a table of two columns."""
    local, chance = threading.local(), random.Random(1)
    connection = psycopg2.connect(settings().database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_purses (id bigint PRIMARY KEY, balance bigint NOT NULL)")
        cursor.execute("INSERT INTO bench_purses SELECT n, %s FROM generate_series(1, %s) n", (RICH, PEOPLE))

    def give(_: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg2.connect(settings().database_url)
        pair = sorted(zip(chance.sample(range(1, PEOPLE + 1), 2), (-1, 1), strict=True))
        with local.connection, local.connection.cursor() as cursor:
            for user, change in pair:
                cursor.execute("UPDATE bench_purses SET balance = balance + %s WHERE id = %s", (change, user))

    per_second, taken = timed(give, TRANSFERS, CONNECTIONS)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_purses")
    return {"sql_per_second": per_second, "sql_p99": percentile(taken, 99)}


def main() -> None:
    """Print both as JSON."""
    print(json.dumps({**transfers(), **two_rows()}))


if __name__ == "__main__":
    main()
