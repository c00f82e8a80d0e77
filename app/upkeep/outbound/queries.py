"""Which posts wait."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.clock import now
from schema.models.outbound import OutboundPost

_WAITING = (OutboundPost.sent_at.is_(None), OutboundPost.failed_at.is_(None))


def due(session: Session, limit: int = 200) -> list[int]:
    """The ids of the posts whose time has come, oldest first."""
    return list(
        session.scalars(
            select(OutboundPost.id)
            .where(*_WAITING, OutboundPost.due_at <= now())
            .order_by(OutboundPost.due_at)
            .limit(limit)
        )
    )


def waiting(session: Session) -> int:
    """How many posts are owed and neither sent nor given up."""
    return session.execute(select(func.count()).select_from(OutboundPost).where(*_WAITING)).scalar_one()
