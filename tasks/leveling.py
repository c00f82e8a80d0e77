"""Levels: paying what they bring, the roles that come with them, and looking for what was left undone."""

import logging
from datetime import timedelta

from app.clients import discord_rest
from app.community.leveling import admin, earning, imports, roles, service, voice
from app.core import queue
from app.core.clock import now
from app.core.db import unit_of_work
from app.core.errors import RemoteUnavailable
from app.upkeep.outbound.rules import next_try
from tasks.celery import app
from tasks.commands import awaited

log = logging.getLogger(__name__)

# Whoever left the guild needs no role there, and nobody needs to hear of it.
_UNKNOWN_MEMBER = 10007


@app.task(name=service.SETTLE)
def settle(guild_id: int, user_id: int) -> None:
    """Pay a member's new levels, tell of them, and set the roles.

    Twice is safe: the rows of the levels are locked, and closed by the transaction that pays.
    """
    with unit_of_work() as uow:
        service.settle(uow, guild_id, user_id)
        uow.commit()


@app.task(name=roles.CHANGE)
def change_role(guild_id: int, user_id: int, role_id: int) -> None:
    """Give or take one role.

    Twice is safe: the row is leased before Discord is asked, a done one is not due, and Discord changes nothing where
    a member has (or has not) the role already.
    """
    with unit_of_work() as uow:
        change = roles.take(uow.session, guild_id, user_id, role_id, now())
        uow.commit()
    if change is None:
        return
    try:
        discord_rest.change_role(guild_id, user_id, role_id, is_given=change.is_wanted)
    except discord_rest.RateLimited as limit:
        _put_off(change, limit.retry_after, str(limit))
    except RemoteUnavailable as outage:
        _put_off(change, (next_try(now(), change.attempts) - now()).total_seconds(), str(outage))
    except discord_rest.DiscordRefused as refusal:
        log.warning("a role for a level was refused: %s", refusal)
        with unit_of_work() as uow:
            roles.give_up(uow, change, now(), str(refusal), is_told=refusal.code != _UNKNOWN_MEMBER)
            uow.commit()
    else:
        with unit_of_work() as uow:
            roles.close(uow.session, change, now())
            uow.commit()


def _put_off(change: roles.Change, seconds: float, reason: str) -> None:
    with unit_of_work() as uow:
        roles.put_off(uow.session, change, now() + timedelta(seconds=seconds), reason)
        uow.commit()


@app.task(name="leveling.sweep")
def sweep() -> None:
    """Take up what lost its task. Twice is safe: each is taken by whoever locks its row first."""
    with unit_of_work() as uow:
        earning.count_open(uow)
        uow.commit()
    with unit_of_work() as uow:
        unpaid = service.unpaid(uow.session)
        waiting = roles.due(uow.session, now())
    for guild_id, user_id in unpaid:
        queue.send(service.SETTLE, guild_id, user_id)
    for change in waiting:
        queue.send(roles.CHANGE, change["guild_id"], change["user_id"], change["role_id"])


@app.task(name="leveling.voice")
def count_voice() -> None:
    """Count the time that members spent in voice.

    Twice is safe: a guild's row is locked, and a slot is counted once because row and levels only move forward.
    """
    with unit_of_work() as uow:
        guilds = voice.behind(uow.session)
    for guild_id in guilds:
        with unit_of_work() as uow:
            voice.count(uow, guild_id)
            uow.commit()


xp_change = awaited("commands.xp_change", admin.change_xp)
level_news = awaited("commands.level_news", admin.choose_news)
level_multiplier = awaited("commands.level_multiplier", admin.choose_multiplier)
level_role_add = awaited("commands.level_role_add", admin.add_role)
level_role_drop = awaited("commands.level_role_drop", admin.drop_role)
level_import = awaited("commands.level_import", imports.show)
level_import_apply = awaited("commands.level_import_apply", imports.apply)
level_import_drop = awaited("commands.level_import_drop", imports.drop)
level_import_undo = awaited("commands.level_import_undo", imports.undo)
