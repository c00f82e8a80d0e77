"""C21: count on by one to three; whoever says 21 loses. No I/O."""

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
    won,
)
from app.core.errors import Refused
from app.core.translations import _, marked

LAST = 21
_ADDS = ("1", "2", "3")


class Count(State, frozen=True, kw_only=True):
    """How far they have counted, and whose turn it is."""

    number: int = 0
    turn: int = 0
    loser: int | None = None
    is_late: bool = False


class CountTo21(Kind[Count]):
    """Perfect play wins for the second player, so chance decides who begins."""

    name: ClassVar[str] = "c21"
    title: ClassVar[str] = marked("C21")
    emoji: ClassVar[str] = "🔢"
    bets: ClassVar[tuple[int, int] | None] = (10, 1000)
    state = Count
    brings_xp: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Count:
        """Draw who begins."""
        del wishes
        return Count(turn=chance.randrange(len(table.players)))

    def play(self, state: Count, table: Table, play: Play, chance: Random) -> Count:
        """Count on; reaching 21 or more loses."""
        del table, chance
        if play.action not in _ADDS or state.loser is not None:
            raise impossible()
        if play.seat != state.turn:
            raise Refused(_("It is not your turn."))
        number = state.number + int(play.action)
        if number >= LAST:
            return Count(step=state.step + 1, number=number, turn=play.seat, loser=play.seat)
        return Count(step=state.step + 1, number=number, turn=1 - play.seat)

    def late(self, state: Count, table: Table, chance: Random) -> Count:
        """Whoever does not count loses."""
        del table, chance
        return Count(step=state.step + 1, number=state.number, turn=state.turn, loser=state.turn, is_late=True)

    def end(self, state: Count, table: Table) -> End | None:
        """The other one takes the pot."""
        return None if state.loser is None else to_winner(table, 1 - state.loser)

    def scene(self, state: Count, table: Table) -> Scene:
        """The number, and whose turn it is."""
        number = f"# {state.number}"
        if state.loser is not None:
            why = _("{user} ran out of time.") if state.is_late else _("{user} had to say 21.")
            return Scene((number, why.format(user=table.name(state.loser)), won(table, 1 - state.loser)))
        rule = _("Add 1, 2 or 3; whoever reaches 21 loses.")
        turn = _("It is the turn of {user}.").format(user=table.name(state.turn))
        return Scene((number, rule, turn), tuple(Button(add, f"+{add}", "secondary") for add in _ADDS))

    def odds(self, wishes: Mapping[str, Any]) -> list[str]:
        """Who wins with perfect play."""
        return [
            *super().odds(wishes),
            _("With perfect play the second player wins (by multiples of 4), so chance decides who begins."),
        ]
