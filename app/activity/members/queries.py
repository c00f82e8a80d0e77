"""What is stored of members."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine

_PRESENT = text("SELECT user_id FROM members WHERE guild_id = :guild AND left_at IS NULL ORDER BY user_id")


def present(guild_id: int) -> list[int]:
    """The guild's members who are not known to have left."""
    with Session(engine()) as session:
        return list(session.scalars(_PRESENT, {"guild": guild_id}))
