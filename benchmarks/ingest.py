"""From gateway frames to committed rows, beside three peers that show what the parts can do."""

import json
import subprocess
import sys
import time

import psycopg2

from app.core.settings import PROJECT
from benchmarks.peers import bare_copy
from benchmarks.report import Report
from tests.factories.system import System

PRODUCT_EVENTS = 100_000
CLIENT_EVENTS = 100_000
TASK_MESSAGES = 4_000


def measure(system: System, report: Report) -> None:
    """The product and its peers, one after another on the same servers."""
    product = product_rate(system)
    tasks = tasks_rate(system)
    client = client_rate(system)
    copy = copy_rate(system)
    report.add("ingest: gateway frames to committed rows", product, "events/s")
    report.add("peer a: one Celery task per message", tasks, "events/s")
    report.add("peer b: empty discord.py client, same socket", client, "events/s")
    report.add("peer c: PostgreSQL alone, COPY and totals", copy, "events/s")
    report.add("ingest / one task per message", product / tasks, "times", least=25)
    report.add("ingest / empty client", product / client, "times", least=0.5)
    report.add("ingest / PostgreSQL alone", product / copy, "times")


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
    flood(system, 2_000)
    before = _settled(system)
    start = time.perf_counter()
    flood(system, PRODUCT_EVENTS)
    system.until(lambda: _count(system) >= before + PRODUCT_EVENTS, "all events are rows", 120)
    return PRODUCT_EVENTS / (time.perf_counter() - start)


def _count(system: System) -> int:
    return int(system.value("SELECT coalesce(sum(message_count), 0) FROM members"))


def _settled(system: System) -> int:
    """The number of rows once the ledger is empty."""
    system.until(lambda: system.health()["ledger"]["entries"] == 0, "the ledger is empty", 60)
    return _count(system)


def client_rate(system: System) -> float:
    """Events a second of a client that only counts; the bot is away meanwhile."""
    system.kill("bot", 15)
    command = [sys.executable, "-m", "benchmarks.peers.empty_client", str(CLIENT_EVENTS)]
    with subprocess.Popen(command, cwd=PROJECT, env=system.environment, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline().strip() == "ready"
        flood(system, CLIENT_EVENTS)
        rate = json.loads(client.stdout.readline())["rate"]
    return float(rate)


def tasks_rate(system: System) -> float:
    """Messages a second of one task per message with two prefork workers."""
    _peer_tables(system)
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.peers.per_message", "worker", "-c", "2", "-Q", "peer"]
    worker = subprocess.Popen(
        command, cwd=PROJECT, env=system.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        _publish_tasks(system, 50)
        system.until(lambda: _peer_count(system) >= 50, "the peer's worker runs", 60)
        start = time.perf_counter()
        _publish_tasks(system, TASK_MESSAGES)
        system.until(lambda: _peer_count(system) >= 50 + TASK_MESSAGES, "all tasks are done", 120)
        return TASK_MESSAGES / (time.perf_counter() - start)
    finally:
        worker.terminate()
        worker.wait(60)


def _publish_tasks(system: System, count: int) -> None:
    program = [sys.executable, "-m", "benchmarks.peers.publish", str(count)]
    subprocess.run(program, cwd=PROJECT, env=system.environment, check=True)


def _peer_tables(system: System) -> None:
    with psycopg2.connect(system.environment["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS peer_messages, peer_members")
        for table in bare_copy.TABLES:
            cursor.execute(table)
    connection.close()


def _peer_count(system: System) -> int:
    return int(system.value("SELECT coalesce(sum(message_count), 0) FROM peer_members"))


def copy_rate(system: System) -> float:
    """Rows a second of one connection that only copies and adds up."""
    _peer_tables(system)
    rows = [(number, 1, number % 5, number % 50, f"message number {number}") for number in range(PRODUCT_EVENTS)]
    return bare_copy.measure(system.environment["DATABASE_URL"], rows)
