"""What it costs to hand events over durably: one ledger entry and one task for 500 events, or a task for each."""

import json
import subprocess
import sys
import time
from pathlib import Path

from app.core import ledger, queue
from app.core.redis import broker_redis
from app.core.settings import PROJECT
from benchmarks.report import Report
from tests.factories.system import System

BATCHES = 100
EVENTS = 500
SINGLE = 300
_EVENT = (
    b'{"t":"message_seen","seq":1792000000000000,"guild_id":1457659890892832768,"content":"a message of usual length"},'
)


def measure(folder: Path, report: Report) -> None:
    """Publish from a process of its own, while nobody reads the queues."""
    command = [sys.executable, "-m", "benchmarks.publish"]
    system = System(folder)
    try:
        done = subprocess.run(command, cwd=PROJECT, env=system.environment, check=True, capture_output=True, text=True)
    finally:
        system.stop()
    figures = json.loads(done.stdout)
    report.add("publish: 500-event batch, ledger and task", figures["batched"], "events/s")
    report.add("publish: one task per event", figures["single"], "events/s")


def batched() -> float:
    """Events a second as the bot's publisher hands them over."""
    client, payload = broker_redis(), _EVENT * EVENTS
    start = time.perf_counter()
    for number in range(BATCHES):
        pipe = client.pipeline(transaction=True)
        ledger.stage(pipe, "bench", f"bench:{number}", payload)
        queue.stage(pipe, "media.bench", f"bench:{number}")
        pipe.execute()
    return BATCHES * EVENTS / (time.perf_counter() - start)


def single() -> float:
    """Events a second with one task for each."""
    start = time.perf_counter()
    for number in range(SINGLE):
        queue.send("media.bench", f"bench:{number}")
    return SINGLE / (time.perf_counter() - start)


def main() -> None:
    """Print both as JSON."""
    queue.send("media.bench", "warm")
    print(json.dumps({"batched": batched(), "single": single()}))


if __name__ == "__main__":
    main()
