"""`python -m app up`: everything on one machine, started in order, watched, and stopped in order."""

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import IO

from app.core.errors import ConfigurationError, HeorotError
from app.core.settings import PROJECT, RUNNING, SANDBOX_TOKEN, Settings
from app.stack import place, ports, procfile, ready, remote
from app.stack.output import Terminal
from app.stack.process import Process, describe_exit
from app.stack.secret import write
from app.stack.server import EmbeddedServer
from app.stack.servers import Servers, start_servers

SANDBOX = "sandbox"
_SANDBOX_SECONDS = 30.0
_SLOW_START_SECONDS = 60.0
# Together with the servers' own limits this keeps the whole stop below 60 s.
STOP_SECONDS = 42.0
SANDBOX_STOP_SECONDS = 3.0
_WATCH_SECONDS = 0.25
_SERVER_PAUSE = 5.0
_ECHO_SECONDS = 1.0
_ROOT_WARNING = "ignore:You're running the worker with superuser privileges"


class Runner:
    """The whole system as children of this process."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._data = settings.data_path
        self._needs_sandbox = not settings.discord_token
        self._environ = dict(environ)
        self._commands = procfile.read(PROJECT / "Procfile")
        self._started = time.monotonic()
        self._asked = 0.0
        self._terminal = Terminal()
        self._servers = Servers(None, None)
        self._processes: dict[str, Process] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lock: IO[str] | None = None

    def run(self) -> int:
        """Run until a signal or a fault that no restart mends; raises HeorotError with one line for the latter."""
        # Logs, spool and files are nobody else's business.
        os.umask(0o077)
        previous = signal.signal(signal.SIGTERM, _interrupt)
        try:
            self._claim()
            self._start_servers()
            return asyncio.run(self._live())
        except KeyboardInterrupt:
            return 0
        finally:
            # The rest is short and bounded; another signal now would only leave it half done.
            interrupting = signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._servers.stop()
            self._forget_addresses()
            self._terminal.close()
            signal.signal(signal.SIGTERM, previous)
            signal.signal(signal.SIGINT, interrupting)

    def _claim(self) -> None:
        """Refuse what could not work, before anything is started."""
        place.prepare(self._data)
        self._lock = place.lock(self._data / "up.lock")
        if self._lock is None:
            holder = (self._data / "up.lock").read_text().strip() or "unknown"
            raise ConfigurationError(
                f"Heorot already runs in {self._data} (process {holder}): stop it, or set DATA_DIR elsewhere."
            )
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()
        if self._settings.database_url:
            remote.require_safe_database(self._settings.database_url)
        for variable in ("redis_url", "redis_cache_url", "celery_broker_url"):
            if url := getattr(self._settings, variable):
                remote.require_safe_redis(variable.upper(), url)
        for port, variable in self._ports():
            ports.require(port, variable)

    def _ports(self) -> list[tuple[int, str]]:
        taken = [(self._settings.health_check_port, "HEALTH_CHECK_PORT"), (self._settings.flower_port, "FLOWER_PORT")]
        return [*taken, (self._settings.sandbox_port, "SANDBOX_PORT")] if self._needs_sandbox else taken

    def _start_servers(self) -> None:
        wants_postgres, wants_valkey = not self._settings.database_url, not self._settings.redis_url
        if wants_postgres and not (self._data / "postgres").exists():
            self._terminal.say("Making a new database; this happens once.")
        self._servers = start_servers(self._data, postgres=wants_postgres, valkey=wants_valkey)
        self._environ |= {**self._addresses(), "PYTHONUNBUFFERED": "1"}
        if os.geteuid() == 0:
            # Every worker would say that root is not needed; the runner says it once.
            self._environ["PYTHONWARNINGS"] = _ROOT_WARNING
        self._announce()

    def _addresses(self) -> dict[str, str]:
        """What the processes must know, in the words of the environment."""
        known = {
            "DATA_DIR": str(self._data),
            "DATABASE_URL": self._settings.database_url or self._servers.database_url,
            "REDIS_URL": self._settings.redis_url or self._servers.redis_url,
            "HEALTH_CHECK_PORT": str(self._settings.health_check_port),
            "FLOWER_PORT": str(self._settings.flower_port),
            "SANDBOX_PORT": str(self._settings.sandbox_port),
        }
        if self._needs_sandbox:
            known["DISCORD_API_URL"] = f"http://{ports.LOOPBACK}:{self._settings.sandbox_port}/api/v10"
            known["DISCORD_TOKEN"] = SANDBOX_TOKEN
        # Other commands of this installation (`python -m app doctor`) find the running system through this file.
        write(self._data / RUNNING, "\n".join(f"{name}={_quoted(value)}" for name, value in known.items()))
        return known

    def _forget_addresses(self) -> None:
        if self._lock is not None:
            (self._data / RUNNING).unlink(missing_ok=True)
            self._lock.close()

    def _announce(self) -> None:
        home, settings = f"http://{ports.LOOPBACK}", self._settings
        postgres, valkey = self._servers.postgres, self._servers.valkey
        lines = [
            "Heorot is starting.",
            f"  database  {f'PostgreSQL of its own, port {postgres.port}' if postgres else 'DATABASE_URL'}",
            f"  queue     {f'Valkey of its own, port {valkey.port}' if valkey else 'REDIS_URL'}",
            f"  health    {home}:{settings.health_check_port}/health",
            f"  Flower    {home}:{settings.flower_port}",
            f"  data      {self._data} (logs in {self._data / 'logs'})",
        ]
        if self._needs_sandbox:
            lines.append(
                f"  sandbox   {home}:{settings.sandbox_port} - a Discord of its own, as DISCORD_TOKEN is not set"
            )
        if os.geteuid() == 0:
            lines.append("  user      root, which is not needed: any user can start Heorot")
        lines.append("Stop it with Ctrl-C.")
        for line in lines:
            self._terminal.say(line)

    async def _live(self) -> int:
        """Start the processes in order and watch them until a signal comes."""
        asked = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal, asked)
        living = asyncio.create_task(self._start_and_watch())
        waiting = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait([living, waiting], return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                await living
            return 0
        finally:
            waiting.cancel()
            living.cancel()
            with suppress(asyncio.CancelledError, HeorotError):
                await living
            await self._stop()

    def _on_signal(self, asked: asyncio.Event) -> None:
        """Stop at the first signal; at a later one, which is no echo of the first (`make` repeats it), at once."""
        now = time.monotonic()
        if asked.is_set():
            if now - self._asked < _ECHO_SECONDS:
                return
            self._terminal.say("Stopping at once.")
            for process in self._processes.values():
                process.kill()
        self._asked = now
        asked.set()

    async def _start_and_watch(self) -> None:
        watchers = [asyncio.create_task(self._watch_server(server)) for server in self._servers.running]
        try:
            if self._needs_sandbox:
                self._start(SANDBOX, "python -m app sandbox")
            await self._migrate()
            if self._needs_sandbox:
                await self._sandbox_ready()
            for name, command in self._commands.items():
                self._start(name, command)
            telling = asyncio.create_task(self._tell_when_ready())
            watchers.append(telling)
            await _first_fault([*self._tasks.values(), *watchers])
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    def _start(self, name: str, command: str) -> None:
        process = self._process(name, command)
        self._processes[name] = process
        self._tasks[name] = asyncio.create_task(process.keep_running(), name=name)

    def _process(self, name: str, command: str) -> Process:
        words = procfile.arguments(command, self._environ)
        logs = self._data / "logs"
        return Process(name, words, env=self._environ, folder=PROJECT, logs=logs, terminal=self._terminal)

    async def _migrate(self) -> None:
        code = await self._process("migrate", "python -m app migrate up").once()
        if code:
            raise ConfigurationError(
                f"The database could not be migrated ({describe_exit(code)}); see the lines above."
            )

    async def _sandbox_ready(self) -> None:
        try:
            await asyncio.wait_for(ready.listens(self._settings.sandbox_port), _SANDBOX_SECONDS)
        except TimeoutError:
            raise ConfigurationError("The sandbox did not start; see the lines above.") from None

    async def _tell_when_ready(self) -> None:
        answering = asyncio.create_task(ready.answers_ok(self._settings.health_check_port, "/ready"))
        try:
            done, _ = await asyncio.wait([answering], timeout=_SLOW_START_SECONDS)
            if not done:
                url = f"http://{ports.LOOPBACK}:{self._settings.health_check_port}/health"
                self._terminal.say(f"Not ready after {_SLOW_START_SECONDS:.0f} s; {url} says what is missing.")
                await answering
            self._terminal.say(f"Ready after {time.monotonic() - self._started:.1f} s.")
        finally:
            answering.cancel()

    async def _watch_server(self, server: EmbeddedServer) -> None:
        """Start an embedded server again, at its old address, whenever it ends by itself."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if (code := server.exit_code) is None:
                continue
            self._terminal.say(f"{server.name} ended ({describe_exit(code)}); it starts again.")
            await self._start_again(server)
            self._terminal.say(f"{server.name} answers again.")

    async def _start_again(self, server: EmbeddedServer) -> None:
        while True:
            try:
                # Launched by this thread, because the server ends with the thread that launched it.
                server.begin()
                await asyncio.to_thread(server.finish)
            except HeorotError as error:
                self._terminal.say(str(error))
                await asyncio.sleep(_SERVER_PAUSE)
            else:
                return

    async def _stop(self) -> None:
        """Workers first, then the bot, then the sandbox; the embedded servers follow when nobody needs them."""
        self._terminal.say("Stopping.")
        sandbox = self._tasks.pop(SANDBOX, None)
        for process in sorted(self._processes.values(), key=lambda process: process.name == "bot"):
            if process.name != SANDBOX:
                process.terminate()
        await self._wait_for(self._tasks, STOP_SECONDS)
        if sandbox is not None:
            self._processes[SANDBOX].terminate()
            await self._wait_for({SANDBOX: sandbox}, SANDBOX_STOP_SECONDS)

    async def _wait_for(self, tasks: Mapping[str, asyncio.Task[None]], seconds: float) -> None:
        if not tasks:
            return
        _, late = await asyncio.wait(tasks.values(), timeout=seconds)
        for task in late:
            self._terminal.say(f"{task.get_name()} did not stop within {seconds:.0f} s and is killed.")
            self._processes[task.get_name()].kill()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _first_fault(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for the tasks; the first that fails raises here. The others live on, to be stopped in order."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
