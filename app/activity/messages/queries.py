"""What is stored of messages."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine

_KNOWN = text("SELECT id FROM messages WHERE id = ANY(:ids) AND guild_id = :guild AND author_id IS NOT NULL")


def known(guild_id: int, message_ids: Sequence[int]) -> set[int]:
    """Those of these messages that are stored."""
    with Session(engine()) as session:
        return set(session.execute(_KNOWN, {"ids": list(message_ids), "guild": guild_id}).scalars())
