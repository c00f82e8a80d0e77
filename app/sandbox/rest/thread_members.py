"""/channels/{thread}/thread-members."""

from aiohttp import web

from app.sandbox.actions import threads
from app.sandbox.box import Box
from app.sandbox.constants import Permission
from app.sandbox.errors import DiscordError, unknown
from app.sandbox.permissions import channel_permissions, require
from app.sandbox.render import guilds, users
from app.sandbox.rest.answers import answer, channel_in, nothing, path_number
from app.sandbox.state.models import Channel, ThreadState


def _thread_in(request: web.Request) -> tuple[Box, Channel, ThreadState, int]:
    box, thread = channel_in(request)
    bot_id = box.world.application.id
    require(box.world, thread, bot_id, Permission.VIEW_CHANNEL)
    if thread.thread is None:
        raise DiscordError(400, 50024, "Cannot execute action on this channel type")
    name = request.match_info.get("user", "@me")
    return box, thread, thread.thread, bot_id if name == "@me" else path_number(request, "user")


async def list_members(request: web.Request) -> web.Response:
    """Who belongs to the thread."""
    box, thread, state, _ = _thread_in(request)
    rows = []
    for user_id in state.members:
        row = guilds.thread_member(thread, user_id)
        if request.query.get("with_member") in {"1", "true", "True"}:
            row["member"] = users.member(box.world, box.world.member(thread.guild_id, user_id))
        rows.append(row)
    return answer(rows)


async def get_member(request: web.Request) -> web.Response:
    """One who belongs to the thread."""
    _, thread, state, user_id = _thread_in(request)
    if user_id not in state.members:
        raise unknown("Member")
    return answer(guilds.thread_member(thread, user_id))


async def add_member(request: web.Request) -> web.Response:
    """Join, or bring someone in."""
    box, thread, _, user_id = _thread_in(request)
    box.world.member(thread.guild_id, user_id)
    parent = box.world.channels.get(thread.parent_id or 0)
    if parent and not channel_permissions(box.world, parent, user_id) & Permission.VIEW_CHANNEL:
        raise DiscordError(403, 50001, "Missing Access")
    threads.join(box, thread, user_id)
    return nothing()


async def remove_member(request: web.Request) -> web.Response:
    """Leave, or take someone out."""
    box, thread, _, user_id = _thread_in(request)
    if user_id != box.world.application.id:
        require(box.world, thread, box.world.application.id, Permission.MANAGE_THREADS)
    threads.leave(box, thread, user_id)
    return nothing()
