"""When the lottery draws, and which ticket wins. No I/O.

The draw can be checked by anybody: the SHA-256 of a secret seed is told while tickets are sold, the seed itself after
the draw, and the winning ticket follows from the seed and the number of tickets. Buyers cannot foresee it. The operator
of the bot, who can read the database, could: nothing that one machine does alone keeps its owner from that.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from app.core.errors import BadInput
from app.core.options import Channel, Number
from app.core.translations import _, marked

HOUR = time(20)
_SUNDAY = 6
_WEEK = timedelta(days=7)
MOST_AT_ONCE = 100
SEED_BYTES = 32

PRICE = Number("lottery-price", marked("Coins that a lottery ticket costs"), default=20, low=1, high=1_000_000)
BASE = Number(
    "lottery-base", marked("Coins that the house puts into a new jackpot"), default=10_000, low=0, high=1_000_000_000
)
CHANNEL = Channel("lottery-channel", marked("Where the results of the lottery are posted"), default=None)
OPTIONS = (PRICE, BASE, CHANNEL)


def moment_of(day: date, zone: ZoneInfo) -> datetime:
    """When the draw of that day takes place, as the clocks of that zone show it."""
    return datetime.combine(day, HOUR, zone).astimezone(UTC)


def next_day(moment: datetime, zone: ZoneInfo, drawn: date | None = None) -> date:
    """The next Sunday whose draw is still to come, and later than the last day that was drawn."""
    day = moment.astimezone(zone).date()
    day += timedelta(days=(_SUNDAY - day.weekday()) % 7)
    if moment_of(day, zone) <= moment:
        day += _WEEK
    while drawn is not None and day <= drawn:
        day += _WEEK
    return day


def checked(number: int) -> int:
    """How many tickets are bought at once; raises BadInput naming the bounds."""
    if not 1 <= number <= MOST_AT_ONCE:
        shown = number if abs(number) <= 10**12 else _("That many")
        raise BadInput(
            _("{count} tickets cannot be bought. Allowed: 1 to {most} at once.").format(count=shown, most=MOST_AT_ONCE)
        )
    return number


def commitment(seed: bytes) -> str:
    """What is told of a seed before the draw."""
    return hashlib.sha256(seed).hexdigest()


@dataclass(frozen=True, order=True)
class Held:
    """Tickets that a member holds: all numbers from the first to the last."""

    first: int
    last: int
    user_id: int


def drawn(seed: bytes, sold: int, held: Sequence[Held]) -> tuple[int, int, int] | None:
    """The attempt that met a ticket which somebody holds, the ticket, and whose it is; None where nobody has any.

    Tickets of people who had themselves erased stay among those sold, so that everybody can check the draw.
    """
    if not held:
        return None
    starts = [one.first for one in held]
    for attempt in count():
        number = ticket(seed, sold, attempt)
        found = held[max(bisect_right(starts, number) - 1, 0)]
        if found.first <= number <= found.last:
            return attempt, number, found.user_id
    return None


def ticket(seed: bytes, sold: int, attempt: int = 0) -> int:
    """The ticket that is drawn: SHA-256 of “seed in hex:sold:attempt”, as a number, modulo the tickets, plus one."""
    digest = hashlib.sha256(f"{seed.hex()}:{sold}:{attempt}".encode()).digest()
    return int.from_bytes(digest) % sold + 1
