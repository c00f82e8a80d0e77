"""Posts that the bot owes: rows written with the fact they tell of, sent afterwards by `outbound.send`.

A task of another feature calls `enqueue` inside its own unit of work and needs nothing else: the follow-up sends the
post at once, and a sweep sends what was lost.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.clock import now
from app.core.errors import BadInput
from schema.models.outbound import OutboundPost

DEFAULT_LIFETIME = timedelta(hours=24)


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
