"""A foreground child process on a leash, and how it is stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from app.core.errors import Unavailable
from app.stack import leash

LOG_LIMIT = 10 * 1024 * 1024


def leashed(program: Sequence[str], *, on_orphan: int = signal.SIGKILL, uid: int | None = None) -> list[str]:
    """The command that runs this program so that it ends with this process, under that uid if one is given."""
    who = -1 if uid is None else uid
    return [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(int(on_orphan)), str(who), *program]


def open_log(path: Path) -> IO[bytes]:
    """The log file, opened to append; one that has grown large becomes `<name>.1` first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def last_line(path: Path, marks: Sequence[str] = ()) -> str:
    """The last line of a log that holds one of the marks, else its last line at all."""
    try:
        lines = path.read_bytes()[-20_000:].decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    marked = [line for line in lines if any(mark in line for mark in marks)]
    return (marked or lines or [""])[-1].strip()


class Child:
    """A running server: its own session, its output in a log file."""

    def __init__(
        self,
        program: Sequence[str],
        *,
        log: Path,
        uid: int | None = None,
        on_orphan: int = signal.SIGTERM,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        with open_log(log) as output:
            self._process = subprocess.Popen(  # noqa: S603 - the program is one of our own servers.
                leashed(program, on_orphan=on_orphan, uid=uid),
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=env,
                start_new_session=True,
            )
        if stdin is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(stdin)

    @property
    def pid(self) -> int:
        """The process id, also that of its process group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    def stop(self, steps: Sequence[tuple[int, float]]) -> None:
        """Send each signal and wait its seconds, until it has ended; at last kill the whole process group."""
        for number, seconds in steps:
            if self.exit_code is None:
                self._process.send_signal(number)
            if self._ended_within(seconds):
                return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def wait_until(
    ready: Callable[[], bool], child: Child, *, name: str, seconds: float, marks: Sequence[str] = ()
) -> None:
    """Return as soon as `ready()` is true; raise Unavailable with one line if the child ends or time runs out first."""
    deadline = time.monotonic() + seconds
    while not ready():
        if child.exit_code is not None:
            raise Unavailable(f"{name} ended at its start: {last_line(child.log, marks)} (see {child.log})")
        if time.monotonic() > deadline:
            raise Unavailable(f"{name} was not ready after {seconds:.0f} s (see {child.log})")
        time.sleep(0.03)
