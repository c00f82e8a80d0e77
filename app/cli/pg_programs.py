"""PostgreSQL's own dump and restore programs: those of this machine, or those of the embedded server."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from psycopg2.extensions import make_dsn, parse_dsn

from app.core.errors import ConfigurationError, HeorotError
from app.stack import binaries

_MAJOR = re.compile(r"\) (\d+)")


class ProgramFailed(HeorotError):  # noqa: N818 - it says what happened.
    """A program of PostgreSQL failed."""


def find(name: str, server_major: int) -> Path:
    """The oldest program of this name that is not older than the server.

    A newer one can read every older server, but may write what an older server does not understand.
    Raises ConfigurationError when there is none.
    """
    usable = [(major, path) for path in _candidates(name) if (major := _major(path)) >= server_major]
    if not usable:
        raise ConfigurationError(f"{name} {server_major} or newer is needed: install postgresql-client-{server_major}.")
    return min(usable)[1]


def _candidates(name: str) -> list[Path]:
    found = []
    if installed := shutil.which(name):
        found.append(Path(installed))
    with suppress(ConfigurationError):
        found.append(binaries.postgres_home() / "bin" / name)
    return found


@cache
def _major(program: Path) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    found = _MAJOR.search(told)
    return int(found[1]) if found else 0


def run(program: Path, arguments: Sequence[str], url: str | None = None) -> str:
    """What the program prints, given this database; raises ProgramFailed with its last line.

    The password travels in the environment, because arguments are shown to every user of the machine.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    words = [str(program), *arguments]
    if url is not None:
        parts = parse_dsn(url)
        environment["PGPASSWORD"] = str(parts.pop("password", ""))
        words.append(f"--dbname={make_dsn(**parts)}")
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - found above.
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
        raise ProgramFailed(f"{program.name} failed: {lines[0].strip() if lines else done.returncode}")
    return done.stdout
