"""Interactions that users started, and how the bot has answered them so far."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.sandbox.constants import InteractionType, Json

TOKEN_LIFE = 900.0
_KEPT = 20_000


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One interaction; `state` is pending, deferred, answered or failed."""

    id: int
    kind: InteractionType
    token: str
    user_id: int
    channel_id: int
    guild_id: int
    label: str
    created: float
    state: str = "pending"
    answered: float | None = None
    ephemeral: bool = False
    original_id: int | None = None
    source_id: int | None = None
    message_ids: list[int] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    command_kind: int | None = None


class Interactions:
    """The newest interactions, by id and by token."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._order: deque[int] = deque()
        self.modals: dict[tuple[int, str], Interaction] = {}

    def now(self) -> float:
        """The clock that deadlines are measured with."""
        return self._clock()

    def add(self, row: Interaction) -> None:
        """Remember the interaction."""
        self._by_id[row.id] = row
        self._by_token[row.token] = row
        self._order.append(row.id)
        if len(self._order) > _KEPT:
            oldest = self._by_id.pop(self._order.popleft())
            self._by_token.pop(oldest.token, None)

    def get(self, interaction_id: int) -> Interaction | None:
        """The interaction, or None."""
        return self._by_id.get(interaction_id)

    def by_token(self, token: str) -> Interaction | None:
        """The interaction while its token lives, or None."""
        row = self._by_token.get(token)
        return row if row and self._clock() - row.created <= TOKEN_LIFE else None

    def answer(self, row: Interaction) -> None:
        """The bot has answered; the first time counts."""
        row.state = "answered"
        row.answered = row.answered or self._clock()

    def settle(self, row: Interaction, deadline: float) -> str:
        """The present state; an interaction nobody answered in time has failed."""
        if row.state == "pending" and self._clock() - row.created > deadline:
            row.state = "failed"
        return row.state
