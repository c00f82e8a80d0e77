"""How many vectors there are."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_STORED = """
SELECT v.guild_id, v.model, max(v.dims), count(*), min(v.message_id), max(v.message_id),
    v.model = coalesce((SELECT g.model FROM guild_models g WHERE g.guild_id = v.guild_id), v.model)
FROM message_vectors v GROUP BY v.guild_id, v.model ORDER BY v.guild_id, v.model
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
    # Not while these are only on their way to take another model's place, or left over from it.
    is_searched: bool


def stored(session: Session) -> list[Stored]:
    """What is stored, by guild and model."""
    return [Stored(*row) for row in session.execute(text(_STORED))]
