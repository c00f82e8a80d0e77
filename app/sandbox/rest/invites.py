"""/invites, and the invites of a guild or channel."""

import secrets

from aiohttp import web

from app.sandbox import ids
from app.sandbox.actions import invites
from app.sandbox.box import Box, box_of
from app.sandbox.constants import Permission
from app.sandbox.errors import unknown
from app.sandbox.permissions import require
from app.sandbox.render import invites as render
from app.sandbox.rest.access import guild_allowed
from app.sandbox.rest.answers import answer, body_of, channel_in
from app.sandbox.state.models import Invite


def _invite(request: web.Request) -> tuple[Box, Invite]:
    box = box_of(request)
    invite = box.world.invites.get(request.match_info["code"])
    if invite is None:
        raise unknown("Invite")
    return box, invite


async def get(request: web.Request) -> web.Response:
    """One invite."""
    box, invite = _invite(request)
    return answer(render.invite(box.world, invite))


async def delete(request: web.Request) -> web.Response:
    """Revoke an invite."""
    box, invite = _invite(request)
    channel = box.world.channel(invite.channel_id)
    require(box.world, channel, box.world.application.id, Permission.MANAGE_CHANNELS)
    body = render.invite(box.world, invite)
    invites.delete(box, invite)
    return answer(body)


async def of_guild(request: web.Request) -> web.Response:
    """The invites of a guild with their use counts."""
    box, guild = guild_allowed(request, Permission.MANAGE_GUILD)
    return answer([render.invite(box.world, i) for i in box.world.invites.values() if i.guild_id == guild.id])


async def vanity(request: web.Request) -> web.Response:
    """The guild's own link, and how often it was used."""
    _, guild = guild_allowed(request, Permission.MANAGE_GUILD)
    return answer({"code": guild.vanity_code, "uses": guild.vanity_uses})


async def of_channel(request: web.Request) -> web.Response:
    """The invites of a channel."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.MANAGE_CHANNELS)
    return answer([render.invite(box.world, i) for i in box.world.invites.values() if i.channel_id == channel.id])


async def create(request: web.Request) -> web.Response:
    """A new invite; without `unique` a like one is given again."""
    box, channel = channel_in(request)
    bot_id = box.world.application.id
    require(box.world, channel, bot_id, Permission.CREATE_INSTANT_INVITE)
    data = await body_of(request)
    made = Invite(secrets.token_urlsafe(6), channel.guild_id, channel.id, bot_id, ids.now_iso())
    made.max_age = int(data.get("max_age", made.max_age))
    made.max_uses = int(data.get("max_uses", 0))
    made.temporary = bool(data.get("temporary", False))
    if not data.get("unique"):
        for known in box.world.invites.values():
            same = (known.channel_id, known.inviter_id, known.max_age, known.max_uses)
            if same == (made.channel_id, made.inviter_id, made.max_age, made.max_uses):
                return answer(render.invite(box.world, known))
    return answer(invites.create(box, made))
