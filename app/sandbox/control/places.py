"""GET /sandbox/state, and making guilds, channels, users and members."""

import secrets

from aiohttp import web

from app.sandbox import ids
from app.sandbox.actions import channels, members, voice
from app.sandbox.box import Box, box_of
from app.sandbox.constants import ChannelType, Json, Permission
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.gateway.session import Session
from app.sandbox.hub import Event
from app.sandbox.permissions import can_view, channel_permissions, guild_permissions, names
from app.sandbox.render import guilds, users
from app.sandbox.rest.answers import answer
from app.sandbox.state.models import Channel, Guild, Invite, Overwrite, User

_KINDS = {
    "text": ChannelType.TEXT,
    "voice": ChannelType.VOICE,
    "category": ChannelType.CATEGORY,
    "news": ChannelType.NEWS,
    "stage": ChannelType.STAGE,
    "forum": ChannelType.FORUM,
    "dm": ChannelType.DM,
}
_LOCALES = ("en-US", "en-GB", "fr", "de", "es-ES", "pt-BR", "it", "nl", "pl", "ru", "ja")


async def state(request: web.Request) -> web.Response:
    """Everything: guilds with channels, members, roles and who is in voice; users; direct messages.

    With `?user=` only the guilds and channels that the user sees.
    """
    box = box_of(request)
    viewer = params.user(box, dict(request.query)).id if "user" in request.query else None
    shown = [g for g in box.world.guilds.values() if viewer is None or viewer in g.members]
    return answer(
        {
            "application": {"id": str(box.world.application.id), "name": box.world.application.name},
            "bot": users.user(box.world.bot) | {"connected": _is_connected(box)},
            "users": [{**users.user(u), "locale": u.locale} for u in box.world.users.values()],
            "guilds": [_guild(box, g, viewer) for g in shown],
            "direct": [_direct(box, c) for c in _direct_channels(box, viewer)],
        },
    )


def _guild(box: Box, guild: Guild, viewer: int | None = None) -> Json:
    seen = [c for c in guild.channels.values() if viewer is None or can_view(box.world, c, viewer)]
    return {
        "id": str(guild.id),
        "name": guild.name,
        "locale": guild.locale,
        "owner_id": str(guild.owner_id),
        "afk_channel_id": None if guild.afk_channel_id is None else str(guild.afk_channel_id),
        "channels": [guilds.channel(box.world, c) for c in seen if not c.is_thread],
        "threads": [guilds.channel(box.world, c) for c in seen if c.is_thread],
        "roles": [guilds.role(r) for r in guild.roles.values()],
        "members": [users.member(box.world, m) for m in guild.members.values()],
        "voice_states": [users.voice_state(box.world, guild.id, v) for v in guild.voice.values()],
    }


def _direct_channels(box: Box, viewer: int | None) -> list[Channel]:
    found = [c for c in box.world.channels.values() if c.kind is ChannelType.DM]
    return [c for c in found if viewer is None or viewer in c.recipients]


def _direct(box: Box, channel: Channel) -> Json:
    user = next(u for u in channel.recipients if u != box.world.application.id)
    recipients = [str(u) for u in channel.recipients]
    return {"id": str(channel.id), "type": 1, "user": str(user), "recipients": recipients}


def _is_connected(box: Box) -> bool:
    return any(isinstance(s, Session) and s.wire is not None for s in box.hub.sessions.values())


async def new_guild(request: web.Request) -> web.Response:
    """A guild `{name, owner?, locale?}` with a channel `general`; the bot is in it from the start."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("name", "owner", "locale"))
    name = params.text(data, "name")
    owner = params.user(box, data, "owner").id if "owner" in data else box.world.application.owner_id
    locale = params.choice(data, "locale", _LOCALES, "en-US")
    guild = channels.new_guild(box, name, owner, locale)
    general = box.world.add_channel(Channel(box.world.ids.next(), ChannelType.TEXT, guild.id, "general"))
    guild.system_channel_id = general.id
    members.announce_guild(box, guild)
    box.hub.publish(Event("SANDBOX_GUILD", {"id": str(guild.id)}, guild_id=guild.id, page_only=True))
    return answer(_guild(box, guild))


async def new_channel(request: web.Request) -> web.Response:
    """A channel `{guild, name, type?, topic?, parent?, private?, roles?}`, or `{type: "dm", user}` with the bot."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("guild", "name", "type", "topic", "parent", "private", "roles", "user"))
    kind = _kind(data.get("type", "text"))
    if kind is ChannelType.DM:
        user = params.user(box, data)
        return answer(_direct(box, box.world.direct_channel(box.world.application.id, user.id)))
    guild = params.guild(box, data)
    channel = Channel(
        box.world.ids.next(),
        kind,
        guild.id,
        params.text(data, "name"),
        topic=params.text(data, "topic", most=1024) if data.get("topic") else None,
        parent_id=params.channel(box, data, "parent").id if data.get("parent") else None,
        overwrites=_overwrites(guild, data),
    )
    return answer(guilds.channel(box.world, channels.create(box, guild, channel)))


