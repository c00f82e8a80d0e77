"""Rock, paper, scissors: both choose, neither sees the other's choice. No I/O."""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from app.community.games.kinds.base import (
    Button,
    End,
    Kind,
    Play,
    Scene,
    State,
    Table,
    impossible,
    to_winner,
    undecided,
    void,
    won,
)
from app.core.errors import Refused
from app.core.translations import _, marked

NAMES = {"rock": marked("Rock"), "paper": marked("Paper"), "scissors": marked("Scissors")}
_SIGNS = {"rock": "🪨", "paper": "📄", "scissors": "✂️"}
BEATS = {"rock": "scissors", "paper": "rock", "scissors": "paper"}


class Hands(State, frozen=True, kw_only=True):
    """What each chose; empty: nothing yet."""

    chosen: tuple[str, str] = ("", "")
    is_late: bool = False


class RockPaperScissors(Kind[Hands]):
    """One round."""

    name: ClassVar[str] = "rps"
    title: ClassVar[str] = marked("Rock, paper, scissors")
    emoji: ClassVar[str] = "✂️"
    bets: ClassVar[tuple[int, int] | None] = (10, 1000)
    state = Hands
    brings_xp: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Hands:
        """Let both choose."""
        del table, wishes, chance
        return Hands()

    def play(self, state: Hands, table: Table, play: Play, chance: Random) -> Hands:
        """Choose once."""
        del table, chance
        if play.action not in BEATS:
            raise impossible()
        if state.chosen[play.seat]:
            raise Refused(_("You have chosen already."))
        return Hands(step=state.step, chosen=with_seat(state.chosen, play.seat, play.action))

    def whispers(self, state: Hands, play: Play) -> str:
        """What was chosen."""
        del state
        return _("You chose {choice}.").format(choice=f"{_SIGNS[play.action]} {_(NAMES[play.action])}")

    def late(self, state: Hands, table: Table, chance: Random) -> Hands:
        """Without both choices nothing is decided."""
        del table, chance
        return Hands(step=state.step + 1, chosen=state.chosen, is_late=True)

    def end(self, state: Hands, table: Table) -> End | None:
        """The better hand takes the pot; equal hands and missing ones give the stakes back."""
        if state.is_late:
            return void(table)
        if not all(state.chosen):
            return None
        winner = winner_of(*state.chosen)
        return void(table) if winner is None else to_winner(table, winner)

    def scene(self, state: Hands, table: Table) -> Scene:
        """Who has chosen; in the end, what."""
        end = self.end(state, table)
        if end is None:
            buttons = tuple(Button(name, f"{_SIGNS[name]} {_(NAMES[name])}", "secondary") for name in BEATS)
            return Scene(ready_lines(table, state.chosen), buttons)
        if state.is_late:
            return Scene((_("Time is up."), undecided(table)))
        shown = tuple(f"{table.name(seat)}: {_SIGNS[hand]} {_(NAMES[hand])}" for seat, hand in enumerate(state.chosen))
        winner = winner_of(*state.chosen)
        return Scene((*shown, undecided(table) if winner is None else won(table, winner)))


def winner_of(first: str, second: str) -> int | None:
    """The seat that wins; None where both chose the same."""
    if first == second:
        return None
    return 0 if BEATS[first] == second else 1


def with_seat(pair: tuple[str, str], seat: int, value: str) -> tuple[str, str]:
    """The pair with the value of one seat replaced."""
    return (value, pair[1]) if seat == 0 else (pair[0], value)


def ready_lines(table: Table, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Who has chosen, without saying what."""
    return tuple(
        (_("{user} has chosen.") if choice else _("{user} is choosing…")).format(user=table.name(seat))
        for seat, choice in enumerate(chosen)
    )
