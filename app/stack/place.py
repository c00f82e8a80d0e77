"""Where an embedded server's files lie, and under which user it runs.

PostgreSQL refuses to run as root, so root lends it a uid of its own. That uid must reach programs and data without
anybody's directories being opened for it: where it cannot (a home of mode 0700), both lie under /var/lib instead, and
a link in DATA_DIR says where.
"""

import errno
import fcntl
import os
import pwd
import secrets
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from app.core.errors import ConfigurationError

_SHELTERS = (Path("/var/lib"), Path("/srv"), Path("/var/tmp"))  # noqa: S108 - only root uses it, in a directory it made.
_UIDS = range(59_999, 59_000, -1)
_NEEDED_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Place:
    """Where a server lives: `home` for what root put there, `data` owned by `uid` (None: that of this process)."""

    home: Path
    data: Path
    uid: int | None


def prepare(data_dir: Path) -> Path:
    """Make DATA_DIR if it is missing, and show that it can be written; raises ConfigurationError in one line."""
    try:
        if not data_dir.exists():
            data_dir.parent.mkdir(parents=True, exist_ok=True)
            # A server's uid may pass through, nobody else may list it; the folders inside are closed.
            _make(data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        _probe(data_dir)
    except OSError as error:
        raise unusable(data_dir, error) from error
    free = shutil.disk_usage(data_dir).free
    if free < _NEEDED_BYTES:
        raise ConfigurationError(
            f"DATA_DIR {data_dir} is full: {free // 2**20} MB are free, and {_NEEDED_BYTES // 2**20} MB are needed."
        )
    return data_dir


def unusable(data_dir: Path, error: OSError) -> ConfigurationError:
    """The one line that says why DATA_DIR cannot be used."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ConfigurationError(
            f"DATA_DIR {data_dir} is full: free some space, or set DATA_DIR to another directory."
        )
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return ConfigurationError(f"DATA_DIR {data_dir} cannot be written: set DATA_DIR to a directory that can.")
    return ConfigurationError(f"DATA_DIR {data_dir} cannot be used: {error.strerror}.")


def _probe(data_dir: Path) -> None:
    probe = data_dir / f".probe-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


def claim(data_dir: Path, name: str) -> Place:
    """The home of the server `name` below DATA_DIR (or linked from it); its `data` need not exist yet."""
    link = data_dir / name
    if os.geteuid() != 0:
        link.mkdir(mode=0o700, exist_ok=True)
        return Place(link, link / "data", None)
    home = link.resolve() if link.is_symlink() else link
    if not home.exists():
        home = link if passable(data_dir) else _sheltered(link)
        _make(home, 0o711)
        (home / "belongs-to").write_text(f"{data_dir}\n")
    data = home / "data"
    return Place(home, data, data.stat().st_uid if data.exists() else _unused_uid())


def _make(directory: Path, mode: int) -> None:
    """Make a directory of ours with this mode, whatever the process's umask takes away."""
    directory.mkdir()
    directory.chmod(mode)


def passable(directory: Path) -> bool:
    """Whether every user may pass through this directory and all above it."""
    resolved = directory.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (resolved, *resolved.parents))


def _sheltered(link: Path) -> Path:
    for root in _SHELTERS:
        shelter = root / "heorot"
        try:
            if not shelter.exists():
                _make(shelter, 0o711)
        except OSError:
            continue
        about = shelter.lstat()
        if stat.S_ISDIR(about.st_mode) and about.st_uid == 0 and not about.st_mode & 0o022 and passable(shelter):
            home = shelter / f"{link.name}-{secrets.token_hex(8)}"
            link.unlink(missing_ok=True)
            link.symlink_to(home)
            return home
    raise ConfigurationError(
        f"Other users cannot reach {link.parent}, and PostgreSQL does not run as root: set DATA_DIR to a directory "
        "that they can pass through, or start Heorot as an ordinary user."
    )


def _unused_uid() -> int:
    """A uid that no account and no process has."""
    running = set()
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            running.add(process.uids().real)
    for uid in _UIDS:
        try:
            pwd.getpwuid(uid)
        except KeyError:
            if uid not in running:
                return uid
    raise ConfigurationError("No unused uid is left for PostgreSQL: start Heorot as an ordinary user.")


def give(path: Path, uid: int) -> None:
    """Make this uid the owner of one file or directory."""
    try:
        os.chown(path, uid, uid, follow_symlinks=False)
    except OSError as error:
        raise ConfigurationError(
            f"This machine does not let root lend a uid to PostgreSQL ({error.strerror}): "
            "start Heorot as an ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from error


def give_tree(top: Path, uid: int) -> None:
    """Give a directory that a server has just filled, with everything in it, to another uid."""
    give(top, uid)
    for folder, folders, files in os.walk(top):
        for entry in (*folders, *files):
            give(Path(folder) / entry, uid)


def reachable(tree: Path, place: Place, companions: Sequence[Path] = ()) -> Path:
    """These programs as the server's uid can run them: in place, or as a copy beside its data.

    Companions are copied beside the tree's parent, where the programs look for their libraries.
    """
    if place.uid is None or passable(tree):
        return tree
    stamp = f"{tree.stat().st_mtime_ns:x}-{tree.stat().st_ino:x}"
    copy = place.home / f"program-{stamp}"
    if not copy.exists():
        partial = place.home / f"partial-{secrets.token_hex(4)}"
        shutil.copytree(tree, partial / tree.parent.name / tree.name, symlinks=True)
        for companion in companions:
            shutil.copytree(companion, partial / companion.name, symlinks=True)
        _open_tree(partial)
        partial.rename(copy)
    return copy / tree.parent.name / tree.name


def _open_tree(top: Path) -> None:
    """Let every user read and run our own copy, whatever this process's umask took away."""
    for folder, _, files in os.walk(top):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder) / file
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def lock(path: Path) -> IO[str] | None:
    """The lock file, held until it is closed or this process ends; None when another process holds it."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
