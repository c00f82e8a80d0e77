"""Slots: three reels that know nothing of each other. No I/O."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any, ClassVar, Literal

from app.community.games.kinds.base import End, Kind, Scene, State, Table, percent
from app.core.translations import _, marked

REELS = 3
# Each sign with its weight out of 100, and what three of it pay in bets.
SIGNS: dict[str, tuple[int, int]] = {
    "🍒": (30, 2),
    "🍋": (25, 3),
    "🍊": (20, 5),
    "🍇": (15, 10),
    "⭐": (5, 20),
    "💎": (3, 50),
    "7️⃣": (2, 100),
}
# What exactly two of a kind pay, in any places.
PAIR = Fraction(3, 2)
_WEIGHTS = [weight for weight, _pays in SIGNS.values()]


class Pull(State, frozen=True, kw_only=True):
    """What the reels show."""

    reels: tuple[str, str, str]


class Slots(Kind[Pull]):
    """Three independent reels."""

    name: ClassVar[str] = "slots"
    title: ClassVar[str] = marked("Slots")
    emoji: ClassVar[str] = "🎰"
    bets: ClassVar[tuple[int, int] | None] = (5, 250)
    state = Pull
    seats: ClassVar[Literal["house", "duel", "open"]] = "house"
    is_instant: ClassVar[bool] = True
    uses_multiplier: ClassVar[bool] = True
    brings_xp: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Pull:
        """Pull."""
        del table, wishes
        first, second, third = chance.choices(list(SIGNS), _WEIGHTS, k=REELS)
        return Pull(reels=(first, second, third))

    def end(self, state: Pull, table: Table) -> End:
        """The bet times what the reels pay, rounded down."""
        factor = pays(state.reels)
        return End((int(table.stakes[0] * factor),), ("win" if factor else "loss",))

    def scene(self, state: Pull, table: Table) -> Scene:
        """The reels."""
        return Scene(
            (
                _("{user} plays for **{stake}**.").format(user=table.name(0), stake=table.stakes[0]),
                f"# {' '.join(state.reels)}",
            )
        )

    def odds(self, wishes: Mapping[str, Any]) -> list[str]:
        """Each triple's chance, that of a pair, and what comes back on average."""
        del wishes
        lines = [
            _("{signs}: {chance}, pays {pays} times the bet.").format(
                signs=sign * REELS, chance=percent((weight / 100) ** REELS), pays=factor
            )
            for sign, (weight, factor) in SIGNS.items()
        ]
        pair = sum(float(chance) for reels, chance in outcomes() if len(set(reels)) == REELS - 1)
        lines.append(
            _("Two alike: {chance}, pays {pays} times the bet.").format(chance=percent(pair), pays=float(PAIR))
        )
        return [*lines, _("Returns {back} on average, before rounding down.").format(back=percent(float(expected())))]


def pays(reels: tuple[str, ...]) -> Fraction:
    """What these reels pay, in bets."""
    kinds = set(reels)
    if len(kinds) == 1:
        return Fraction(SIGNS[reels[0]][1])
    return PAIR if len(kinds) == REELS - 1 else Fraction(0)


def outcomes() -> list[tuple[tuple[str, ...], Fraction]]:
    """Everything that the reels can show, with its probability."""
    found = []
    for reels in product(SIGNS, repeat=REELS):
        chance = Fraction(1)
        for sign in reels:
            chance *= Fraction(SIGNS[sign][0], 100)
        found.append((reels, chance))
    return found


def expected() -> Fraction:
    """What comes back of a coin on average, before rounding."""
    return sum((chance * pays(reels) for reels, chance in outcomes()), Fraction(0))
