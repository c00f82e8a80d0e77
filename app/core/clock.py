"""The time, and the time inside Discord's snowflakes."""

from datetime import UTC, datetime, timedelta

# Discord counts milliseconds from the first second of 2015, shifted over 22 bits of worker and sequence.
DISCORD_EPOCH_MS = 1_420_070_400_000
_TIME_SHIFT = 22


def now() -> datetime:
    """The current moment, with its zone (UTC)."""
    return datetime.now(UTC)


def millis() -> int:
    """The current moment in milliseconds of Unix time."""
    return int(now().timestamp() * 1000)


def snowflake_time(snowflake: int) -> datetime:
    """The moment at which Discord made this id."""
    milliseconds = (snowflake >> _TIME_SHIFT) + DISCORD_EPOCH_MS
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def snowflake_at(moment: datetime) -> int:
    """The lowest id that Discord could make at this moment (for ranges over ids)."""
    milliseconds = int(moment.timestamp() * 1000) - DISCORD_EPOCH_MS
    return max(milliseconds, 0) << _TIME_SHIFT
