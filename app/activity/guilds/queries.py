"""What is stored of guilds."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine

# A thread that was archived is listed nowhere, so nothing follows from its absence.
_PRESENT = text(
    "SELECT id FROM channels WHERE guild_id = :guild AND deleted_at IS NULL AND NOT is_archived"
    " ORDER BY kind IN (10, 11, 12), id DESC"
)


def present_channels(guild_id: int) -> list[int]:
    """The guild's channels, and then its active threads, newest first, as they are stored."""
    with Session(engine()) as session:
        return list(session.scalars(_PRESENT, {"guild": guild_id}))
