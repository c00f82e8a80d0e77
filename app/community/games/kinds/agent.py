"""007: reload, shoot or shield, round by round. No I/O."""

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
from app.community.games.kinds.rps import ready_lines, with_seat
from app.core.errors import Refused
from app.core.translations import _, marked

NAMES = {"reload": marked("Reload"), "shoot": marked("Shoot"), "shield": marked("Shield")}
_SIGNS = {"reload": "🔄", "shoot": "🔫", "shield": "🛡️"}
READY = "ready"
# Two who only shield would never come to an end.
MOST_ROUNDS = 20
_READY_SECONDS, _ROUND_SECONDS = 60, 12


class Field(State, frozen=True, kw_only=True):
    """Bullets, choices and the round (0: both get ready); `last` is what was chosen in the round before."""

    bullets: tuple[int, int] = (1, 1)
    chosen: tuple[str, str] = ("", "")
    last: tuple[str, str] = ("", "")
    round: int = 0
    winner: int | None = None
    is_over: bool = False


class Agent(Kind[Field]):
    """A shot wins against whoever reloads; a shield stops it; two shots meet in the air."""

    name: ClassVar[str] = "007"
    title: ClassVar[str] = marked("007")
    emoji: ClassVar[str] = "🕶️"
    bets: ClassVar[tuple[int, int] | None] = (10, 1000)
    state = Field
    brings_xp: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Field:
        """Let both get ready, with a bullet each."""
        del table, wishes, chance
        return Field()

    def seconds(self, state: Field) -> float:
        """A minute to get ready, a few seconds for each round."""
        return _ROUND_SECONDS if state.round else _READY_SECONDS

    def play(self, state: Field, table: Table, play: Play, chance: Random) -> Field:
        """Choose once a round; the round is decided as soon as both have."""
        del table, chance
        allowed = set(NAMES) if state.round else {READY}
        if state.is_over or play.action not in allowed:
            raise impossible()
        if state.chosen[play.seat]:
            raise Refused(_("You have chosen already."))
        if play.action == "shoot" and not state.bullets[play.seat]:
            raise Refused(_("You have no bullet. Reload first."))
        chosen = with_seat(state.chosen, play.seat, play.action)
        after = Field(step=state.step, bullets=state.bullets, chosen=chosen, last=state.last, round=state.round)
        return decided(after) if all(chosen) else after

    def whispers(self, state: Field, play: Play) -> str:
        """What was chosen."""
        del state
        if play.action == READY:
            return ""
        return _("You chose {choice}.").format(choice=f"{_SIGNS[play.action]} {_(NAMES[play.action])}")

    def late(self, state: Field, table: Table, chance: Random) -> Field:
        """Whoever is silent in a round loses it to the one who is not; before the first round nothing is decided."""
        del table, chance
        there = [seat for seat, choice in enumerate(state.chosen) if choice]
        winner = there[0] if state.round and len(there) == 1 else None
        return Field(
            step=state.step + 1,
            bullets=state.bullets,
            last=state.chosen,
            round=state.round,
            winner=winner,
            is_over=True,
        )

    def end(self, state: Field, table: Table) -> End | None:
        """The winner takes the pot; without one the stakes go back."""
        if not state.is_over:
            return None
        return void(table) if state.winner is None else to_winner(table, state.winner)

    def scene(self, state: Field, table: Table) -> Scene:
        """Bullets, what happened last, and who has chosen."""
        if not state.round and not state.is_over:
            lines = (_("Both get ready; each has one bullet."), *ready_lines(table, state.chosen))
            return Scene(lines, (Button(READY, _("Ready"), "success"),))
        bullets = tuple(f"{table.name(seat)}: {'▮' * count or '-'}" for seat, count in enumerate(state.bullets))
        if state.is_over:
            end = undecided(table) if state.winner is None else won(table, state.winner)
            return Scene((*_happened(state, table), end))
        head = _("Round {round} of {most}").format(round=state.round, most=MOST_ROUNDS)
        buttons = tuple(Button(name, f"{_SIGNS[name]} {_(NAMES[name])}", "secondary") for name in NAMES)
        return Scene((*_happened(state, table), head, *bullets, *ready_lines(table, state.chosen)), buttons)


def _happened(state: Field, table: Table) -> tuple[str, ...]:
    """What was chosen in the round before."""
    return tuple(
        f"{table.name(seat)}: {_SIGNS[choice]} {_(NAMES[choice])}"
        if choice in _SIGNS
        else _("{user} did nothing.").format(user=table.name(seat))
        for seat, choice in enumerate(state.last)
        if state.round > 1 or state.is_over
    )


def decided(state: Field) -> Field:
    """The state after a round that both chose in."""
    first, second = state.chosen
    if READY in state.chosen:
        return Field(step=state.step + 1, bullets=state.bullets, round=1)
    bullets = (state.bullets[0] + _change(first), state.bullets[1] + _change(second))
    winner = {("shoot", "reload"): 0, ("reload", "shoot"): 1}.get((first, second))
    return Field(
        step=state.step + 1,
        bullets=bullets,
        last=state.chosen,
        round=state.round + 1,
        winner=winner,
        is_over=winner is not None or state.round >= MOST_ROUNDS,
    )


def _change(choice: str) -> int:
    return {"reload": 1, "shoot": -1}.get(choice, 0)
