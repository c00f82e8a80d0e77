"""Servers left over from a runner that was killed."""

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

_KILL_AFTER = 30.0


def evict(program: str, data: Path, number: int = signal.SIGTERM) -> None:
    """Stop every process of that program working in this data directory, and return when none is left.

    The caller holds the directory's lock, so nobody else uses what is stopped here. Process ids in lock files prove
    nothing: another program, or the same id in a new container, may have taken them since.
    """
    deadline = time.monotonic() + _KILL_AFTER
    asked: set[int] = set()
    while left := _working_in(program, data):
        pids = {process.pid for process in left}
        overdue = time.monotonic() > deadline
        for process in left:
            with suppress(psutil.NoSuchProcess):
                if overdue:
                    process.kill()
                elif process.pid not in asked and process.ppid() not in pids:
                    process.send_signal(number)
                    asked.add(process.pid)
        time.sleep(0.05)


def _working_in(program: str, data: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            if process.name() == program and process.cwd() == str(data):
                found.append(process)
    return found
