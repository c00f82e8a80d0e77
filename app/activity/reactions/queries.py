"""What is stored of reactions."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine

_PRESENT = text(
    "SELECT message_id, emoji, user_id FROM reactions"
    " WHERE message_id = ANY(:messages) AND guild_id = :guild AND removed_at IS NULL"
)


def present(guild_id: int, message_ids: Sequence[int]) -> dict[tuple[int, str], set[int]]:
    """Who reacted to these messages, by message and emoji."""
    found: dict[tuple[int, str], set[int]] = {}
    with Session(engine()) as session:
        for row in session.execute(_PRESENT, {"messages": list(message_ids), "guild": guild_id}):
            found.setdefault((row.message_id, row.emoji), set()).add(row.user_id)
    return found
