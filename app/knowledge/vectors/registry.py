"""Everything that can be embedded, in one list: who is in it is embedded, swept, counted, tried again and rebuilt."""

from sqlalchemy.orm import Session

from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.embeddings.sources import Source
from app.knowledge.vectors.pgvector import DOCUMENTS

# A feature with texts of its own adds its source, here and nowhere else.
SOURCES: tuple[Source, ...] = (MESSAGES, DOCUMENTS)


def waiting(session: Session) -> int:
    """How many texts wait for a vector."""
    return sum(source.waiting(session) for source in SOURCES)


def revive(session: Session, limit: int) -> int:
    """Make texts that were given up due again, so many of each source; how many."""
    return sum(source.revive(session, limit) for source in SOURCES)
