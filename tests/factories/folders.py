"""Folders for servers of tests: in memory where there is room, as what is tested there is not the disk."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 4 * 1024**3
_PREFIX = "heorot tests "


@contextmanager
def for_servers() -> Iterator[Path]:
    """A folder that every user may pass through, as root lends PostgreSQL another uid; it goes with all it holds."""
    root = _root()
    for left in root.glob(f"{_PREFIX}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(_PREFIX).partition(" ")[0])):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()} ", dir=root))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _root() -> Path:
    """Memory, unless it is missing, small, or a place from which no program may be started."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        found = os.statvfs(_MEMORY)
        if found.f_bavail * found.f_frsize >= _NEEDED_BYTES and not found.f_flag & os.ST_NOEXEC:
            return _MEMORY
    return Path(tempfile.gettempdir())
