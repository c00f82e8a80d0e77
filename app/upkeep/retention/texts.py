"""Texts go at the age that their guild chose, before their partition does.

The row stays, without its text: it is what a second delivery is recognised by, and it is counted.
"""

from datetime import datetime

from sqlalchemy import text

from app.core.db import unit_of_work
from app.knowledge.embeddings import service as embeddings

# The bound of the shortest wish lets PostgreSQL leave the newer partitions alone.
_OLD = """
SELECT {key} AS id, r.guild_id FROM {table} r LEFT JOIN guild_settings s ON s.guild_id = r.guild_id
WHERE {key} < snowflake_at(CAST(:now AS timestamptz) - make_interval(days => :shortest))
AND {key} < snowflake_at(CAST(:now AS timestamptz) - make_interval(days => coalesce(s.retention_days, :days)))
AND r.content IS NOT NULL
ORDER BY {key} LIMIT :chunk FOR UPDATE OF r SKIP LOCKED
"""
_OLD_MESSAGES = _OLD.format(table="messages", key="r.id")
_OLD_REVISIONS = _OLD.format(table="message_revisions", key="r.message_id")
_BLANK = "UPDATE messages SET content = NULL, embedding_stale_at = NULL WHERE id = ANY(:ids)"
_DELETE_REVISIONS = "DELETE FROM message_revisions WHERE message_id = ANY(:ids)"
_SHORTEST = "SELECT least(:days, min(retention_days)) FROM guild_settings"


def expire(now: datetime, default_days: int, chunk: int) -> dict[str, int]:
    """Blank the texts, revisions and index rows that are too old for their guild; how many texts and revisions.

    Twice is safe: what is blank is not found again.
    """
    with unit_of_work() as uow:
        shortest = int(uow.session.execute(text(_SHORTEST), {"days": default_days}).scalar_one())
    values = {"now": now, "days": default_days, "shortest": shortest, "chunk": chunk}
    return {
        "messages blanked": _repeat(_OLD_MESSAGES, _BLANK, values, chunk),
        "message_revisions": _repeat(_OLD_REVISIONS, _DELETE_REVISIONS, values, chunk),
    }


def _repeat(find: str, change: str, values: dict[str, object], chunk: int) -> int:
    total, done = 0, chunk
    while done == chunk:
        with unit_of_work() as uow:
            rows = uow.session.execute(text(find), values).all()
            done = len(rows)
            if rows:
                uow.session.execute(text(change), {"ids": sorted({row.id for row in rows})})
            for guild_id in sorted({row.guild_id for row in rows}):
                ids = sorted({row.id for row in rows if row.guild_id == guild_id})
                embeddings.forget(uow.session, guild_id, ids)
            uow.commit()
        total += done
    return total
