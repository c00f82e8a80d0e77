"""Counters and gauges. Features declare those of the bot with Prometheus' classes, which `/metrics` shows.

A worker's children have no port of their own: what is counted with `add`, in whatever process, goes to Redis with the
task durations (`app.upkeep.health.service`), and the bot's `/metrics` shows the sum of all processes.
"""

from collections import Counter as Tally
from threading import Lock

from prometheus_client import Counter, Gauge, Histogram

__all__ = ["Counter", "Gauge", "Histogram", "add", "take"]

_tally: Tally[str] = Tally()
_lock = Lock()


def add(name: str, amount: int = 1) -> None:
    """Count something, in any thread; the name is fixed in the code, never made from data.

    `family|label|label|label` is a series of a family that the exposition knows: see `app.upkeep.health.exposition`.
    """
    with _lock:
        _tally[name] += amount


def take() -> dict[str, int]:
    """What was counted since the last call."""
    with _lock:
        taken = dict(_tally)
        _tally.clear()
    return taken
