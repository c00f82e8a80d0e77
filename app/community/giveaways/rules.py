"""What a giveaway may be, and how its winners are drawn. No I/O.

The draw can be checked by anybody: the hash of a secret seed is published at the start and the seed at the end, and who
wins follows from the seed and the ids of those who joined.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from app.community.economy.rules import MOST as MOST_COINS
from app.community.economy.rules import checked as checked_coins
from app.community.inventory.rules import ITEMS, Item, item_of
from app.community.inventory.rules import checked as checked_items
from app.core.errors import BadInput
from app.core.translations import _

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
MOST_WINNERS = 50
MOST_ACTIVE = 20
LONGEST_TEXT = 100
SEED_BYTES = 32

_SPAN = re.compile(r"(\d{1,6})\s*(d|j|h|m|min)?", re.IGNORECASE)
_UNITS = {"d": 1440, "j": 1440, "h": 60, "m": 1, "min": 1}
# A bare number means coins.
_COINS = re.compile(r"(\d{1,13})\s*(coins?|pièces?|lc)?", re.IGNORECASE)
_ITEMS = re.compile(r"(?:(\d{1,4})\s+)?(\S+)")


@dataclass(frozen=True)
class Prize:
    """What each winner gets: coins, items, or something that the host hands over."""

    kind: Literal["coins", "item", "other"]
    name: str
    amount: int = 1

    @property
    def item(self) -> Item:
        """The item's name; only for prizes that are one."""
        return next(item for item in ITEMS if item == self.name)


def prize_of(text: str) -> Prize:
    """The prize that this text means: “500 coins”, “2 treasure”, or anything else, which the host hands over."""
    given = " ".join(text.split())
    coins = _COINS.fullmatch(given)
    if coins:
        return Prize("coins", "coins", checked_coins(int(coins[1])))
    return _items(given) or Prize("other", _words(_("prize"), given))


def _items(given: str) -> Prize | None:
    found = _ITEMS.fullmatch(given)
    try:
        item = item_of(found[2]) if found else None
    except BadInput:
        return None
    return Prize("item", item, checked_items(int(found[1] or 1))) if found and item else None


def title_of(text: str) -> str:
    """A title, in one line."""
    return _words(_("title"), " ".join(text.split()))


def _words(what: str, text: str) -> str:
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise BadInput(_("A {what} has 1 to {most} characters.").format(what=what, most=LONGEST_TEXT))
    return text


def span_of(text: str) -> timedelta:
    """A time span such as “90”, “90m”, “2h”, “1d 12h”, in minutes where no unit stands; raises BadInput."""
    parts = [_SPAN.fullmatch(part) for part in re.findall(r"\d+\s*[a-zA-Z]*", text)]
    is_whole = "".join(text.split()) == "".join("".join(part[0].split()) for part in parts if part)
    minutes = sum(int(part[1]) * _UNITS[(part[2] or "m").lower()] for part in parts if part)
    if not parts or not all(parts) or not is_whole or not SHORTEST <= timedelta(minutes=min(minutes, 10**7)) <= LONGEST:
        raise BadInput(
            _("“{value}” is no usable time. Allowed: 1 minute to 30 days, such as 90m, 2h or 1d 12h.").format(
                value=text[:30]
            )
        )
    return timedelta(minutes=minutes)


def winners_of(count: int, prize: Prize) -> int:
    """How many win; raises BadInput where there are too many, or too many coins for them."""
    if not 1 <= count <= MOST_WINNERS:
        raise BadInput(
            _("{count} winners are not possible. Allowed: 1 to {most}.").format(count=count, most=MOST_WINNERS)
        )
    if prize.kind == "coins":
        checked_coins(prize.amount * count, high=MOST_COINS)
    return count


def commitment(seed: bytes) -> str:
    """What is published of a seed before the draw."""
    return hashlib.sha256(seed).hexdigest()


def draw(seed: bytes, joined: Iterable[int], count: int) -> list[int]:
    """The winners, first place first: those whose HMAC-SHA256 under the seed (of the id in decimal) is lowest."""
    return sorted(set(joined), key=lambda user: hmac.digest(seed, str(user).encode(), "sha256"))[:count]
