"""What a measurement means: which parts work, since when, and what that makes of the whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

PARTS = ("database", "redis", "discord", "workers", "beat")
# Beat asks for a pulse every 30 s, so two may be missed before somebody is told.
STALE_SECONDS = 90.0

Status = Literal["ok", "degraded", "down"]


class Part(msgspec.Struct, frozen=True):
    """How one part is, since when, and why."""

    status: Literal["connected", "degraded"]
    since: datetime
    reason: str | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it works."""
        return self.status == "connected"


class Memory:
    """Remembers since when each part is as it is; a part is told only when it changed."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}

    def note(self, name: str, fault: str | None, now: datetime) -> tuple[Part, bool]:
        """The part with this fault (None: it works), and whether that is news."""
        before = self._parts.get(name)
        status: Literal["connected", "degraded"] = "degraded" if fault else "connected"
        is_news = before is None or before.status != status
        since = now if before is None or is_news else before.since
        part = self._parts[name] = Part(status, since, fault)
        return part, is_news


def overall(parts: Mapping[str, Part], *, spool_is_full: bool) -> Status:
    """`down` when no event can be taken in or kept, `degraded` when a part is away, else `ok`."""
    nothing_is_kept = spool_is_full and not parts["redis"].is_connected
    if nothing_is_kept or not parts["discord"].is_connected:
        return "down"
    return "ok" if all(part.is_connected for part in parts.values()) else "degraded"


def workers_fault(ages: Mapping[str, float | None]) -> str | None:
    """What is wrong with the workers, given the seconds since each queue last finished a task (None: not known)."""
    silent = [f"{queue} ({_age(age)})" for queue, age in ages.items() if age is None or age > STALE_SECONDS]
    return f"no progress on: {', '.join(silent)}" if silent else None


def beat_fault(age: float | None) -> str | None:
    """What is wrong with beat, given the seconds since it last sent a task."""
    return None if age is not None and age <= STALE_SECONDS else f"beat sent nothing ({_age(age)})"


def _age(age: float | None) -> str:
    return "not seen" if age is None else f"for {age:.0f} s"


def memory_fault(used: int, limit: int) -> str | None:
    """Why the queue's server would refuse writes, given its memory and its limit (0: none) in bytes."""
    return f"its memory is full ({used} of {limit} bytes)" if limit and used >= limit else None
