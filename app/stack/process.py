"""One process of the Procfile: started, heard, started again when it crashes, and stopped."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.core.errors import ConfigurationError
from app.stack.child import leashed
from app.stack.output import LogFile, Terminal

# The exit code of sysexits.h for a configuration error: starting again would only say the same again.
MISCONFIGURED = 78
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
# A process that lived this long starts anew with a short pause.
_HEALTHY_SECONDS = 60.0
_LONGEST_LINE = 64 * 1024
_LAST_WORDS_SECONDS = 2.0


def pause_before(restart: int) -> float:
    """How long to wait before the n-th restart in a row (the first is 1)."""
    return float(min(_FIRST_PAUSE * 2 ** (restart - 1), _LONGEST_PAUSE))


def describe_exit(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


class Process:
    """A process that is kept running until `terminate()` or `kill()`."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        logs: Path,
        terminal: Terminal,
    ) -> None:
        self.name = name
        self.restarts = 0
        self._arguments = list(arguments)
        self._env = dict(env)
        self._folder = folder
        self._log = logs / f"{name}.log"
        self._terminal = terminal
        self._running: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._last_line = ""

    @property
    def pid(self) -> int | None:
        """The process id, or None between two runs."""
        return self._running.pid if self._running else None

    async def once(self) -> int:
        """Run it a single time, and return its exit code."""
        # A pipe of our own: asyncio's would report the exit only when the last descendant has closed it.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *leashed(self._arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env=self._env,
                cwd=self._folder,
                start_new_session=True,
            )
        finally:
            os.close(writing)
        self._running = process
        if self._stopping.is_set():
            # It was asked to end while it was being started.
            self.terminate()
        hearing = asyncio.create_task(self._hear(reading))
        try:
            code = await process.wait()
        finally:
            # Its own children must not outlive it.
            _kill_group(process.pid)
            self._running = None
        # A descendant that left the group may still hold the pipe; nobody waits for it.
        with suppress(TimeoutError):
            await asyncio.wait_for(hearing, _LAST_WORDS_SECONDS)
        return code

    async def keep_running(self) -> None:
        """Run it, and run it again after each crash; raises ConfigurationError when that would be useless."""
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self.once()
            if self._stopping.is_set():
                return
            if code == MISCONFIGURED:
                raise ConfigurationError(f"{self.name} cannot run as it is configured: {self._last_line}")
            lived = time.monotonic() - started
            self.restarts = 1 if lived >= _HEALTHY_SECONDS else self.restarts + 1
            await self._pause(code, pause_before(self.restarts))

    def terminate(self) -> None:
        """Ask it to end, and do not start it again."""
        self._stopping.set()
        if self._running is not None:
            with suppress(ProcessLookupError):
                self._running.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its children at once, and do not start it again."""
        self._stopping.set()
        if self._running is not None:
            _kill_group(self._running.pid)

    async def _pause(self, code: int, seconds: float) -> None:
        self._terminal.say(f"{self.name} ended ({describe_exit(code)}); it starts again in {seconds:.0f} s.")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _hear(self, pipe: int) -> None:
        stream = asyncio.StreamReader(_LONGEST_LINE)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb", buffering=0)
        )
        log = LogFile(self._log)
        try:
            async for line in _lines(stream):
                log.write(line)
                self._last_line = line.decode(errors="replace").rstrip("\r")
                self._terminal.show(self.name, self._last_line)
        finally:
            log.close()
            transport.close()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The stream's lines; one that grows too long is cut."""
    held = b""
    while chunk := await stream.read(_LONGEST_LINE):
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            yield line
        if len(held) > _LONGEST_LINE:
            yield held
            held = b""
    if held:
        yield held


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
