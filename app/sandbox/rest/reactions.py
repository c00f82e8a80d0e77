"""/channels/{channel}/messages/{message}/reactions, typing and pins."""

import time

from aiohttp import web

from app.sandbox.actions import messages, reactions
from app.sandbox.box import Box
from app.sandbox.constants import Json, Permission
from app.sandbox.errors import unknown
from app.sandbox.hub import Event
from app.sandbox.permissions import require, send_permission
from app.sandbox.render import messages as render
from app.sandbox.render import users
from app.sandbox.rest.answers import answer, channel_in, limit_of, nothing, path_number, query_number
from app.sandbox.state.models import Channel, Message


def _message_in(request: web.Request, needed: int) -> tuple[Box, Channel, Message]:
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, needed)
    return box, channel, box.world.message(channel.id, path_number(request, "message"))


def _emoji(request: web.Request) -> str:
    return request.match_info["emoji"].removeprefix("a:")


async def add(request: web.Request) -> web.Response:
    """React as the bot; the first reaction with an emoji needs ADD_REACTIONS."""
    box, channel, row = _message_in(request, Permission.READ_MESSAGE_HISTORY)
    if _emoji(request) not in (row.reactions or {}):
        require(box.world, channel, box.world.application.id, Permission.ADD_REACTIONS)
    reactions.add(box, row, box.world.application.id, _emoji(request))
    return nothing()


async def remove_own(request: web.Request) -> web.Response:
    """Take the bot's reaction back."""
    box, _, row = _message_in(request, Permission.VIEW_CHANNEL)
    reactions.remove(box, row, box.world.application.id, _emoji(request))
    return nothing()


async def remove_from(request: web.Request) -> web.Response:
    """Remove someone's reaction."""
    box, _, row = _message_in(request, Permission.MANAGE_MESSAGES)
    reactions.remove(box, row, path_number(request, "user"), _emoji(request))
    return nothing()


async def clear(request: web.Request) -> web.Response:
    """Remove every reaction."""
    box, _, row = _message_in(request, Permission.MANAGE_MESSAGES)
    reactions.clear(box, row)
    return nothing()


async def clear_emoji(request: web.Request) -> web.Response:
    """Remove every reaction with one emoji."""
    box, _, row = _message_in(request, Permission.MANAGE_MESSAGES)
    reactions.clear(box, row, _emoji(request))
    return nothing()


async def who_reacted(request: web.Request) -> web.Response:
    """The users behind one emoji, in the order of their ids."""
    box, _, row = _message_in(request, Permission.READ_MESSAGE_HISTORY)
    after = query_number(request, "after") or 0
    found = sorted(u for u in (row.reactions or {}).get(_emoji(request), []) if u > after)
    return answer([users.user(box.world.users[u]) for u in found[: limit_of(request, 25, 100)]])


async def typing(request: web.Request) -> web.Response:
    """Show the bot typing."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, send_permission(channel))
    show_typing(box, channel, box.world.application.id)
    return nothing()


def show_typing(box: Box, channel: Channel, user_id: int) -> None:
    """Tell everyone in the channel that the user types."""
    data: Json = {"channel_id": str(channel.id), "user_id": str(user_id), "timestamp": int(time.time())}
    if channel.guild_id:
        guild = box.world.guilds[channel.guild_id]
        data |= {"guild_id": str(guild.id), "member": users.member(box.world, guild.members[user_id])}
    box.hub.publish(Event("TYPING_START", data, guild_id=channel.guild_id, channel_id=channel.id))


async def pin(request: web.Request) -> web.Response:
    """Pin a message."""
    box, channel, row = _message_in(request, _pin_permission(request))
    messages.pin(box, channel, row, pinned=True)
    return nothing()


async def unpin(request: web.Request) -> web.Response:
    """Unpin a message."""
    box, channel, row = _message_in(request, _pin_permission(request))
    if row.extras is None or row.extras.pinned_at is None:
        raise unknown("Message")
    messages.pin(box, channel, row, pinned=False)
    return nothing()


def _pin_permission(request: web.Request) -> int:
    _, channel = channel_in(request)
    return int(Permission.PIN_MESSAGES) if channel.guild_id else int(Permission.VIEW_CHANNEL)


def _pinned(channel: Channel) -> list[Message]:
    found = [row for row in channel.history if row.extras and row.extras.pinned_at]
    return sorted(found, key=lambda row: (row.extras and row.extras.pinned_at) or "", reverse=True)


async def old_pins(request: web.Request) -> web.Response:
    """Pinned messages, as a plain list."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.VIEW_CHANNEL)
    return answer([render.message(box.world, row) for row in _pinned(channel)])


async def pins(request: web.Request) -> web.Response:
    """Pinned messages with their times, newest pin first."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.VIEW_CHANNEL)
    limit = limit_of(request, 50, 50)
    before = request.query.get("before")
    found = [r for r in _pinned(channel) if before is None or (r.extras and str(r.extras.pinned_at) < before)]
    items = [
        {"pinned_at": row.extras.pinned_at, "message": render.message(box.world, row)}
        for row in found[:limit]
        if row.extras
    ]
    return answer({"items": items, "has_more": len(found) > limit})
