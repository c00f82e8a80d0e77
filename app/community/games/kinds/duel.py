"""Duel: a fair coin between two. No I/O."""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from app.community.games.kinds.base import End, Kind, Scene, State, Table, to_winner, won
from app.core.translations import marked


class Toss(State, frozen=True, kw_only=True):
    """Whose side the coin showed."""

    winner: int


class Duel(Kind[Toss]):
    """The coin falls as soon as the challenge is accepted."""

    name: ClassVar[str] = "duel"
    title: ClassVar[str] = marked("Duel")
    emoji: ClassVar[str] = "⚔️"
    bets: ClassVar[tuple[int, int] | None] = (10, 1000)
    state = Toss
    is_instant: ClassVar[bool] = True
    uses_multiplier: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Toss:
        """Toss the coin."""
        del wishes
        return Toss(winner=chance.randrange(len(table.players)))

    def end(self, state: Toss, table: Table) -> End:
        """The winner takes the pot."""
        return to_winner(table, state.winner)

    def scene(self, state: Toss, table: Table) -> Scene:
        """Who won."""
        return Scene((won(table, state.winner),))
