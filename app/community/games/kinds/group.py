"""Group roulette: whoever joins adds to the pot, and the stakes are the chances. No I/O."""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar, Literal

from app.community.games.kinds.base import End, Kind, Scene, State, Table, percent, to_winner, won
from app.core.translations import _, marked

LEAST, MOST = 2, 25


class Wheel(State, frozen=True, kw_only=True):
    """Whom the wheel chose."""

    winner: int


class Group(Kind[Wheel]):
    """The wheel turns once, when the time to join is over; the pot goes to one player, whole."""

    name: ClassVar[str] = "group"
    title: ClassVar[str] = marked("Group roulette")
    emoji: ClassVar[str] = "🎯"
    bets: ClassVar[tuple[int, int] | None] = (10, 500)
    state = Wheel
    seats: ClassVar[Literal["house", "duel", "open"]] = "open"
    is_instant: ClassVar[bool] = True
    uses_multiplier: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Wheel:
        """Turn the wheel: every coin in the pot has the same chance."""
        del wishes
        left = chance.randrange(table.pot)
        for seat, stake in enumerate(table.stakes):
            left -= stake
            if left < 0:
                return Wheel(winner=seat)
        raise AssertionError("the stakes make the pot")

    def end(self, state: Wheel, table: Table) -> End:
        """The winner takes the pot."""
        return to_winner(table, state.winner)

    def scene(self, state: Wheel, table: Table) -> Scene:
        """Who had which chance, and who won."""
        return Scene((*chances(table), won(table, state.winner)))

    def odds(self, wishes: Mapping[str, Any]) -> list[str]:
        """The chance of a stake."""
        del wishes
        return [
            _("Your chance is your part of the pot, and the winner gets exactly the pot: returns 100 % on average.")
        ]


def chances(table: Table) -> tuple[str, ...]:
    """Each player's stake and chance."""
    return tuple(
        f"{table.name(seat)} · **{stake}** · {percent(stake / table.pot)}" for seat, stake in enumerate(table.stakes)
    )
