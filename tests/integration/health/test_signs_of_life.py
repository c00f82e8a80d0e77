"""A real worker and a real beat leave the signs that health reads."""

import asyncio
import os
import subprocess
import sys
import time

import pytest

from app.core.queue import QUEUE_NAMES
from app.core.redis import async_broker_redis, async_cache_redis, broker_redis
from app.core.settings import PROJECT
from app.upkeep.health.queries import read_backlog, read_figures


@pytest.fixture
def start(database, tmp_path):
    """Start a process of the product; all are ended with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", *words], cwd=PROJECT, env=os.environ, stdout=log, stderr=log
            )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.terminate()
    for process in running:
        process.wait(60)


async def ask(read, client, *more):
    try:
        return await read(client, *more)
    finally:
        await client.aclose()


def backlog():
    return asyncio.run(ask(read_backlog, async_broker_redis()))


def figures():
    return asyncio.run(ask(read_figures, async_cache_redis(), {}))


def until(condition, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def test_a_worker_shows_progress_on_its_queues_and_what_tasks_cost(start):
    start("worker", "-n", "worker@%h", "-Q", ",".join(QUEUE_NAMES))
    until(lambda: None not in backlog().workers.values(), "the worker greets for every queue")
    broker_redis().delete("status:workers")
    from app.core import queue

    queue.send("health.pulses")
    until(lambda: None not in backlog().workers.values(), "every queue gets a pulse")
    until(lambda: figures().durations.get("health.pulses|done|sum", 0) > 0, "the task's duration is written")
    assert sum(value for name, value in figures().durations.items() if name.startswith("health.pulses|done|")) > 1


def test_pulses_do_not_pile_up_before_a_dead_worker(start):
    start("worker", "-n", "worker@%h", "-Q", "maintenance")
    from app.core import queue

    for _ in range(5):
        queue.send("health.pulses")
    until(lambda: figures().durations and not backlog().queues["maintenance"], "the pulses are sent")
    until(lambda: backlog().queues["chat"] == 1, "one pulse waits")
    assert all(depth == 1 for name, depth in backlog().queues.items() if name != "maintenance")
    assert backlog().workers["chat"] is None


def test_beat_leaves_a_stamp_when_it_starts_and_when_it_sends(start):
    start("beat")
    until(lambda: backlog().beat is not None, "beat stamps its start")
    broker_redis().delete("status:beat")
    until(lambda: backlog().beat is not None, "beat stamps what it sends", 45)
    assert any(backlog().queues[name] > 0 for name in ("commands", "maintenance", "outbound"))
