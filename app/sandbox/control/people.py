"""Making users; members joining, leaving and moving between voice channels."""

import secrets

from aiohttp import web

from app.sandbox import ids
from app.sandbox.actions import invites, members, voice
from app.sandbox.box import Box, box_of
from app.sandbox.constants import VOICE_LIKE, Json, Permission
from app.sandbox.control import params
from app.sandbox.control.places import LOCALES
from app.sandbox.errors import BadInput
from app.sandbox.permissions import channel_permissions
from app.sandbox.render import users
from app.sandbox.rest.answers import answer
from app.sandbox.state.models import Guild, Invite, User


async def new_user(request: web.Request) -> web.Response:
    """A user `{name, display_name?, bot?, locale?, guild?, roles?}`, at once a member when a guild is named."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("name", "username", "display_name", "bot", "locale", "guild", "roles"))
    name = params.text(data, "name", default=data.get("username"), most=32)
    if not name.strip():
        raise BadInput("name is empty; it must be a string of 1 to 32 characters")
    if "bot" in data and not isinstance(data["bot"], bool):
        raise BadInput(f"bot is {params.shown(data['bot'])}; it must be true or false")
    locale = params.choice(data, "locale", LOCALES, "en-US")
    shown = params.text(data, "display_name", most=32) if data.get("display_name") else name
    guild = params.guild(box, data) if data.get("guild") else None
    roles = _roles(guild, data)
    user = User(box.world.ids.next(), name, shown, data.get("bot", False), locale)
    box.world.users[user.id] = user
    if guild:
        members.join(box, guild, user.id, roles)
    return answer({**users.user(user), "locale": locale})


def _roles(guild: Guild | None, data: Json) -> list[int]:
    wanted = [params.snowflake({"roles": r}, "roles") for r in data.get("roles") or []]
    for role_id in wanted:
        if guild is None or role_id not in guild.roles or role_id == guild.id:
            raise BadInput(f"roles: {role_id} is no role that can be given in the guild")
    return wanted


async def membership(request: web.Request) -> web.Response:
    """A user joins (through an invite, if one is named) or leaves; `action` join, leave or update."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("guild", "user", "action", "invite", "roles", "nick", "timeout_until"))
    guild = params.guild(box, data)
    user = params.user(box, data)
    action = params.choice(data, "action", ("join", "leave", "update"))
    changed = True
    if action == "join":
        changed = _join(box, guild, user, data)
    elif user.id not in guild.members:
        raise BadInput(f"user {user.id} is no member of guild {guild.id}")
    elif action == "leave":
        if user.id == guild.owner_id:
            raise BadInput(f"user {user.id} owns guild {guild.id}; an owner cannot leave")
        members.leave(box, guild, user.id)
    else:
        _update(box, guild, user, data)
    return answer(
        {"id": str(user.id), "guild": str(guild.id), "user": str(user.id), "action": action, "changed": changed}
    )


def _join(box: Box, guild: Guild, user: User, data: Json) -> bool:
    """Whether the user is new there; as at Discord, a member who joins stays as he is."""
    if user.id in guild.bans:
        raise BadInput(f"user {user.id} is banned from guild {guild.id}")
    if user.id in guild.members:
        return False
    roles = _roles(guild, data)
    if data.get("invite"):
        _use_invite(box, guild, params.text(data, "invite"))
    members.join(box, guild, user.id, roles)
    return True


def _use_invite(box: Box, guild: Guild, code: str) -> None:
    if code == guild.vanity_code:
        guild.vanity_uses += 1
        return
    invite = box.world.invites.get(code)
    if invite is None or invite.guild_id != guild.id:
        known = [i.code for i in box.world.invites.values() if i.guild_id == guild.id]
        raise BadInput(f"invite {params.shown(code)} does not lead to guild {guild.id}; known: {known[:10]}")
    invites.use(box, invite)


def _update(box: Box, guild: Guild, user: User, data: Json) -> None:
    changes: Json = {}
    if "roles" in data:
        changes["roles"] = _roles(guild, data)
    if "nick" in data:
        changes["nick"] = params.text(data, "nick", most=32) if data["nick"] else None
    if "timeout_until" in data:
        changes["timed_out_until"] = params.moment(data, "timeout_until")
    members.update(box, guild, guild.members[user.id], changes)


async def move_voice(request: web.Request) -> web.Response:
    """A user enters the voice channel, or leaves voice when the channel is null."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("user", "channel", "guild"))
    user = params.user(box, data)
    if data.get("channel") is None:
        return answer({"user": str(user.id), "channel": None, "guilds": [str(g) for g in voice.leave(box, user.id)]})
    channel = params.channel(box, data)
    if channel.kind not in VOICE_LIKE:
        raise BadInput(f"channel {channel.id} is no voice channel")
    params.inside(box, channel, user)
    if not channel_permissions(box.world, channel, user.id) & Permission.CONNECT:
        raise BadInput(f"user {user.id} may not connect to channel {channel.id}")
    voice.move(box, user.id, channel.id)
    return answer({"user": str(user.id), "channel": str(channel.id), "guilds": [str(channel.guild_id)]})


async def new_invite(request: web.Request) -> web.Response:
    """An invite `{channel, user?, max_uses?}` made by a member."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("channel", "user", "max_uses"))
    channel = params.channel(box, data)
    if not channel.guild_id:
        raise BadInput(f"channel {channel.id} is a direct message; invites lead into guild channels")
    inviter = params.user(box, data).id if "user" in data else box.world.guilds[channel.guild_id].owner_id
    most = params.whole(data, "max_uses", default=0, least=0, most=100)
    invite = Invite(secrets.token_urlsafe(6), channel.guild_id, channel.id, inviter, ids.now_iso(), max_uses=most)
    return answer(invites.create(box, invite))