def _kind(word: object) -> ChannelType:
    by_number = {str(int(kind)): kind for kind in _KINDS.values()}
    kind = _KINDS.get(str(word)) or by_number.get(str(word))
    if kind is None and str(word) not in _KINDS:
        raise BadInput(f"type is {params.shown(word)}; allowed: {', '.join(_KINDS)} or Discord's number")
    return kind or ChannelType.TEXT


def _overwrites(guild: Guild, data: Json) -> dict[int, Overwrite]:
    if not data.get("private"):
        return {}
    allowed = [params.snowflake({"roles": r}, "roles") for r in data.get("roles") or []]
    for role_id in allowed:
        if role_id not in guild.roles:
            raise BadInput(f"roles: {role_id} is no role of guild {guild.id}")
    return channels.private(guild, *allowed)


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
    locale = params.choice(data, "locale", _LOCALES, "en-US")
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
    if action == "join":
        _join(box, guild, user, data)
    elif user.id not in guild.members:
        raise BadInput(f"user {user.id} is no member of guild {guild.id}")
    elif action == "leave":
        if user.id == guild.owner_id:
            raise BadInput(f"user {user.id} owns guild {guild.id}; an owner cannot leave")
        members.leave(box, guild, user.id)
    else:
        _update(box, guild, user, data)
    return answer({"id": str(user.id), "guild": str(guild.id), "user": str(user.id), "action": action})


def _join(box: Box, guild: Guild, user: User, data: Json) -> None:
    if user.id in guild.bans:
        raise BadInput(f"user {user.id} is banned from guild {guild.id}")
    if user.id in guild.members:
        raise BadInput(f"user {user.id} is already a member of guild {guild.id}")
    roles = _roles(guild, data)
    if data.get("invite"):
        _use_invite(box, guild, params.text(data, "invite"))
    members.join(box, guild, user.id, roles)


def _use_invite(box: Box, guild: Guild, code: str) -> None:
    invite = box.world.invites.get(code)
    if invite is None or invite.guild_id != guild.id:
        known = [i.code for i in box.world.invites.values() if i.guild_id == guild.id]
        raise BadInput(f"invite {params.shown(code)} does not lead to guild {guild.id}; known: {known[:10]}")
    invite.uses += 1
    if invite.max_uses and invite.uses >= invite.max_uses:
        # A used-up invite disappears; Discord sends INVITE_DELETE for it.
        drop_invite(box, invite)


def drop_invite(box: Box, invite: Invite) -> None:
    """Remove the invite and tell."""
    del box.world.invites[invite.code]
    data = {"channel_id": str(invite.channel_id), "guild_id": str(invite.guild_id), "code": invite.code}
    box.hub.publish(Event("INVITE_DELETE", data, guild_id=invite.guild_id))


def _update(box: Box, guild: Guild, user: User, data: Json) -> None:
    changes: Json = {}
    if "roles" in data:
        changes["roles"] = _roles(guild, data)
    if "nick" in data:
        changes["nick"] = params.text(data, "nick", most=32) if data["nick"] else None
    if "timeout_until" in data:
        changes["timed_out_until"] = data["timeout_until"]
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
    if channel.kind not in {ChannelType.VOICE, ChannelType.STAGE}:
        raise BadInput(f"channel {channel.id} is no voice channel")
    params.inside(box, channel, user)
    if not channel_permissions(box.world, channel, user.id) & Permission.CONNECT:
        raise BadInput(f"user {user.id} may not connect to channel {channel.id}")
    voice.move(box, user.id, channel.id)
    return answer({"user": str(user.id), "channel": str(channel.id), "guilds": [str(channel.guild_id)]})


async def permissions(request: web.Request) -> web.Response:
    """What the user may do in the channel (`?user=&channel=`) or in the guild (`?user=&guild=`)."""
    box = box_of(request)
    query = dict(request.query)
    user = params.user(box, query)
    if "channel" in query:
        bits = channel_permissions(box.world, params.channel(box, query), user.id)
    else:
        bits = guild_permissions(params.guild(box, query), user.id)
    return answer({"permissions": str(bits), "names": names(bits)})


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
    return answer(save_invite(box, invite))


def save_invite(box: Box, invite: Invite) -> Json:
    """Keep the invite and tell."""
    box.world.invites[invite.code] = invite
    body = guilds.invite(box.world, invite)
    data = {k: v for k, v in body.items() if k not in {"guild", "channel"}}
    data |= {"channel_id": str(invite.channel_id), "guild_id": str(invite.guild_id)}
    box.hub.publish(Event("INVITE_CREATE", data, guild_id=invite.guild_id))
    return body
