"""Posts that the bot owes: rows written with the fact that they tell of, sent afterwards by `outbound.send`.

A service of any feature calls `owe` inside its own unit of work and needs nothing else: a follow-up sends the post
after the commit, and a sweep sends what was lost.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import choices, queue
from app.core.clock import now
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput
from app.core.translations import choose, speaking
from schema.models.outbound import OutboundPost

DEFAULT_LIFETIME = timedelta(hours=24)
SEND = "outbound.send"


def owe(uow: UnitOfWork, **post: Any) -> int | None:
    """Owe a post (see `enqueue`) and send it as soon as the transaction is committed."""
    post_id = enqueue(uow.session, **post)
    if post_id is not None:
        uow.after_commit(lambda: queue.send(SEND, post_id))
    return post_id


def tell_admins(uow: UnitOfWork, command: Command, kind: str, about: int, say: Callable[[], str]) -> None:
    """Owe the log channel, where the guild has one, a line in its language about what an admin did to somebody.

    `say` is called in that language; `about` is whom it was done to.
    """
    found = choices.load(uow.session, command.guild_id)
    if found.log_channel_id is None:
        return
    with speaking(choose(found.locale, command.language)):
        text = say()
    owe(
        uow,
        guild_id=command.guild_id,
        channel_id=found.log_channel_id,
        subject_id=about,
        kind=kind,
        dedupe_key=f"{kind}:{command.id}",
        body={"content": text},
    )


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
