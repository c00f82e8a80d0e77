"""Snowflakes and the times that they carry."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
SHIFT = 22


class Snowflakes:
    """A strictly increasing source of ids, drawn from the real clock unless told otherwise."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """A new id, larger than every id before it even when the clock steps back."""
        candidate = (int(self._clock() * 1000) - EPOCH_MS) << SHIFT
        self._last = candidate if candidate > self._last else self._last + 1
        return self._last


def moment_of(snowflake: int) -> datetime:
    """When the id was made, in UTC."""
    return datetime.fromtimestamp(((snowflake >> SHIFT) + EPOCH_MS) / 1000, UTC)


def iso(moment: datetime) -> str:
    """The time as Discord writes it, with microseconds and offset."""
    return moment.isoformat(timespec="microseconds")


def timestamp_of(snowflake: int) -> str:
    """When the id was made, as Discord writes it."""
    return iso(moment_of(snowflake))


def now_iso() -> str:
    """The present time, as Discord writes it."""
    return iso(datetime.now(UTC))
