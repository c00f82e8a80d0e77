"""How far the search index is behind."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def backlog(session: Session) -> int:
    """How many messages wait to be embedded."""
    count = session.execute(text("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL"))
    return int(count.scalar_one())
