"""How far the search index is behind, and what it gave up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def backlog(session: Session) -> int:
    """How many messages wait to be embedded."""
    count = session.execute(text("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL"))
    return int(count.scalar_one())


@dataclass(frozen=True)
class Failure:
    """A text that no attempt could embed."""

    source: str
    item_id: int
    guild_id: int
    model: str
    attempts: int
    reason: str
    failed_at: datetime


def failures(session: Session, limit: int) -> list[Failure]:
    """The texts that were given up, the newest first."""
    statement = text(
        "SELECT source, item_id, guild_id, model, attempts, reason, failed_at FROM embedding_failures"
        " ORDER BY failed_at DESC, item_id DESC LIMIT :limit"
    )
    return [Failure(*row) for row in session.execute(statement, {"limit": limit})]
