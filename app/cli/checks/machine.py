"""The doctor's look at this machine: Python, packages, the data directory, ports."""

import re
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import Requirement

from app.cli.checks import encryption
from app.cli.checks.finding import Finding, fault, note, ok, warning
from app.core.errors import HeorotError
from app.core.settings import PROJECT, RUNNING, chosen, settings
from app.stack import place, ports

_LOCKED = re.compile(r"^([A-Za-z0-9][^\\\n]*==[^\\\n]*)", re.MULTILINE)
_LOW_SPACE_BYTES = 2 * 2**30
_OLDEST, _TOO_NEW = (3, 11), (3, 15)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def python() -> Iterator[Finding]:
    """The interpreter and the packages against the lock."""
    running = ".".join(map(str, sys.version_info[:3]))
    if _OLDEST <= sys.version_info[:2] < _TOO_NEW:
        yield ok("python", f"{running} in {sys.prefix}")
    else:
        yield fault("python", f"{running} is not supported", "Use Python 3.11 to 3.14 and run `make setup`.")
    different = differing(PROJECT / "requirements" / "run.lock")
    if different:
        yield fault("packages", f"not as the lock wants them: {', '.join(different)}", "Run `make setup`.")
    else:
        yield ok("packages", "exactly those of requirements/run.lock")


def differing(lock: Path) -> list[str]:
    """The packages whose installed version is not that of the lock for this machine."""
    found = []
    for line in _LOCKED.findall(lock.read_text()):
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        try:
            installed = version(wanted.name)
        except PackageNotFoundError:
            installed = "missing"
        if installed not in wanted.specifier:
            found.append(f"{wanted.name} {installed} instead of {wanted.specifier}")
    return found


def data_dir() -> Iterator[Finding]:
    """Whether DATA_DIR can be used, and how much space is left."""
    path = settings().data_path
    if not path.exists():
        yield note("data", f"{path} does not exist yet", "`make run` makes it.")
        return
    try:
        place.prepare(path)
    except HeorotError as error:
        yield fault("data", str(error), "Free some space, or set DATA_DIR to another directory.")
        return
    free = shutil.disk_usage(path).free
    says = f"{path} can be written, {free / 2**30:.1f} GiB are free"
    yield warning("data", says, "Free some space.") if free < _LOW_SPACE_BYTES else ok("data", says)


def listening() -> Iterator[Finding]:
    """Whether the ports are free or ours."""
    is_running = (settings().data_path / RUNNING).exists()
    wanted = [("HEALTH_CHECK_PORT", settings().health_check_port), ("FLOWER_PORT", settings().flower_port)]
    if not chosen().discord_token:
        wanted.append(("SANDBOX_PORT", settings().sandbox_port))
    for variable, port in wanted:
        if ports.is_free(port):
            yield ok("ports", f"{variable} {port} is free")
        elif is_running:
            yield ok("ports", f"{variable} {port} is in use, and Heorot runs")
        else:
            yield fault(
                "ports",
                f"{variable} {port} is taken by another program",
                f"Stop it, or set {variable} to another port.",
            )


def storage() -> Iterator[Finding]:
    """Whether data, ledger, spool and backups lie on encrypted storage."""
    data = settings().data_path
    yield _stored("data (PostgreSQL)", data / "postgres", chosen().database_url)
    yield _stored("ledger (Valkey)", data / "valkey", chosen().redis_url)
    yield _stored("spool", data / "spool", "")
    yield _stored("backups", data / "backups", "")


def _stored(what: str, path: Path, external: str) -> Finding:
    part = f"encryption: {what}"
    if external and (urlsplit(external).hostname or "") not in _LOOPBACK:
        return note(part, "on another server, which cannot be seen from here", "Ask whoever runs that server.")
    if external:
        return note(part, "on a server of this machine that is not ours; its directory is not known", "Look there.")
    found = encryption.look(path.resolve())
    if found.is_encrypted:
        return ok(part, found.how)
    if found.is_encrypted is None:
        return note(part, f"unknown: {found.how}", "Find out how this machine's disks are protected.")
    return warning(part, f"not seen: {found.how}", "Put DATA_DIR on a LUKS volume; it holds what people wrote.")
