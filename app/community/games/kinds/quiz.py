"""Quiz: several questions with four answers each, the same for both players. No I/O."""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from msgspec.structs import replace

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
from app.community.games.kinds.facts import FACTS
from app.core.errors import Refused
from app.core.translations import _, marked

LETTERS = "abcd"


class Asked(State, frozen=True, kw_only=True):
    """The questions with the order of their answers, which one is open since when, and how both answered.

    An answer is a place among the four; 0 is the right one before the order is mixed. -1: none yet.
    """

    questions: tuple[int, ...]
    orders: tuple[tuple[int, ...], ...]
    number: int = 0
    answers: tuple[int, int] = (-1, -1)
    points: tuple[int, int] = (0, 0)
    # Milliseconds that both took for right answers, and when the open question was first answered or asked.
    took: tuple[int, int] = (0, 0)
    asked_at: int = 0


class Quiz(Kind[Asked]):
    """Five questions, fifteen seconds each, a point for each right answer."""

    name: ClassVar[str] = "quiz"
    title: ClassVar[str] = marked("Quiz")
    emoji: ClassVar[str] = "❓"
    bets: ClassVar[tuple[int, int] | None] = (10, 1000)
    state = Asked
    questions: ClassVar[int] = 5
    answer_seconds: ClassVar[int] = 15

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Asked:
        """Choose the questions and mix their answers."""
        del table
        orders = tuple(tuple(chance.sample(range(len(LETTERS)), len(LETTERS))) for _number in range(self.questions))
        return Asked(
            questions=tuple(chance.sample(range(len(FACTS)), self.questions)),
            orders=orders,
            asked_at=int(wishes.get("at", 0)),
        )

    def seconds(self, state: Asked) -> float:
        """The same for each question."""
        del state
        return self.answer_seconds

    def play(self, state: Asked, table: Table, play: Play, chance: Random) -> Asked:
        """Answer once; the next question comes as soon as both have."""
        del table, chance
        if play.action not in LETTERS or state.number >= len(state.questions):
            raise impossible()
        if state.answers[play.seat] >= 0:
            raise Refused(_("You have answered already."))
        place = state.orders[state.number][LETTERS.index(play.action)]
        seats = (0, 1)
        answers = [place if seat == play.seat else state.answers[seat] for seat in seats]
        gained = [int(seat == play.seat and place == 0) for seat in seats]
        spent = min(max(play.at - state.asked_at, 0), self.answer_seconds * 1000)
        after = replace(
            state,
            answers=tuple(answers),
            points=tuple(state.points[seat] + gained[seat] for seat in seats),
            took=tuple(state.took[seat] + spent * gained[seat] for seat in seats),
        )
        return _next(after, play.at) if min(answers) >= 0 else after

    def whispers(self, state: Asked, play: Play) -> str:
        """Which answer was taken; whether it is right shows when both have answered."""
        del state
        return _("Your answer: {letter}").format(letter=play.action.upper())

    def late(self, state: Asked, table: Table, chance: Random) -> Asked:
        """Whoever did not answer gets no point for this question."""
        del table, chance
        return _next(state, state.asked_at + self.answer_seconds * 1000)

    def end(self, state: Asked, table: Table) -> End | None:
        """More points take the pot; equal points give the stakes back."""
        if state.number < len(state.questions):
            return None
        winner = self.winner_of(state)
        return void(table) if winner is None else to_winner(table, winner)

    def winner_of(self, state: Asked) -> int | None:
        """The seat with more points."""
        first, second = state.points
        return None if first == second else int(second > first)

    def scene(self, state: Asked, table: Table) -> Scene:
        """The answer to the question before, the points, and the open question."""
        lines = [*_solved(state), self._score(state, table)]
        if state.number >= len(state.questions):
            winner = self.winner_of(state)
            return Scene((*lines, undecided(table) if winner is None else won(table, winner)))
        fact = FACTS[state.questions[state.number]]
        options = [f"**{LETTERS[i].upper()}** · {_(fact.answers[place])}" for i, place in enumerate(_order(state))]
        head = _("Question {number} of {count}").format(number=state.number + 1, count=len(state.questions))
        waiting = tuple(
            _("{user} has answered.").format(user=table.name(seat))
            for seat, answer in enumerate(state.answers)
            if answer >= 0
        )
        buttons = tuple(Button(letter, letter.upper(), "secondary") for letter in LETTERS)
        return Scene((*lines, f"**{head}**: {_(fact.question)}", *options, *waiting), buttons)

    def _score(self, state: Asked, table: Table) -> str:
        return " · ".join(f"{table.name(seat)}: **{points}**" for seat, points in enumerate(state.points))


class QuizDuo(Quiz):
    """Seven questions for nothing but honour; equal points are decided by who was faster."""

    name: ClassVar[str] = "quizduo"
    title: ClassVar[str] = marked("Quiz duo")
    emoji: ClassVar[str] = "🧠"
    bets: ClassVar[tuple[int, int] | None] = None
    questions: ClassVar[int] = 7
    answer_seconds: ClassVar[int] = 10

    def winner_of(self, state: Asked) -> int | None:
        """The seat with more points, then with less time."""
        if state.points[0] == state.points[1] and state.took[0] != state.took[1]:
            return int(state.took[1] < state.took[0])
        return super().winner_of(state)

    def odds(self, wishes: Mapping[str, Any]) -> list[str]:
        """There is nothing to win."""
        del wishes
        return [_("Nothing is staked, and nothing is paid.")]

    def _score(self, state: Asked, table: Table) -> str:
        return " · ".join(
            f"{table.name(seat)}: **{points}** ({state.took[seat] / 1000:.1f} s)"
            for seat, points in enumerate(state.points)
        )


def _order(state: Asked) -> tuple[int, ...]:
    return state.orders[state.number]


def _next(state: Asked, at: int) -> Asked:
    return replace(state, step=state.step + 1, number=state.number + 1, answers=(-1, -1), asked_at=at)


def _solved(state: Asked) -> list[str]:
    """The right answer to the question before."""
    if state.number == 0:
        return []
    fact = FACTS[state.questions[state.number - 1]]
    return [_("Right was: **{answer}**").format(answer=_(fact.answers[0]))]
