"""Posts that the bot owes: rows written with the fact they tell of, sent afterwards by `outbound.send`.

A service of another feature calls `owe` inside its own unit of work and needs nothing else: a follow-up sends the post
after the commit, and a sweep sends what was lost.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import queue
from app.core.clock import now
from app.core.db import UnitOfWork
from app.core.errors import BadInput
from app.upkeep.outbound import rules
from schema.models.outbound import OutboundPost

DEFAULT_LIFETIME = timedelta(hours=24)
SEND = "outbound.send"


def owe(uow: UnitOfWork, **post: Any) -> int | None:
    """Owe a post (see `enqueue`) and send it as soon as the transaction is committed."""
    post_id = enqueue(uow.session, **post)
    if post_id is not None:
        uow.after_commit(lambda: queue.send(SEND, post_id))
    return post_id


def enqueue(
    session: Session,
    *,
    guild_id: int,
    kind: str,
    dedupe_key: str,
    body: Mapping[str, Any],
    channel_id: int | None = None,
    user_id: int | None = None,
    subject_id: int | None = None,
    due_at: datetime | None = None,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> int | None:
    """Owe this post, once for each dedupe key of the guild; its id, or None when it is owed already.

    `body` is a Discord message (`content`, `embeds`); mentions are suppressed unless it carries `allowed_mentions`.
    Name a channel or, for a direct message, a user.
    """
    if (channel_id is None) == (user_id is None):
        raise BadInput("A post goes either to a channel or to a person.")
    due = due_at or now()
    return session.execute(
        insert(OutboundPost)
        .values(
            guild_id=guild_id,
            channel_id=channel_id,
            user_id=user_id,
            subject_id=subject_id,
            nonce=secrets.token_hex(12),
            kind=kind,
            dedupe_key=dedupe_key,
            body=dict(body),
            due_at=due,
            expires_at=due + lifetime,
        )
        .on_conflict_do_nothing(index_elements=["guild_id", "dedupe_key"])
        .returning(OutboundPost.id)
    ).scalar()


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
