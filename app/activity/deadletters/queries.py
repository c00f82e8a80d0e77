"""What operators see of dead letters: never what anybody wrote."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schema.models.ingest import DeadLetter


def letters(session: Session, limit: int = 1000) -> list[dict[str, Any]]:
    """The oldest dead letters, without their payloads; ids of guilds and people as decimal strings."""
    rows = session.scalars(select(DeadLetter).order_by(DeadLetter.id).limit(limit))
    return [
        {
            "id": row.id,
            "queue": row.queue,
            "entry": row.entry_id,
            "event_type": row.event_type,
            "guild_id": None if row.guild_id is None else str(row.guild_id),
            "reason": row.reason,
            "bytes": len(row.payload),
            "created_at": row.created_at.isoformat(),
        }
        for row in rows
    ]
