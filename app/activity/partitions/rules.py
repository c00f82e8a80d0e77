"""Which ids the weekly partitions hold. No I/O."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.core.clock import snowflake_at

AHEAD = timedelta(weeks=4)
BEHIND = timedelta(weeks=13)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Span:
    """The ids that can be stored: from `low` on, below `high`."""

    low: int
    high: int


def monday_of(partition: str) -> datetime:
    """The first moment of the week that a partition holds, from its name (`messages_p20261116`)."""
    return datetime.strptime(partition[-8:], "%Y%m%d").replace(tzinfo=UTC)


def span_of(oldest: str | None, newest: str | None) -> Span:
    """The ids between the oldest and the newest partition; none when there are no partitions."""
    if oldest is None or newest is None:
        return Span(0, 0)
    return Span(snowflake_at(monday_of(oldest)), snowflake_at(monday_of(newest) + WEEK))
