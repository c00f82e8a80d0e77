"""Events that can never be applied as they are: kept where an operator can look at them, try again, or drop them."""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.activity.deadletters.rules import Letter, without_person
from schema.models.ingest import DeadLetter


def write(session: Session, queue: str, entry_id: str, letters: Sequence[Letter]) -> None:
    """Keep these letters of one ledger entry; the caller's transaction makes it once."""
    if letters:
        rows = [
            {
                "queue": queue,
                "entry_id": entry_id,
                "event_type": letter.event_type,
                "guild_id": letter.guild_id,
                "user_id": letter.user_id,
                "reason": letter.reason,
                "payload": letter.payload,
            }
            for letter in letters
        ]
        session.execute(insert(DeadLetter), rows)


def take(session: Session, ids: Sequence[int] | None = None) -> list[DeadLetter]:
    """These letters (None: all), locked until the transaction ends."""
    statement = select(DeadLetter).order_by(DeadLetter.id).with_for_update()
    if ids is not None:
        statement = statement.where(DeadLetter.id.in_(ids))
    return list(session.scalars(statement))


def drop(session: Session, ids: Sequence[int] | None = None) -> int:
    """Forget these letters (None: all); how many there were."""
    statement = delete(DeadLetter).returning(DeadLetter.id)
    if ids is not None:
        statement = statement.where(DeadLetter.id.in_(ids))
    return len(session.scalars(statement).all())


def forget_person(session: Session, user_id: int, guild_id: int | None) -> None:
    """Take this person's events out of the letters that name nobody, because they hold events of several people."""
    mention = func.strpos(func.encode(DeadLetter.payload, "escape"), str(user_id))
    letters = session.scalars(select(DeadLetter).where(DeadLetter.user_id.is_(None), mention > 0).with_for_update())
    for letter in letters.all():
        left = without_person(letter.payload, user_id, guild_id)
        if left is None:
            session.delete(letter)
        elif left != letter.payload:
            letter.payload = left
