"""Commands that change something: what crosses the queue, and who decides how one ended.

The bot puts a `Command` into `ledger:commands` under the interaction's id and sends the task of that name with the id
alone. Whoever first inserts the outcome row for the id wins: a worker inside the transaction that did the work, or the
bot at the deadline, and then the worker's transaction is rolled back. A redelivery finds the row and returns it.
"""

import functools
import logging
import time
from collections.abc import Callable
from typing import Annotated, Literal, ParamSpec, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.answers import Answer
from app.core.db import OUTAGES, UnitOfWork, unit_of_work
from app.core.errors import BadInput, DatabaseUnavailable, Refused, Unavailable
from app.core.translations import _, speaking
from schema.models.ingest import DeadLetter
from schema.models.outcomes import Outcome

log = logging.getLogger(__name__)

# The name of the queue and of its ledger.
QUEUE = "commands"
DEADLINE_SECONDS = 10.0

P = ParamSpec("P")
T = TypeVar("T")
Scalar = str | int | float | bool | None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a person, as scalars. `token` never leaves the ledger; `deadline` is in Unix seconds."""

    v: Literal[1] = 1
    task: str
    id: int
    guild_id: int
    user_id: int
    channel_id: int
    language: str
    deadline: float
    application_id: int = 0
    token: str = ""
    # A click on a button or a choice in a menu, whose first reply is the message itself.
    is_click: bool = False
    arguments: dict[str, Scalar] = msgspec.field(default_factory=dict)

    def text(self, name: str) -> str:
        """An argument that must be text."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            raise BadInput(_("{name} must be text.").format(name=name))
        return value

    def integer(self, name: str) -> int:
        """An argument that must be a whole number."""
        value = self.arguments.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadInput(_("{name} must be a whole number.").format(name=name))
        return value


class _Person(msgspec.Struct, frozen=True):
    """Whose command it was, in any version: an erasure must find it."""

    guild_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    user_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


Work = Callable[[UnitOfWork, Command], Answer]


def encode(command: Command) -> bytes:
    """The payload for the ledger."""
    return msgspec.json.encode(command)


def decode(payload: bytes) -> Command:
    """The command in a payload; raises msgspec.ValidationError (or DecodeError) when it is not one."""
    return msgspec.json.decode(payload, type=Command)


def stored_answer(session: Session, interaction_id: int) -> Answer | None:
    """How the command ended, if it has."""
    row = session.execute(
        select(Outcome.state, Outcome.answer).where(Outcome.interaction_id == interaction_id)
    ).one_or_none()
    return Answer(text=row.answer["text"], state=row.state, data=row.answer.get("data", {})) if row else None


def claim(session: Session, command: Command, answer: Answer) -> bool:
    """Insert the outcome row; False when somebody else decided first, and then nothing here may be committed."""
    return (
        session.execute(
            insert(Outcome)
            .values(
                interaction_id=command.id,
                guild_id=command.guild_id,
                user_id=command.user_id,
                command=command.task,
                state=answer.state,
                answer={"text": answer.text, "data": answer.data},
            )
            .on_conflict_do_nothing(index_elements=["interaction_id"])
            .returning(Outcome.interaction_id)
        ).scalar()
        is not None
    )


def execute(command: Command, work: Work) -> Answer:
    """Do the work and its outcome row in one transaction, or return what was decided before.

    Outages (of PostgreSQL and Redis) pass through, for the task to be tried again.
    """
    with speaking(command.language):
        try:
            answer = _attempt(command, work)
        except (BadInput, Refused) as refusal:
            return settle(command, Answer(text=str(refusal), state="refused"))
        return answer or settle(command, _expired())


def _attempt(command: Command, work: Work) -> Answer | None:
    """The answer once it is committed; None when the deadline has passed or somebody else has just decided."""
    with unit_of_work() as uow:
        decided = stored_answer(uow.session, command.id)
        if decided or time.time() > command.deadline:
            return decided
        answer = work(uow, command)
        if not claim(uow.session, command, answer):
            return None
        uow.commit()
        return answer


def expire(command: Command) -> Answer:
    """Decide, unless it is decided, that the command came too late: nothing was taken."""
    with speaking(command.language):
        return settle(command, _expired())


def expire_if_reachable(command: Command) -> Answer:
    """As `expire`; without a database nobody can decide, and the answer says that honestly."""
    try:
        return expire(command)
    except (*OUTAGES, Unavailable):
        with speaking(command.language):
            return unknown()


def unknown() -> Answer:
    """What to say when nobody can tell how the command ended."""
    return Answer(
        _("I cannot tell yet whether this was done. The outcome will be shown here as soon as it is known."),
        state="unknown",
    )


def reachable(query: Callable[P, T]) -> Callable[P, T]:
    """The query, raising DatabaseUnavailable where PostgreSQL is away."""

    @functools.wraps(query)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return query(*args, **kwargs)
        except OUTAGES as error:
            raise DatabaseUnavailable from error

    return run


def fail(command: Command) -> Answer:
    """Decide, unless it is decided, that the command failed by a fault of ours: nothing was taken."""
    with speaking(command.language):
        return settle(command, Answer(_("Something went wrong on our side. Nothing was changed."), state="refused"))


def settle(command: Command, answer: Answer) -> Answer:
    """Record how the command ended, in a transaction of its own; the answer of whoever was first."""
    with unit_of_work() as uow:
        if claim(uow.session, command, answer):
            uow.commit()
            return answer
        decided = stored_answer(uow.session, command.id)
    if decided is None:
        raise Unavailable(f"the outcome of {command.id} was removed while it was read")
    return decided


def bury(entry_id: str, payload: bytes, reason: str) -> None:
    """Lay a payload that no worker of this version can run among the dead letters; an operator decides."""
    try:
        person = msgspec.json.decode(payload, type=_Person)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        person = _Person()
    with unit_of_work() as uow:
        uow.session.add(
            DeadLetter(
                queue=QUEUE,
                entry_id=entry_id,
                guild_id=person.guild_id,
                user_id=person.user_id,
                reason=reason,
                payload=payload,
            )
        )
        uow.commit()


def _expired() -> Answer:
    return Answer(_("This took too long, so it was refused. Nothing was changed; please try again."), state="expired")
