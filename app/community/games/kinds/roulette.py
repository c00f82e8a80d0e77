"""Roulette: one ball, 37 pockets, a bet on a colour. No I/O."""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar, Literal, get_args

from app.community.games.kinds.base import End, Kind, Scene, State, Table, percent
from app.core.errors import BadInput
from app.core.options import Number
from app.core.translations import _, marked

Colour = Literal["red", "black", "green"]
COLOURS: tuple[Colour, ...] = get_args(Colour)
NAMES: dict[Colour, str] = {"red": marked("red"), "black": marked("black"), "green": marked("green")}
_SIGNS: dict[Colour, str] = {"red": "🔴", "black": "⚫", "green": "🟢"}
_WORDS: dict[str, Colour] = {"rouge": "red", "noir": "black", "vert": "green"}
POCKETS = 37
_SHARES: dict[Colour, int] = {"red": 18, "black": 18, "green": 1}
# The pockets in the order of their numbers; zero is green.
_RED = frozenset({1, 3, 5, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36})
# More than 37 times the bet would be more than a fair game pays.
GREEN = Number(
    "roulette-green", marked("What green pays at roulette, in bets (37 would be fair)"), default=35, low=2, high=37
)


class Spin(State, frozen=True, kw_only=True):
    """Where the ball fell, what was bet on, and what that pays in bets."""

    colour: Colour
    pocket: int
    pays: int


class Roulette(Kind[Spin]):
    """One uniform draw of 37 pockets."""

    name: ClassVar[str] = "roulette"
    title: ClassVar[str] = marked("Roulette")
    emoji: ClassVar[str] = "🎡"
    bets: ClassVar[tuple[int, int] | None] = (10, 500)
    state = Spin
    seats: ClassVar[Literal["house", "duel", "open"]] = "house"
    is_instant: ClassVar[bool] = True
    uses_multiplier: ClassVar[bool] = True
    brings_xp: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Spin:
        """Spin."""
        del table
        colour = colour_of(str(wishes.get("choice", "")))
        return Spin(colour=colour, pocket=chance.randrange(POCKETS), pays=pays(colour, wishes))

    def end(self, state: Spin, table: Table) -> End:
        """The bet times what the colour pays, or nothing."""
        if colour_at(state.pocket) == state.colour:
            return End((table.stakes[0] * state.pays,), ("win",))
        return End((0,), ("loss",))

    def scene(self, state: Spin, table: Table) -> Scene:
        """Where the ball fell."""
        fell = colour_at(state.pocket)
        line = _("{user} bet **{stake}** on {colour}. The ball falls on {sign} **{pocket}** ({fell}).")
        return Scene(
            (
                line.format(
                    user=table.name(0),
                    stake=table.stakes[0],
                    colour=_(NAMES[state.colour]),
                    sign=_SIGNS[fell],
                    pocket=state.pocket,
                    fell=_(NAMES[fell]),
                ),
            )
        )

    def odds(self, wishes: Mapping[str, Any]) -> list[str]:
        """Each colour's chance, what it pays, and what comes back on average."""
        return [
            _("{sign} {colour}: {chance}, pays {pays} times the bet; returns {back} on average.").format(
                sign=_SIGNS[colour],
                colour=_(NAMES[colour]),
                chance=percent(_SHARES[colour] / POCKETS),
                pays=pays(colour, wishes),
                back=percent(expected(colour, wishes)),
            )
            for colour in COLOURS
        ]


def colour_of(text: str) -> Colour:
    """The colour of that name in either language; raises BadInput naming them."""
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    for colour in COLOURS:
        if word == colour:
            return colour
    raise BadInput(
        _("“{value}” is no colour. Allowed: {allowed}.").format(
            value=text[:50], allowed=", ".join(_(NAMES[colour]) for colour in COLOURS)
        )
    )


def colour_at(pocket: int) -> Colour:
    """The colour of a pocket."""
    if pocket == 0:
        return "green"
    return "red" if pocket in _RED else "black"


def pays(colour: Colour, wishes: Mapping[str, Any]) -> int:
    """What a bet on this colour brings back, in bets."""
    return GREEN.of(wishes) if colour == "green" else 2


def expected(colour: Colour, wishes: Mapping[str, Any]) -> float:
    """What comes back of a coin on average."""
    return _SHARES[colour] * pays(colour, wishes) / POCKETS
