"""How much memory the servers of this machine may count on."""

from pathlib import Path, PurePosixPath

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")
# A group in the older form of limits has its own place for each kind.
_OLD_LIMIT = "memory/memory.limit_in_bytes"
# An eighth, as everything else of Heorot and of the machine needs the rest; a small machine gets what always worked.
_SHARE, _LEAST_MB, _MOST_MB = 8, 96, 4096


def for_pages() -> int:
    """The megabytes that PostgreSQL may keep pages in.

    It takes them one by one as it reads, so that a small database takes little whatever this says. A page that is not
    kept has to be fetched from the system and checked anew, which a search in a large guild does thousands of times.
    """
    return min(max(total() // _SHARE >> 20, _LEAST_MB), _MOST_MB)


def total(groups: Path = _GROUPS, own_group: Path = _OWN_GROUP) -> int:
    """The bytes of this machine, or of the container that this is in when it may have less."""
    limits = [int(psutil.virtual_memory().total)]
    for file in [*_limits(groups, own_group), groups / _OLD_LIMIT]:
        found = file.read_text().strip() if file.is_file() else "max"
        if found.isdecimal():
            limits.append(int(found))
    return min(limits)


def _limits(groups: Path, own_group: Path) -> list[Path]:
    """Where the limits of our group and of those around it stand."""
    lines = own_group.read_text().splitlines() if own_group.is_file() else []
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    ours = PurePosixPath(path)
    return [groups / place / "memory.max" for place in (ours, *ours.parents)]
