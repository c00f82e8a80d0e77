"""From gateway frames to committed rows, beside three peers that show what the parts can do.

The product and the empty client take turns, so that whatever else the machine does meets both; of several runs the
median counts. A peer has the machine to itself: the product is idle or ended.
"""

import copy
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from statistics import median

import psycopg2

from app.core.settings import PROJECT
from app.stack import ports
from benchmarks.peers import bare_copy
from benchmarks.report import Report
from tests.factories.system import System

RUNS = 3
WARM_UP_EVENTS = 5_000
EVENTS = 100_000
TASKS = 4_000
WARM_UP_TASKS = 200
PUBLISHERS = 2
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.02


def measure(system: System, report: Report) -> None:
    """The product and its peers on the same servers; the product's processes end with it."""
    flood(system, WARM_UP_EVENTS)
    turns = [(product_rate(system), client_rate(system)) for _ in range(RUNS)]
    _end_product(system)
    tasks = tasks_rate(system)
    copied = median(copy_rate(system) for _ in range(RUNS))
    product = median(ours for ours, _ in turns)
    report.add("ingest: gateway frames to committed rows", product, "events/s")
    report.add("peer a: one Celery task per message", tasks, "events/s")
    report.add("peer b: empty discord.py client, same socket", median(theirs for _, theirs in turns), "events/s")
    report.add("peer c: PostgreSQL alone, COPY and totals", copied, "events/s")
    report.add("ingest / one task per message", product / tasks, "times", least=25)
    report.add("ingest / empty client", median(ours / theirs for ours, theirs in turns), "times", least=0.5)
    report.add("ingest / PostgreSQL alone", product / copied, "times")


def _place(system: System) -> tuple[str, list[str]]:
    guild = system.call("GET", "/sandbox/state")["guilds"][0]
    channel = next(c["id"] for c in guild["channels"] if c["type"] == 0)
    return channel, [m["user"]["id"] for m in guild["members"] if not m["user"].get("bot")]


def flood(system: System, count: int, per_second: int | None = None) -> None:
    """Let the sandbox send that many messages to the bot's socket."""
    channel, authors = _place(system)
    body = {"channel": channel, "authors": authors, "count": count}
    system.call("POST", "/sandbox/flood", body if per_second is None else {**body, "per_second": per_second})


def product_rate(system: System) -> float:
    """Events a second of the whole path, with the bot and the default workers."""
    before = _settled(system)
    start = time.perf_counter()
    flood(system, EVENTS)
    _wait_for(system, "members", before + EVENTS)
    return EVENTS / (time.perf_counter() - start)


def _wait_for(system: System, table: str, messages: int) -> int:
    """How many messages the members of this table have, once it is at least so many; looking costs next to nothing."""
    with closing(psycopg2.connect(system.environment["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (found := _sum(cursor, table)) < messages:
            assert time.monotonic() < deadline, f"{found:,} of {messages:,} messages in {table}"
            time.sleep(_LOOK_SECONDS)
    return found


def _sum(cursor: "psycopg2.extensions.cursor", table: str) -> int:
    cursor.execute(f"SELECT coalesce(sum(message_count), 0)::bigint FROM {table}")
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _settled(system: System) -> int:
    """The number of messages once nothing is under way any more."""
    system.until(lambda: _is_idle(system.health()), "the ledger is empty", 60)
    return _wait_for(system, "members", 0)


def _is_idle(health: dict[str, dict[str, int]]) -> bool:
    return not (health["ledger"]["entries"] or health["queues"]["ingest"])


def _end_product(system: System) -> None:
    """End everything but the servers."""
    for name in list(system.processes):
        system.kill(name)


@contextmanager
def _paused(system: System, name: str) -> Iterator[None]:
    """Let a process and its children stand still."""
    group = system.processes[name].pid
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def client_rate(system: System) -> float:
    """Events a second of a client that only counts, at a sandbox of its own, while the product has nothing to do."""
    _settled(system)
    peer = _sandbox_beside(system)
    peer.start("sandbox")
    try:
        # Nothing else has work left; the index of what came in takes minutes.
        with _paused(system, "worker-ai"):
            return _client_run(peer)
    finally:
        peer.kill("sandbox")


def _sandbox_beside(system: System) -> System:
    peer = copy.copy(system)
    peer.sandbox_port, peer.processes = ports.unused(), {}
    peer.environment = {
        **system.environment,
        "SANDBOX_PORT": str(peer.sandbox_port),
        "DISCORD_API_URL": f"{peer.sandbox_url}/api/v10",
        "DATA_DIR": str(system.folder / "peer"),
    }
    return peer


def _client_run(peer: System) -> float:
    command = [sys.executable, "-m", "benchmarks.peers.empty_client", str(EVENTS)]
    with subprocess.Popen(command, cwd=PROJECT, env=peer.environment, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline().strip() == "ready"
        flood(peer, EVENTS)
        return float(json.loads(client.stdout.readline())["rate"])


def tasks_rate(system: System) -> float:
    """Messages a second of one task per message with two prefork workers; they are published beforehand."""
    _peer_tables(system)
    _publish_tasks(system)
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.peers.per_message", "worker", "-c", "2", "-Q", "peer"]
    worker = subprocess.Popen(
        command, cwd=PROJECT, env=system.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        before, start = _wait_for(system, "peer_members", WARM_UP_TASKS), time.perf_counter()
        _wait_for(system, "peer_members", TASKS)
        return (TASKS - before) / (time.perf_counter() - start)
    finally:
        worker.terminate()
        worker.wait(60)


def _publish_tasks(system: System) -> None:
    share = TASKS // PUBLISHERS
    programs = [
        [sys.executable, "-m", "benchmarks.peers.publish", str(share), str(part * share)] for part in range(PUBLISHERS)
    ]
    running = [subprocess.Popen(program, cwd=PROJECT, env=system.environment) for program in programs]
    for publisher in running:
        assert publisher.wait(300) == 0, "a publisher of the peer failed"


def _peer_tables(system: System) -> None:
    with psycopg2.connect(system.environment["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS peer_messages, peer_members")
        for table in bare_copy.TABLES:
            cursor.execute(table)
    connection.close()


def copy_rate(system: System) -> float:
    """Rows a second of one connection that only copies and adds up."""
    _peer_tables(system)
    rows = [(number, 1, number % 5, number % 50, f"message number {number}") for number in range(EVENTS)]
    return bare_copy.measure(system.environment["DATABASE_URL"], rows)
