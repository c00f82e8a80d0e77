"""Games: awaited commands, steps that end by the clock, and messages that follow."""

import logging
from datetime import datetime

from app.clients import discord_rest
from app.community.games import due, limits, service
from app.core import presence, queue
from app.core.db import unit_of_work
from app.core.errors import RemoteUnavailable
from app.core.redis import broker_redis
from tasks.celery import app
from tasks.commands import awaited

log = logging.getLogger(__name__)

game_begin = awaited("commands.game_begin", service.begin)
game_act = awaited("commands.game_act", service.act)
game_typed = awaited("commands.game_typed", service.typed)
games_exclude = awaited("commands.games_exclude", limits.exclude)
games_limit = awaited("commands.games_limit", limits.limit)


@app.task(name="commands.games_sweep")
def sweep() -> None:
    """End the steps whose time is over, and offer the messages that are behind.

    Twice is safe: each game is taken under its lock, which a second one passes over, and a step that ended is not due.
    """
    since = presence.connected_since(broker_redis())
    with unit_of_work() as uow:
        found = due.due(uow.session)
    for game_id in found:
        _end_step(game_id, since)
    with unit_of_work() as uow:
        behind = due.offer_shows(uow.session)
        uow.commit()
    for game_id in behind:
        queue.send(service.SHOW, game_id)


def _end_step(game_id: int, since: datetime | None) -> None:
    with unit_of_work() as uow:
        due.end_step(uow, game_id, since)
        uow.commit()


@app.task(name=service.SHOW)
def show(game_id: int) -> None:
    """Bring the message of a game up to date. Twice is safe: it shows the game as it is."""
    with unit_of_work() as uow:
        found = due.message_of(uow.session, game_id)
        uow.commit()
    if found is None:
        return
    game, message_id, body = found
    note = due.was_shown
    try:
        discord_rest.edit_message(game.channel_id, message_id, dict(body))
    except (discord_rest.RateLimited, RemoteUnavailable) as reason:
        # The sweep offers it again.
        log.info("the message of a game is late: %s", reason, extra={"game": game_id})
        return
    except discord_rest.DiscordRefused as refusal:
        log.info("the message of a game cannot be changed: %s", refusal, extra={"game": game_id})
        note = due.cannot_be_shown
    with unit_of_work() as uow:
        note(uow.session, game)
        uow.commit()
