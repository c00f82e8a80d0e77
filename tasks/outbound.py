"""Sending the posts that the bot owes."""

import logging
from datetime import datetime, timedelta

from app.clients import discord_rest
from app.core import posts, queue
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.errors import RemoteUnavailable
from app.core.log import request_id
from app.upkeep.outbound import queries, rules, service
from schema.models.outbound import OutboundPost
from tasks.celery import app

log = logging.getLogger(__name__)

# Discord's clock and ours may differ by this much when we look for a post that an earlier attempt may have left.
_CLOCK_TOLERANCE = timedelta(minutes=2)


@app.task(name=posts.SEND)
def send(post_id: int) -> None:
    """Send one post.

    Twice is safe: the row is leased before Discord is asked, and a sent one is not due. If a worker dies in between,
    the next attempt first looks for the post's nonce in the channel, and Discord itself refuses a second message with
    a nonce that it saw in the last minutes.
    """
    request_id.set(f"post-{post_id}")
    with unit_of_work() as uow:
        post = service.take(uow.session, post_id)
        uow.commit()
    if post is not None:
        _try(post)


def _try(post: OutboundPost) -> None:
    try:
        message_id = _deliver(post)
    except discord_rest.RateLimited as limit:
        _note_retry(post, now() + timedelta(seconds=limit.retry_after), str(limit))
    except RemoteUnavailable as outage:
        _note_retry(post, rules.next_try(now(), post.attempts), str(outage))
    except discord_rest.DiscordRefused as refusal:
        log.warning("post %s (%s) was given up: %s", post.id, post.kind, refusal)
        with unit_of_work() as uow:
            service.give_up(uow.session, post.id, str(refusal))
            uow.commit()
    else:
        with unit_of_work() as uow:
            service.note_sent(uow.session, post.id, message_id)
            uow.commit()


def _deliver(post: OutboundPost) -> int:
    """The id of the message in Discord: the one an earlier attempt left, or a new one."""
    if post.channel_id is not None:
        channel_id = post.channel_id
    else:
        assert post.user_id is not None, "the table allows no post without a target"
        channel_id = discord_rest.open_direct_messages(post.user_id)
    found = _find(channel_id, post) if post.attempts > 1 else None
    return found or discord_rest.create_message(channel_id, post.body, nonce=post.nonce)


def _find(channel_id: int, post: OutboundPost) -> int | None:
    assert post.first_tried_at is not None, "an attempt was counted"
    try:
        messages = discord_rest.recent_messages(channel_id, after=snowflake_at(post.first_tried_at - _CLOCK_TOLERANCE))
    except discord_rest.DiscordRefused:
        # A channel whose history we may not read: the nonce that Discord enforces is all there is.
        return None
    return next((int(message["id"]) for message in messages if message.get("nonce") == post.nonce), None)


def _note_retry(post: OutboundPost, until: datetime, reason: str) -> None:
    with unit_of_work() as uow:
        service.put_off(uow.session, post.id, until, reason)
        uow.commit()


@app.task(name="outbound.sweep")
def sweep() -> None:
    """Offer every post whose time has come: those put off, and those whose task was lost.

    Twice is safe: `outbound.send` takes a post only while it is due.
    """
    with unit_of_work() as uow:
        due = queries.due(uow.session)
    for post_id in due:
        queue.send(posts.SEND, post_id)
