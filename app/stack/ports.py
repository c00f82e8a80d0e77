"""Ports on the loopback address."""

import socket
from contextlib import closing
from pathlib import Path

from app.core.errors import ConfigurationError

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # As servers do: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def unused() -> int:
    """A port that nobody listens on, chosen by the system."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def remembered(note: Path) -> int:
    """The port that the note names if it is still free, else a new one, which it names from now on."""
    try:
        port = int(note.read_text())
    except (FileNotFoundError, ValueError):
        port = 0
    if not (port and is_free(port)):
        port = unused()
        note.write_text(f"{port}\n")
    return port


def require(port: int, variable: str, host: str = LOOPBACK) -> None:
    """Raise ConfigurationError, naming the variable to change, unless the port is free."""
    if not is_free(port, host):
        raise ConfigurationError(
            f"Port {port} is taken by another program: stop it, or set {variable} to another port."
        )
