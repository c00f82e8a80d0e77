"""When the next gift may be had. No I/O."""

from datetime import datetime, timedelta

from app.core.options import Number
from app.core.translations import _, marked

COOLDOWN = timedelta(hours=24)

AMOUNT = Number("gift-amount", marked("Coins of the daily gift"), default=25, low=1, high=1_000_000)
OPTIONS = (AMOUNT,)


def left(last: datetime | None, moment: datetime) -> timedelta:
    """How long somebody who had a gift then must still wait; nothing or less: no longer."""
    return last + COOLDOWN - moment if last else timedelta(0)


def shown(span: timedelta) -> str:
    """A wait in hours and minutes, never less than it is."""
    minutes = -(-int(span.total_seconds()) // 60)
    hours, minutes = divmod(max(minutes, 1), 60)
    return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
