"""How long an awaited command takes, idle and while events pour in; what publishing costs."""

import statistics
import threading
import time

from benchmarks.ingest import flood
from benchmarks.report import Report
from tests.factories.system import System

CALLS = 200
LOAD_PER_SECOND = 2_000


def measure(system: System, report: Report) -> None:
    """`/settings set` from the interaction to its shown answer."""
    idle = latencies(system, CALLS)
    report.add("awaited command, idle: p50", statistics.median(idle), "ms", most=8)
    report.add("awaited command, idle: p99", percentile(idle, 99), "ms", most=40)
    stop = threading.Event()
    thread = threading.Thread(target=_pour, args=(system, stop))
    thread.start()
    loaded = latencies(system, CALLS)
    stop.set()
    thread.join()
    note = f"under {LOAD_PER_SECOND} events/s"
    report.add("awaited command, loaded: p50", statistics.median(loaded), "ms", most=8, note=note)
    report.add("awaited command, loaded: p99", percentile(loaded, 99), "ms", most=40, note=note)


def _pour(system: System, stop: threading.Event) -> None:
    while not stop.is_set():
        flood(system, LOAD_PER_SECOND, LOAD_PER_SECOND)


def percentile(values: list[float], percent: int) -> float:
    """That percentile of the values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def latencies(system: System, calls: int) -> list[float]:
    """Milliseconds of each call, as the sandbox's clock saw interaction and answer."""
    guild = system.call("GET", "/sandbox/state")["guilds"][0]
    channel = next(c["id"] for c in guild["channels"] if c["type"] == 0)
    return [_one(system, channel, guild["owner_id"], number) for number in range(calls)]


def _one(system: System, channel: str, user: str, number: int) -> float:
    option = {"key": "prefix", "value": "!" if number % 2 else "?"}
    body = {"type": "command", "user": user, "channel": channel, "name": "settings set", "options": option}
    interaction = system.call("POST", "/sandbox/interactions", body)["id"]
    state: dict[str, object] = {}

    def answered() -> bool:
        state.update(system.call("GET", f"/sandbox/interactions/{interaction}"))
        return state["state"] == "answered"

    start = time.perf_counter()
    system.until(answered, "the command is answered", 15, pause=0.0005)
    taken = state.get("milliseconds")
    return float(taken) if isinstance(taken, int | float) else (time.perf_counter() - start) * 1000
