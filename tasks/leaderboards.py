"""Keeping the guilds' leaderboard messages, and the marks of large boards, up to date."""

import logging
from http import HTTPStatus

from app.clients import discord_rest
from app.clients.discord_rest import DiscordRefused, Picture
from app.community.leaderboards import messages, queries, service
from app.community.leaderboards.rules import BOARDS
from app.community.leaderboards.service import Edit
from app.core.db import unit_of_work
from app.core.errors import RemoteUnavailable
from app.upkeep.jobs.service import once
from beat_schedule import PERIODS
from tasks.celery import app

log = logging.getLogger(__name__)

REFRESH, MARK = "leaderboards.refresh", "leaderboards.mark"


@app.task(name=REFRESH)
def refresh() -> None:
    """Bring the messages up to what changed, at most twice a minute each.

    Twice is safe: a slot is done once, a post is owed once, and an edit sets the whole message.
    """
    once(REFRESH, PERIODS[REFRESH], _refresh_all)


def _refresh_all() -> dict[str, int]:
    with unit_of_work() as uow:
        wishes = service.wishes(uow.session)
    edited = 0
    for guild_id, chosen in sorted(wishes.items()):
        with unit_of_work() as uow:
            edit = service.refresh(uow, guild_id, chosen)
            uow.commit()
        edited += edit is not None and _edit(edit)
    return {"messages": edited}


def _edit(edit: Edit) -> bool:
    try:
        _send(edit)
    except (discord_rest.RateLimited, RemoteUnavailable) as wait:
        log.info("a leaderboard could not be edited now: %s", wait)
        return False
    except DiscordRefused as refusal:
        log.info("a leaderboard is posted anew: %s", refusal)
        with unit_of_work() as uow:
            service.begin_anew(uow.session, edit.guild_id, edit.channel_id)
            uow.commit()
        return False
    with unit_of_work() as uow:
        service.note_edited(uow.session, edit)
        uow.commit()
    return True


def _send(edit: Edit) -> None:
    """Change the message; without pictures where we may write in the channel but attach nothing."""
    # Only the worker that draws pays for the library.
    from app.community.leaderboards.card import draw  # noqa: PLC0415

    pictures = [Picture(f"{name}.png", draw(sheet), messages.spoken(sheet)) for name, sheet in edit.sheets.items()]
    body = messages.with_pictures(edit.body, [picture.name for picture in pictures])
    try:
        discord_rest.edit_message(edit.channel_id, edit.message_id, body, pictures)
    except DiscordRefused as refusal:
        if refusal.status != HTTPStatus.FORBIDDEN:
            raise
        discord_rest.edit_message(edit.channel_id, edit.message_id, edit.body, [])


@app.task(name=MARK)
def mark() -> None:
    """Write down the marks of large boards. Twice is safe: a slot is done once, and the marks are replaced."""
    once(MARK, PERIODS[MARK], _mark_all)


def _mark_all() -> dict[str, int]:
    marked = 0
    for board in BOARDS.values():
        with unit_of_work() as uow:
            guilds = queries.large(uow.session, board)
        for guild_id in guilds:
            with unit_of_work() as uow:
                queries.mark(uow.session, guild_id, board)
                uow.commit()
            marked += 1
    return {"boards": marked}
