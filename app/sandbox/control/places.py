"""GET /sandbox/state, and making guilds, channels and threads."""

from aiohttp import web

from app.sandbox import ids
from app.sandbox.actions import channels, members, tags, threads
from app.sandbox.box import Box, box_of
from app.sandbox.constants import ChannelType, Json, Permission
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.gateway.session import Session
from app.sandbox.hub import Event
from app.sandbox.permissions import can_view, channel_permissions, guild_permissions, names, require
from app.sandbox.render import guilds, users
from app.sandbox.rest.answers import answer
from app.sandbox.state.models import Channel, Guild, Overwrite, ThreadState

_KINDS = {
    "text": ChannelType.TEXT,
    "voice": ChannelType.VOICE,
    "category": ChannelType.CATEGORY,
    "news": ChannelType.NEWS,
    "stage": ChannelType.STAGE,
    "forum": ChannelType.FORUM,
    "dm": ChannelType.DM,
    "thread": ChannelType.PUBLIC_THREAD,
}
LOCALES = ("en-US", "en-GB", "fr", "de", "es-ES", "pt-BR", "it", "nl", "pl", "ru", "ja")


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
        "members": [{"id": str(i), **users.member(box.world, m)} for i, m in guild.members.items()],
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
    locale = params.choice(data, "locale", LOCALES, "en-US")
    guild = channels.new_guild(box, name, owner, locale)
    general = box.world.add_channel(Channel(box.world.ids.next(), ChannelType.TEXT, guild.id, "general"))
    guild.system_channel_id = general.id
    members.announce_guild(box, guild)
    box.hub.publish(Event("SANDBOX_GUILD", {"id": str(guild.id)}, guild_id=guild.id, page_only=True))
    return answer(_guild(box, guild))


async def new_channel(request: web.Request) -> web.Response:
    """A channel `{guild, name, type?, topic?, parent?, private?, roles?, tags?}`.

    `{type: "dm", user}` is the direct messages with the bot, `{type: "thread", parent, name, user, tags?}` a thread.
    """
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("guild", "name", "type", "topic", "parent", "private", "roles", "user", "tags"))
    is_direct = "user" in data and not {"guild", "parent"} & data.keys()
    kind = _kind(data.get("type", "dm" if is_direct else "text"))
    if kind is ChannelType.DM:
        user = params.user(box, data)
        return answer(_direct(box, box.world.direct_channel(box.world.application.id, user.id)))
    if kind is ChannelType.PUBLIC_THREAD:
        return answer(guilds.thread(_thread(box, data)))
    guild = params.guild(box, data)
    channel = Channel(
        box.world.ids.next(),
        kind,
        guild.id,
        params.text(data, "name"),
        topic=params.text(data, "topic", most=1024) if data.get("topic") else None,
        parent_id=params.channel(box, data, "parent").id if data.get("parent") else None,
        overwrites=_overwrites(guild, data),
        tags=tags.offered(box, kind, [], data["tags"]) if data.get("tags") is not None else [],
    )
    return answer(guilds.channel(box.world, channels.create(box, guild, channel)))


def _thread(box: Box, data: Json) -> Channel:
    parent = params.channel(box, data, "parent")
    owner = params.user(box, data)
    if parent.kind not in {ChannelType.TEXT, ChannelType.NEWS, ChannelType.FORUM}:
        raise BadInput(f"parent {parent.id} cannot hold threads; text, news and forum channels can")
    params.inside(box, parent, owner)
    require(box.world, parent, owner.id, Permission.CREATE_PUBLIC_THREADS)
    name = params.text(data, "name")
    thread = Channel(box.world.ids.next(), ChannelType.PUBLIC_THREAD, parent.guild_id, name, parent_id=parent.id)
    thread.thread = ThreadState(owner.id, ids.now_iso(), {owner.id: ids.now_iso()})
    thread.thread.applied_tags = tags.applied(parent, data.get("tags") or [])
    return threads.create(box, thread)


async def set_tags(request: web.Request) -> web.Response:
    """Change the tags of a forum or of a post in one: `{channel, tags}`."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("channel", "tags"))
    channel = params.channel(box, data)
    if channel.thread and channel.parent_id:
        channel.thread.applied_tags = tags.applied(box.world.channels[channel.parent_id], data.get("tags"))
        threads.announce(box, channel, "THREAD_UPDATE")
        return answer(guilds.thread(channel))
    changes = {"tags": tags.offered(box, channel.kind, channel.tags, data.get("tags"))}
    return answer(guilds.channel(box.world, channels.update(box, channel, changes)))


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
