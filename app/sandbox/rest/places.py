"""/guilds/{guild}, its channels and roles, and /channels/{channel}."""

from aiohttp import web

from app.sandbox.actions import channels, tags
from app.sandbox.box import Box
from app.sandbox.constants import ChannelType, Json, Permission
from app.sandbox.errors import BadInput, DiscordError, invalid_form, missing_permissions
from app.sandbox.permissions import require, top_position
from app.sandbox.render import guilds
from app.sandbox.rest.access import guild_allowed, guild_seen, role_in
from app.sandbox.rest.answers import answer, body_of, channel_in, nothing, number, path_number
from app.sandbox.rest.threads import edit_thread
from app.sandbox.state.models import Channel, Guild, Overwrite, Role

_NAME = 100
_TOPIC = 1024
_SLOWEST = 21_600


async def get_guild(request: web.Request) -> web.Response:
    """The guild, with counts when asked."""
    _, guild = guild_seen(request)
    body = guilds.guild(guild)
    if request.query.get("with_counts") in {"1", "true", "True"}:
        body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": len(guild.members)}
    return answer(body)


async def list_channels(request: web.Request) -> web.Response:
    """Every channel that is no thread."""
    box, guild = guild_seen(request)
    return answer([guilds.channel(box.world, c) for c in guild.channels.values() if not c.is_thread])


async def create_channel(request: web.Request) -> web.Response:
    """A new channel."""
    box, guild = guild_allowed(request, Permission.MANAGE_CHANNELS)
    data = await body_of(request)
    kind = data.get("type") or 0
    if kind not in set(ChannelType) - {ChannelType.DM}:
        raise invalid_form("type", "BASE_TYPE_CHOICES", "Value must be one of {0, 2, 4, 5, 13, 15}.")
    channel = Channel(box.world.ids.next(), ChannelType(kind), guild.id, _name(data.get("name")))
    for key, value in {**_changes(data), **_offered(box, channel, data)}.items():
        setattr(channel, key, value)
    return answer(guilds.channel(box.world, channels.create(box, guild, channel)), 201)


def _name(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _NAME:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_NAME} in length.")
    return value


def _changes(data: Json) -> Json:
    """What the form changes, in the names of our model."""
    changes: Json = {}
    if data.get("name") is not None:
        changes["name"] = _name(data["name"])
    if "topic" in data:
        if len(data["topic"] or "") > _TOPIC:
            raise invalid_form("topic", "BASE_TYPE_MAX_LENGTH", f"Must be {_TOPIC} or fewer in length.")
        changes["topic"] = data["topic"]
    if data.get("rate_limit_per_user") is not None:
        changes["slowmode"] = _slowmode(data["rate_limit_per_user"])
    for key in ("nsfw", "position", "bitrate", "user_limit"):
        if data.get(key) is not None:
            changes[key] = data[key]
    if "parent_id" in data:
        changes["parent_id"] = None if data["parent_id"] is None else number(data["parent_id"], "parent_id")
    if data.get("permission_overwrites") is not None:
        rows = [_overwrite(o) for o in data["permission_overwrites"]]
        changes["overwrites"] = {o.id: o for o in rows}
    return changes


def _offered(box: Box, channel: Channel, data: Json) -> Json:
    if data.get("available_tags") is None:
        return {}
    try:
        return {"tags": tags.offered(box, channel.kind, channel.tags, data["available_tags"])}
    except BadInput as error:
        raise invalid_form("available_tags", "BASE_TYPE_CHOICES", str(error)) from error


def _slowmode(value: int) -> int:
    if not 0 <= value <= _SLOWEST:
        text = f"int value should be less than or equal to {_SLOWEST}."
        raise invalid_form("rate_limit_per_user", "NUMBER_TYPE_MAX", text)
    return value


def _overwrite(data: Json) -> Overwrite:
    kind = 1 if data.get("type") in {1, "1", "member"} else 0
    allow, deny = int(data.get("allow") or 0), int(data.get("deny") or 0)
    return Overwrite(number(data.get("id"), "id"), kind, allow, deny)


