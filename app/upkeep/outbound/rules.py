"""When a post is tried again. No I/O."""

from datetime import datetime, timedelta

# While a worker has a post in hand, no sweep offers it; a request is bounded by a fraction of this.
LEASE = timedelta(seconds=60)
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 600.0


def next_try(moment: datetime, attempts: int) -> datetime:
    """When to try again after so many attempts: 2 s, then twice as long each time, at most ten minutes."""
    return moment + timedelta(seconds=min(_FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 20), _LONGEST_RETRY_SECONDS))


def is_too_late(moment: datetime, expires_at: datetime) -> bool:
    """Whether nobody would want this post any more."""
    return moment >= expires_at
