"""What a look-up costs in each tier, beside a bare dict and a bare GET, and how often a cold key is loaded by many."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from app.core import redis
from app.core.cache import runtime as cache
from app.core.cache.namespace import Namespace
from app.core.db import engine
from app.core.settings import PROJECT
from benchmarks.databases import database
from benchmarks.report import Report

GUILD = 1
LOOKUPS, FAR_LOOKUPS = 20_000, 1000
CALLERS, PROCESSES, ROUNDS = 200, 4, 100
_TRUTH = "bench-truth"
_LOAD_SECONDS = 0.05
_WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class Row:
    """A value of usual size."""

    name: str
    roles: tuple[int, ...]
    count: int


_loads = 0


def load(_guild_id: int, number: int) -> Row:
    """One row of PostgreSQL."""
    with engine().connect() as connection:
        found = connection.execute(text("SELECT repeat('x', 32) || :n, :n"), {"n": str(number)}).one()
    return Row(found[0], (1457659890892832768,) * 8, int(found[1]))


def slowly(_guild_id: int, number: int) -> Row:
    """The same, counted, and slow enough for all to miss it together."""
    global _loads  # noqa: PLW0603 - one process's count, which it prints.
    _loads += 1
    time.sleep(_LOAD_SECONDS)
    return Row("x" * 32, (1457659890892832768,) * 8, number)


def truth(_guild_id: int) -> float:
    """What a database would hold."""
    return float(redis.cache_redis().get(_TRUTH) or 0)


ROWS = Namespace("bench-rows", Row, load=load, seconds=600, local=LOOKUPS, local_bytes=64 << 20, shared=LOOKUPS)
WRITTEN = Namespace("bench-written", float, load=truth, seconds=600)
FAR = Namespace("bench-far", Row, load=load, seconds=600, local=0)
COLD = Namespace("bench-cold", Row, load=slowly, seconds=600)


def measure(folder: Path, report: Report) -> None:
    """Measure on fresh servers of our own."""
    with database(folder):
        _listen()
        _near(report)
        _far(report)
        _invalidation(report)
        _stampede(report)


def _listen() -> None:
    """Wait until this process may keep values."""
    listener = cache.runtime().listener
    listener.start()
    ends = time.monotonic() + _WAIT_SECONDS
    while not listener.is_live:
        assert time.monotonic() < ends, "the cache does not listen"
        time.sleep(0.001)


def _each(count: int, work: Callable[[int], object]) -> list[float]:
    """Milliseconds of each call."""
    taken = []
    for number in range(count):
        start = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def _told(report: Report, name: str, taken: list[float], *, most: float | None = None, note: str = "") -> None:
    """Add the median and the 99th percentile, in microseconds; `most` bounds the median, in milliseconds."""
    bound = None if most is None else most * 1000
    report.add(f"cache, {name}: p50", statistics.median(taken) * 1000, "µs", most=bound, note=note)
    report.add(f"cache, {name}: p99", statistics.quantiles(taken, n=100)[98] * 1000, "µs", note=note)


def _near(report: Report) -> None:
    bare = {ROWS.key(GUILD, 0): load(GUILD, 0)}
    ROWS.get(GUILD, 0)
    _told(report, "L1 hit", _each(LOOKUPS, lambda _: ROWS.get(GUILD, 0)), most=1, note="decoded anew each time")
    _told(report, "a bare dict", _each(LOOKUPS, lambda _: bare[ROWS.key(GUILD, 0)]), note="with the same key made anew")


def _far(report: Report) -> None:
    _told(report, "miss", _each(FAR_LOOKUPS, lambda number: FAR.get(GUILD, number)), note="loaded, stored; fsync twice")
    _told(report, "L2 hit", _each(FAR_LOOKUPS, lambda number: FAR.get(GUILD, number)), most=5)
    client = redis.cache_redis()
    _told(report, "a bare GET of redis-py", _each(FAR_LOOKUPS, lambda number: client.get(FAR.key(GUILD, number))))
    _told(report, "the loader alone", _each(FAR_LOOKUPS, lambda number: load(GUILD, number)), most=50)


def _invalidation(report: Report) -> None:
    """From the writer's commit until another process serves the new value, by the clock that both share."""
    with _neighbour("hear") as reader:
        _answer(reader)
        taken = []
        for _ in range(ROUNDS):
            redis.cache_redis().set(_TRUTH, time.time())
            committed = time.time()
            WRITTEN.forget(GUILD)
            taken.append((float(_answer(reader)) - committed) * 1000)
    _told(report, "a write seen by another process", taken, most=100)


def _stampede(report: Report) -> None:
    global _loads  # noqa: PLW0603 - see slowly.
    _loads = 0

    async def ask() -> None:
        await asyncio.gather(*(COLD.fetch(GUILD, 1) for _ in range(CALLERS)))

    start = time.perf_counter()
    asyncio.run(ask())
    note = f"the loader takes {_LOAD_SECONDS * 1000:.0f} ms"
    report.add(f"cache, {CALLERS} callers on one cold key", (time.perf_counter() - start) * 1000, "ms", note=note)
    report.add(f"cache, loads for these {CALLERS}", _loads, "loads", most=1)
    with ExitStack() as stack:
        neighbours = [stack.enter_context(_neighbour("ask")) for _ in range(PROCESSES)]
        for one in neighbours:
            _answer(one)
        for one in neighbours:
            assert one.stdin is not None
            one.stdin.write(f"{time.time() + 0.5}\n")
            one.stdin.flush()
        loads = sum(int(_answer(one)) for one in neighbours)
    report.add(f"cache, loads for {CALLERS} callers in {PROCESSES} processes", loads, "loads", most=1)


@contextmanager
def _neighbour(what: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a cache."""
    command = [sys.executable, "-m", "benchmarks.caches", what]
    child = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        yield child
        assert child.stdin is not None
        child.stdin.close()


def _answer(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, "the other process ended"
    return line


# What the other processes do.


def _ask() -> None:
    """Be some of the callers, at the moment that stands on the standard input."""

    async def ask(moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - time.time()))
        await asyncio.gather(*(COLD.fetch(GUILD, 2) for _ in range(CALLERS // PROCESSES)))

    print("ready", flush=True)
    asyncio.run(ask(float(sys.stdin.readline())))
    print(_loads, flush=True)


def _hear() -> None:
    """Say at which moment each new value is seen here."""
    known = WRITTEN.get(GUILD)
    print("ready", flush=True)
    for _ in range(ROUNDS):
        while (value := WRITTEN.get(GUILD)) == known:
            time.sleep(0.0002)
        print(time.time(), flush=True)
        known = value


def main() -> None:
    """One of them."""
    _listen()
    {"ask": _ask, "hear": _hear}[sys.argv[1]]()


if __name__ == "__main__":
    main()
