"""The memory of the whole system when nobody speaks (PSS: shared pages are counted once)."""

from collections import defaultdict

import psutil

from benchmarks.report import Report
from tests.factories.system import System


def measure(system: System, report: Report) -> None:
    """PSS by process, and its sum."""
    parts: dict[str, float] = defaultdict(float)
    roots = {name: process.pid for name, process in system.processes.items()}
    roots |= {server.name: server.pid for server in system.servers.running if server.pid}
    for name, pid in roots.items():
        for process in _family(pid):
            parts[name] += process.memory_full_info().pss / 2**20
    for name, megabytes in sorted(parts.items()):
        report.add(f"memory idle: {name}", megabytes, "MB PSS")
    report.add("memory idle: whole system", sum(parts.values()), "MB PSS", most=800)


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]
