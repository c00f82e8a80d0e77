"""What becomes of the posts that the bot owes (see app.core.posts)."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.clock import now
from app.upkeep.outbound import rules
from schema.models.outbound import OutboundPost


def confirm(session: Session, nonce: str, message_id: int) -> bool:
    """The gateway showed our own message with this nonce; whether it belonged to a post that was still open.

    Running it twice changes nothing.
    """
    found = session.execute(
        update(OutboundPost)
        .where(OutboundPost.nonce == nonce, OutboundPost.confirmed_at.is_(None))
        .values(
            confirmed_at=now(),
            sent_at=func.coalesce(OutboundPost.sent_at, now()),
            message_id=message_id,
            failed_at=None,
        )
        .returning(OutboundPost.id)
    )
    return found.scalar() is not None


def take(session: Session, post_id: int) -> OutboundPost | None:
    """The post with this attempt counted, or None when it is done, not due yet, or in another worker's hands.

    Commit before the network is touched: the lease on the row then keeps others away. A post that came too late is
    given up here.
    """
    moment = now()
    post = session.execute(
        select(OutboundPost)
        .where(
            OutboundPost.id == post_id,
            OutboundPost.sent_at.is_(None),
            OutboundPost.failed_at.is_(None),
            OutboundPost.due_at <= moment,
        )
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if post is None:
        return None
    if rules.is_too_late(moment, post.expires_at):
        post.failed_at, post.last_error = moment, f"expired; before that: {post.last_error or 'not tried'}"[:500]
        return None
    post.attempts += 1
    post.first_tried_at = post.first_tried_at or moment
    post.due_at = moment + rules.LEASE
    return post


def note_sent(session: Session, post_id: int, message_id: int) -> None:
    """The post stands in Discord under this id. A confirmation may have come first; both leave the same row."""
    session.execute(
        update(OutboundPost)
        .where(OutboundPost.id == post_id)
        .values(sent_at=func.coalesce(OutboundPost.sent_at, now()), message_id=message_id, last_error=None)
    )


def put_off(session: Session, post_id: int, until: datetime, reason: str) -> None:
    """Try this post again then."""
    session.execute(
        update(OutboundPost)
        .where(OutboundPost.id == post_id, OutboundPost.sent_at.is_(None))
        .values(due_at=until, last_error=reason[:500])
    )


def give_up(session: Session, post_id: int, reason: str) -> None:
    """Never try this post again, and say why."""
    session.execute(
        update(OutboundPost)
        .where(OutboundPost.id == post_id, OutboundPost.sent_at.is_(None))
        .values(failed_at=now(), last_error=reason[:500])
    )
