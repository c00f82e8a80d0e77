"""How many vectors there are."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_STORED = """
SELECT guild_id, model, max(dims), count(*), min(message_id), max(message_id)
FROM message_vectors GROUP BY guild_id, model ORDER BY guild_id, model
"""


@dataclass(frozen=True)
class Stored:
    """One guild's vectors of one model."""

    guild_id: int
    model: str
    dims: int
    vectors: int
    oldest_message_id: int
    newest_message_id: int


def stored(session: Session) -> list[Stored]:
    """What is stored, by guild and model."""
    return [Stored(*row) for row in session.execute(text(_STORED))]
