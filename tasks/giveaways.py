"""Giveaways: commands that change them, draws when their time has come, and the messages that show them."""

import logging

from sqlalchemy import update

from app.clients import discord_rest
from app.community.giveaways import messages, queries, service
from app.core.db import unit_of_work
from app.core.errors import RemoteUnavailable
from schema.models.giveaways import Giveaway
from tasks.celery import app
from tasks.commands import awaited

log = logging.getLogger(__name__)

create = awaited("commands.giveaway_create", service.create)
join = awaited("commands.giveaway_join", service.join)
leave = awaited("commands.giveaway_leave", service.leave)
end = awaited("commands.giveaway_end", service.end)
cancel = awaited("commands.giveaway_cancel", service.cancel)
reroll = awaited("commands.giveaway_reroll", service.reroll)


@app.task(name="giveaways.draw")
def draw() -> None:
    """Draw the giveaways whose time has come. Twice is safe: the row is locked, and an ended one is not drawn again."""
    with unit_of_work() as uow:
        due = queries.due(uow.session)
    for giveaway_id in due:
        with unit_of_work() as uow:
            if service.draw_due(uow, giveaway_id):
                uow.commit()


@app.task(name=service.SHOW)
def show() -> None:
    """Bring the messages of giveaways up to date. Twice is safe: an edit sets the whole message."""
    with unit_of_work() as uow:
        unshown = queries.unshown(uow.session)
    for giveaway_id, message_id in unshown:
        try:
            _show(giveaway_id, message_id)
        except (discord_rest.RateLimited, RemoteUnavailable) as wait:
            # The sweep comes back to it.
            log.info("the message of a giveaway could not be edited now: %s", wait)


def _show(giveaway_id: int, message_id: int) -> None:
    with unit_of_work() as uow:
        giveaway = uow.session.get(Giveaway, giveaway_id)
        if giveaway is None:
            return
        winners = queries.winners(uow.session, giveaway_id)
        body = messages.body(giveaway, queries.joined(uow.session, giveaway_id), winners)
    try:
        discord_rest.edit_message(giveaway.channel_id, message_id, body)
    except discord_rest.DiscordRefused as refusal:
        # Somebody deleted it, or we may not see the channel any more.
        log.info("the message of a giveaway cannot be edited: %s", refusal)
    with unit_of_work() as uow:
        uow.session.execute(update(Giveaway).where(Giveaway.id == giveaway_id).values(shown=giveaway.changes))
        uow.commit()
