"""What every game is to the framework: a state, moves that change it, an end, and what players see of it. No I/O.

Randomness comes in as an argument: `secrets.SystemRandom()` in workers, a seeded one in tests.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from app.core.errors import Refused
from app.core.translations import _

Result = Literal["win", "loss", "push"]
Style = Literal["primary", "secondary", "success", "danger"]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a game knows of itself. `step` grows with every decision, so that buttons of an earlier one are known."""

    step: int = 1


S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Table:
    """Who plays, in the order of their seats, and what each staked."""

    players: tuple[int, ...]
    stakes: tuple[int, ...]

    @property
    def pot(self) -> int:
        """All stakes together."""
        return sum(self.stakes)

    def name(self, seat: int) -> str:
        """A player as Discord shows them."""
        return f"<@{self.players[seat]}>"


@dataclass(frozen=True)
class Play:
    """A player's move; `at` is when they made it, in Unix milliseconds."""

    seat: int
    action: str
    at: int = 0


@dataclass(frozen=True)
class End:
    """How a game ended: what each seat is paid, its stake included, and its result (none: everything goes back)."""

    payouts: tuple[int, ...]
    results: tuple[Result, ...] = ()

    @property
    def is_void(self) -> bool:
        """Whether nothing was decided: stakes go back, and nothing is noted of it."""
        return not self.results


@dataclass(frozen=True)
class Button:
    """Something to click."""

    action: str
    label: str
    style: Style = "primary"


@dataclass(frozen=True)
class Scene:
    """What players see: some lines, and the buttons below them."""

    lines: tuple[str, ...]
    buttons: tuple[Button, ...] = ()


class Kind(ABC, Generic[S]):
    """One game. What it declares here is all that the framework knows of it."""

    # In commands, options and buttons.
    name: ClassVar[str]
    # What people read; marked for translation.
    title: ClassVar[str]
    emoji: ClassVar[str]
    # The lowest and the highest bet where the guild chose none; None where nothing is staked.
    bets: ClassVar[tuple[int, int] | None]
    state: type[S]
    # One player against the house, two against each other, or as many as join.
    seats: ClassVar[Literal["house", "duel", "open"]] = "duel"
    # Over as soon as it begins: nobody decides anything.
    is_instant: ClassVar[bool] = False
    uses_multiplier: ClassVar[bool] = False
    brings_xp: ClassVar[bool] = False
    # How long the challenged may think about it, or others may join.
    invitation_seconds: ClassVar[int] = 30

    @abstractmethod
    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> S:
        """The first state, once every stake is there. `wishes` is what the command and the guild chose."""

    @abstractmethod
    def end(self, state: S, table: Table) -> End | None:
        """How it ended; None while it goes on."""

    @abstractmethod
    def scene(self, state: S, table: Table) -> Scene:
        """What players see now, in the language in force."""

    def play(self, state: S, table: Table, play: Play, chance: Random) -> S:
        """The state after a player's move; raises Refused where it is not possible."""
        raise NotImplementedError

    def late(self, state: S, table: Table, chance: Random) -> S:
        """The state after the time for this step has passed."""
        raise NotImplementedError

    def seconds(self, state: S) -> float:
        """How long this step may take."""
        del state
        return 30

    def whispers(self, state: S, play: Play) -> str:
        """What only the player is told about their move; mostly nothing."""
        del state, play
        return ""

    def odds(self, wishes: Mapping[str, Any]) -> list[str]:
        """The real chances, a line each, computed from the rules."""
        del wishes
        return [_("Fair: the winner gets the whole pot, and the house keeps nothing.")]


def impossible() -> Refused:
    """The refusal of a move that the game does not know now."""
    return Refused(_("That is not possible right now."))


def to_winner(table: Table, winner: int) -> End:
    """One seat takes the pot."""
    seats = range(len(table.players))
    return End(
        tuple(table.pot if seat == winner else 0 for seat in seats),
        tuple("win" if seat == winner else "loss" for seat in seats),
    )


def void(table: Table) -> End:
    """Every stake goes back."""
    return End(table.stakes)


def won(table: Table, winner: int) -> str:
    """The line that names the winner."""
    if not table.pot:
        return _("🏆 {user} wins!").format(user=table.name(winner))
    return _("🏆 {user} wins the pot of **{pot}** coins!").format(user=table.name(winner), pot=table.pot)


def undecided(table: Table) -> str:
    """The line of a game that nobody won."""
    return _("Nobody wins; the stakes go back.") if table.pot else _("Nobody wins.")


def percent(part: float) -> str:
    """A probability as people read it."""
    return f"{part * 100:.2f} %"
