"""How long an awaited command takes, idle and while events pour in; what publishing costs."""

import statistics
import threading
import time
from typing import Any

from benchmarks.ingest import flood
from benchmarks.report import Report
from tests.factories.system import System

CALLS = 200
# Fewer than the cooldown refuses.
CALLS_EACH = 4
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
    people = admins(system, guild, -(-calls // CALLS_EACH))
    return [_one(system, channel, people[number // CALLS_EACH], number) for number in range(calls)]


def admins(system: System, guild: dict[str, Any], number: int) -> list[str]:
    """New people who may change settings; each may call a command only a few times in ten seconds."""
    role = next(role["id"] for role in guild["roles"] if role["name"] == "Admin")
    drafts = [{"name": f"admin{time.time_ns()}", "guild": guild["id"], "roles": [role]} for _ in range(number)]
    return [system.call("POST", "/sandbox/users", draft)["id"] for draft in drafts]


def _one(system: System, channel: str, user: str, number: int) -> float:
    option = {"key": "prefix", "value": "!" if number % 2 else "?"}
    body = {"type": "command", "user": user, "channel": channel, "name": "settings set", "options": option}
    interaction = system.call("POST", "/sandbox/interactions", body)["id"]
    state: dict[str, Any] = {}

    def answered() -> bool:
        state.update(system.call("GET", f"/sandbox/interactions/{interaction}"))
        return bool(state["state"] == "answered")

    # The sandbox measures; a client that asked without pause would slow what it waits for.
    system.until(answered, "the command is answered", 15, pause=0.005)
    said = state["messages"][0]["content"]
    assert said.startswith("✅"), f"the command was refused: {said}"
    return float(state["milliseconds"])
