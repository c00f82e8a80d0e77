"""What a bag may hold, what is in a treasure, and what winners of games find. No I/O.

Randomness comes in as an argument: `secrets.SystemRandom()` in workers, a seeded one in tests.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Literal, TypeVar, get_args

from app.core.errors import BadInput, Refused
from app.core.options import Number, bad
from app.core.translations import _, marked

Item = Literal["jackpot", "multiplier_x2", "multiplier_x3"]
ITEMS: tuple[Item, ...] = get_args(Item)
NAMES: dict[Item, str] = {
    "jackpot": marked("Treasure"),
    "multiplier_x2": marked("Multiplier x2"),
    "multiplier_x3": marked("Multiplier x3"),
}
# Other words under which people know the items, in either language.
_WORDS: dict[str, Item] = {
    "treasure": "jackpot",
    "trésor": "jackpot",
    "tresor": "jackpot",
    "x2": "multiplier_x2",
    "multiplieur_x2": "multiplier_x2",
    "x3": "multiplier_x3",
    "multiplieur_x3": "multiplier_x3",
}
# What each activated item multiplies a game's profit by.
FACTORS: dict[Item, int] = {"multiplier_x2": 2, "multiplier_x3": 3}
# So many settled games does an activated multiplier last, won or lost.
GAMES = 2
# So many of an item in one change.
MOST = 1_000

TREASURES = (
    Number("treasure-small", marked("Coins in a small treasure"), default=25, low=1, high=1_000_000),
    Number("treasure-medium", marked("Coins in a medium treasure"), default=50, low=1, high=1_000_000),
    Number("treasure-large", marked("Coins in a large treasure"), default=100, low=1, high=1_000_000),
)
# A share is a weight: its chance is its part of the sum of the three, so that the defaults are percent.
SHARES = (
    Number("treasure-small-share", marked("How often a treasure is small, beside the others"), 50, low=1, high=1_000),
    Number("treasure-medium-share", marked("How often a treasure is medium, beside the others"), 35, low=1, high=1_000),
    Number("treasure-large-share", marked("How often a treasure is large, beside the others"), 15, low=1, high=1_000),
)
# Few enough that what is found is worth less than the house's edge on the smallest bet, which nobody can live on:
# 1 % of 45 coins, the mean of a treasure, on each game won.
DROPS: dict[Item, Number] = {
    "jackpot": Number("drop-treasure", marked("Of 1,000 games won, how many bring a treasure"), 10, low=0, high=300),
    "multiplier_x2": Number(
        "drop-x2", marked("Of 1,000 games won, how many bring a multiplier x2"), 5, low=0, high=300
    ),
    "multiplier_x3": Number(
        "drop-x3", marked("Of 1,000 games won, how many bring a multiplier x3"), 2, low=0, high=300
    ),
}
BONUS = Number(
    "multiplier-bonus", marked("The most coins that a multiplier adds to one game"), default=500, low=0, high=1_000_000
)
OPTIONS = (*TREASURES, *SHARES, *DROPS.values(), BONUS)

_PER_MILLE = 1_000
T = TypeVar("T")


class NotThere(Refused):
    """There are not that many of this item in the bag."""


class AlreadyActive(Refused):
    """One multiplier is active already."""


def item_of(text: str) -> Item:
    """The item of that name in either language; raises BadInput naming them."""
    word = text.strip().lower().replace(" ", "_").replace("multiplicateur", "multiplieur")
    for item in ITEMS:
        if word == item:
            return item
    if word in _WORDS:
        return _WORDS[word]
    raise bad(_("item"), text, ", ".join(ITEMS))


def checked(quantity: int) -> int:
    """The number of items, which must lie between 1 and MOST; raises BadInput."""
    if not 1 <= quantity <= MOST:
        shown = quantity if abs(quantity) <= MOST * MOST else _("That many")
        raise BadInput(
            _("{quantity} is no usable number of items. Allowed: 1 to {most}.").format(quantity=shown, most=MOST)
        )
    return quantity


def treasure(options: Mapping[str, Any], chance: Random) -> int:
    """The coins in a treasure that is opened now."""
    return drawn(list(odds(options).items()), chance)


def odds(options: Mapping[str, Any]) -> dict[int, float]:
    """The amounts that a treasure may hold, each with its probability."""
    weights = [share.of(options) for share in SHARES]
    found: dict[int, float] = {}
    for size, weight in zip(TREASURES, weights, strict=True):
        amount = size.of(options)
        found[amount] = found.get(amount, 0) + weight / sum(weights)
    return found


def drop(options: Mapping[str, Any], chance: Random) -> Item | None:
    """What the winner of a game finds, mostly nothing."""
    left = chance.randrange(_PER_MILLE)
    for item, option in DROPS.items():
        left -= option.of(options)
        if left < 0:
            return item
    return None


def bonus(options: Mapping[str, Any], profit: int, factor: int) -> int:
    """What a multiplier adds to a game's profit (what came back less what was staked); nothing to a loss."""
    return min(max(profit, 0) * (factor - 1), BONUS.of(options))


def drawn(weighted: Sequence[tuple[T, float]], chance: Random) -> T:
    """One of these by its weight."""
    return chance.choices([value for value, _weight in weighted], [weight for _value, weight in weighted])[0]
