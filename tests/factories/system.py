"""The whole product as real processes, each of which a test may kill and start again."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2

from app.core.settings import PROJECT
from app.stack.servers import Servers, start_servers
from tests.factories import ports

BASIC = ("sandbox", "bot", "worker", "worker-ai", "worker-maintenance", "beat")


def procfile() -> dict[str, str]:
    """The command of each process, as the Procfile names it; the sandbox stands beside them."""
    lines = (PROJECT / "Procfile").read_text().splitlines()
    commands = dict(line.split(": ", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {"sandbox": "python -m app sandbox", **commands}


class System:
    """Embedded servers and processes below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.servers: Servers = start_servers(folder / "servers")
        self.sandbox_port, health, flower = (ports.unused() for _ in range(3))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DB_", "CELERY_"))},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": self.servers.database_url,
            "REDIS_URL": self.servers.redis_url,
            "DATA_DIR": str(folder / "data"),
            "SANDBOX_PORT": str(self.sandbox_port),
            "HEALTH_CHECK_PORT": str(health),
            "FLOWER_PORT": str(flower),
            "DISCORD_API_URL": f"{self.sandbox_url}/api/v10",
            "DISCORD_TOKEN": "sandbox",
        }
        subprocess.run([sys.executable, "-m", "app", "migrate", "up"], cwd=PROJECT, env=self.environment, check=True)

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox listens."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def health_url(self) -> str:
        """Where the bot tells its health."""
        return f"http://127.0.0.1:{self.environment['HEALTH_CHECK_PORT']}"

    def start(self, *names: str) -> None:
        """Start these processes of the Procfile, each with its own log file."""
        (self.folder / "logs").mkdir(exist_ok=True)
        for name in names:
            command = [word.replace("$PORT", "") for word in shlex.split(procfile()[name])]
            with (self.folder / "logs" / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log, start_new_session=True
                )
            if name == "sandbox":
                self.until(self._sandbox_answers, "the sandbox answers", 20)

    def _sandbox_answers(self) -> bool:
        try:
            return bool(self.call("GET", "/sandbox/state"))
        except (urllib.error.URLError, ConnectionError):
            return False

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a process and its children with this signal, and wait for its end."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(60)

    def restart(self, name: str) -> None:
        """Kill -9, then start again."""
        self.kill(name)
        self.start(name)

    def stop(self) -> None:
        """Stop every process, the servers last."""
        for name in reversed(list(self.processes)):
            self.kill(name, signal.SIGKILL)
        self.servers.destroy()

    def log(self, name: str) -> str:
        """What the process wrote."""
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One request to the sandbox's control API; its JSON answer."""
        return self._fetch(method, f"{self.sandbox_url}{path}", body)

    def health(self) -> Any:
        """What `/health` says, whatever its status code."""
        try:
            return self._fetch("GET", f"{self.health_url}/health")
        except urllib.error.HTTPError as error:
            return json.loads(error.read())

    def metrics(self) -> str:
        """What `/metrics` says."""
        with urllib.request.urlopen(f"{self.health_url}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    @staticmethod
    def _fetch(method: str, url: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query, over a connection of its own (the server may just have come back)."""
        connection = psycopg2.connect(self.environment["DATABASE_URL"], connect_timeout=5)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall()
        finally:
            connection.close()

    def value(self, statement: str, *values: object) -> Any:
        """The first value of a query."""
        return self.rows(statement, *values)[0][0]

    def until(self, condition: Callable[[], object], what: str, seconds: float = 60, pause: float = 0.05) -> None:
        """Wait until the condition holds; an AssertionError names what did not happen in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(pause)

    def bot_is_ready(self) -> bool:
        """Whether the bot is connected to the sandbox."""
        try:
            return bool(self.health()["discord"]["status"] == "connected")
        except (urllib.error.URLError, ConnectionError, KeyError, TypeError):
            return False


@contextmanager
def running(folder: Path, *names: str) -> Iterator[System]:
    """A system whose processes run, the bot connected."""
    system = System(folder)
    try:
        system.start(*(names or BASIC))
        if "bot" in (names or BASIC):
            system.until(system.bot_is_ready, "the bot is connected", 60)
        yield system
    finally:
        system.stop()