async def get_channel(request: web.Request) -> web.Response:
    """One channel, thread or direct message."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.VIEW_CHANNEL)
    return answer(guilds.channel(box.world, channel))


async def edit_channel(request: web.Request) -> web.Response:
    """Change a channel or thread."""
    box, channel = channel_in(request)
    data = await body_of(request)
    if channel.thread:
        return answer(edit_thread(box, channel, data))
    require(box.world, channel, box.world.application.id, Permission.MANAGE_CHANNELS)
    changes = {**_changes(data), **_offered(box, channel, data)}
    return answer(guilds.channel(box.world, channels.update(box, channel, changes)))


async def delete_channel(request: web.Request) -> web.Response:
    """Remove a channel or thread; closing a direct message changes nothing."""
    box, channel = channel_in(request)
    body = guilds.channel(box.world, channel)
    if channel.guild_id:
        needed = Permission.MANAGE_THREADS if channel.thread else Permission.MANAGE_CHANNELS
        require(box.world, channel, box.world.application.id, needed)
        channels.delete(box, channel)
    return answer(body)


async def set_overwrite(request: web.Request) -> web.Response:
    """Set what a role or member may do in the channel."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.MANAGE_ROLES)
    target = path_number(request, "target")
    row = _overwrite({**await body_of(request), "id": target})
    channels.update(box, channel, {"overwrites": {**channel.overwrites, target: row}})
    return nothing()


async def drop_overwrite(request: web.Request) -> web.Response:
    """Take an overwrite away."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.MANAGE_ROLES)
    target = path_number(request, "target")
    if target not in channel.overwrites:
        raise DiscordError(404, 10009, "Unknown Permission Overwrite")
    rest = {k: v for k, v in channel.overwrites.items() if k != target}
    channels.update(box, channel, {"overwrites": rest})
    return nothing()


async def list_roles(request: web.Request) -> web.Response:
    """Every role."""
    _, guild = guild_seen(request)
    return answer([guilds.role(r) for r in guild.roles.values()])


async def get_role(request: web.Request) -> web.Response:
    """One role."""
    _, guild = guild_seen(request)
    return answer(guilds.role(role_in(request, guild)))


def _fill_role(role: Role, data: Json) -> Role:
    if data.get("name") is not None:
        role.name = _name(data["name"])
    if data.get("permissions") is not None:
        role.permissions = number(data["permissions"], "permissions")
    for key in ("color", "hoist", "mentionable"):
        if data.get(key) is not None:
            setattr(role, key, data[key])
    return role


async def create_role(request: web.Request) -> web.Response:
    """A new role at the bottom; the others move up, so that whoever made it stands above it."""
    box, guild = guild_allowed(request, Permission.MANAGE_ROLES)
    data = await body_of(request)
    for other in [role for role in guild.roles.values() if role.id != guild.id]:
        other.position += 1
        channels.save_role(box, guild, other)
    role = _fill_role(Role(box.world.ids.next(), "new role", guild.roles[guild.id].permissions, 1), data)
    return answer(guilds.role(channels.save_role(box, guild, role, "GUILD_ROLE_CREATE")))


def _editable(request: web.Request) -> tuple[Box, Guild, Role]:
    box, guild = guild_allowed(request, Permission.MANAGE_ROLES)
    role = role_in(request, guild)
    if role.position > top_position(guild, box.world.application.id):
        raise missing_permissions()
    return box, guild, role


async def edit_role(request: web.Request) -> web.Response:
    """Change a role that stands below the bot's own."""
    box, guild, role = _editable(request)
    return answer(guilds.role(channels.save_role(box, guild, _fill_role(role, await body_of(request)))))


async def delete_role(request: web.Request) -> web.Response:
    """Remove a role that stands below the bot's own."""
    box, guild, role = _editable(request)
    if role.managed or role.id == guild.id:
        raise DiscordError(400, 50028, "Invalid Role")
    channels.drop_role(box, guild, role)
    return nothing()
