"""What workers and beat write down about themselves: stamps of progress, counts, and how long tasks take.

The stamps lie beside the queues in Redis, the figures in the cache's Redis: losing them is a counter reset, which
Prometheus expects. Nothing here may make a task fail, so an outage only costs figures.
"""

import logging
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from redis.exceptions import RedisError

from app.core import metrics
from app.core.redis import broker_redis, cache_redis

log = logging.getLogger(__name__)

BEAT_KEY = "status:beat"
WORKERS_KEY = "status:workers"
GAUGES_KEY = "metrics:gauges"
DURATIONS_KEY = "metrics:tasks"
COUNTERS_KEY = "metrics:counters"
# Upper bounds in seconds; a last bucket holds what took longer.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
# The last word of the names of tasks that only show that their queue is served.
PULSE = ".pulse"
_PAUSE_SECONDS = 2.0


def stamp_beat() -> None:
    """Beat has sent a task just now."""
    try:
        broker_redis().set(BEAT_KEY, time.time())
    except RedisError:
        log.warning("beat could not leave its stamp: Redis is away")


class Recorder:
    """Gathers one process's figures and writes them with each pulse, and else at most every two seconds."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._queues: set[str] = set()
        self._written = 0.0

    def finished(self, task: str, queue: str, seconds: float, outcome: str) -> None:
        """A task of this name, from this queue, ended after so many seconds, `done`, `retried` or `failed`."""
        series = f"{task}|{outcome}"
        self._counts[f"{series}|{bisect_left(BUCKETS, seconds)}"] += 1
        self._sums[f"{series}|sum"] += seconds
        self._queues.add(queue)
        # Pulses are rare and close a silence, so what was gathered before them need not wait any longer.
        if task.endswith(PULSE) or time.monotonic() - self._written >= _PAUSE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what was gathered and forget it; figures that Redis does not take are lost."""
        self._written = time.monotonic()
        counts, sums, queues = self._counts, self._sums, self._queues
        self._counts, self._sums, self._queues = Counter(), defaultdict(float), set()
        try:
            stamp_workers(queues)
            _add_figures(counts, sums)
        except RedisError:
            log.warning("task figures could not be written: Redis is away")


def stamp_workers(queues: Iterable[str]) -> None:
    """These queues have made progress just now; redis-py's errors pass through."""
    now = time.time()
    pipe = broker_redis().pipeline(transaction=False)
    for queue in queues:
        pipe.hset(WORKERS_KEY, queue, str(now))
    pipe.execute()


def _add_figures(counts: Counter[str], sums: dict[str, float]) -> None:
    pipe = cache_redis().pipeline(transaction=False)
    for field, amount in counts.items():
        pipe.hincrby(DURATIONS_KEY, field, amount)
    for field, seconds in sums.items():
        pipe.hincrbyfloat(DURATIONS_KEY, field, seconds)
    for name, amount in metrics.take().items():
        pipe.hincrby(COUNTERS_KEY, name, amount)
    pipe.execute()


def write_gauges(gauges: Mapping[str, int]) -> None:
    """Replace the backlog gauges; raises redis-py's errors."""
    pipe = cache_redis().pipeline(transaction=True)
    pipe.delete(GAUGES_KEY)
    for name, value in gauges.items():
        pipe.hset(GAUGES_KEY, name, str(value))
    pipe.execute()
