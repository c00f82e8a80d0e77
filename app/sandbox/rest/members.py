"""/guilds/{guild}/members, bans and voice states."""

from datetime import UTC, datetime, timedelta

from aiohttp import web

from app.sandbox.actions import members, voice
from app.sandbox.box import Box
from app.sandbox.constants import Json, Permission
from app.sandbox.errors import DiscordError, invalid_form, missing_permissions, unknown
from app.sandbox.permissions import guild_permissions, require_in_guild, top_position
from app.sandbox.render import users
from app.sandbox.rest.access import guild_allowed, guild_seen, role_in
from app.sandbox.rest.answers import answer, body_of, limit_of, nothing, number, path_number, query_number
from app.sandbox.rest.shapes import wrong_kind
from app.sandbox.state.models import Guild, Member

_NICK = 32
_LONGEST_TIMEOUT = timedelta(days=28)
_NEEDED = {
    "nick": Permission.MANAGE_NICKNAMES,
    "roles": Permission.MANAGE_ROLES,
    "mute": Permission.MUTE_MEMBERS,
    "deaf": Permission.DEAFEN_MEMBERS,
    "channel_id": Permission.MOVE_MEMBERS,
    "communication_disabled_until": Permission.MODERATE_MEMBERS,
}


def _member(request: web.Request) -> tuple[Box, Guild, Member]:
    box, guild = guild_seen(request)
    name = request.match_info.get("user", "@me")
    user_id = box.world.application.id if name == "@me" else path_number(request, "user")
    if user_id not in box.world.users:
        raise unknown("User")
    return box, guild, box.world.member(guild.id, user_id)


def require_above(box: Box, guild: Guild, user_id: int) -> None:
    """Raise 403 when the user stands as high as the bot, or owns the guild."""
    if top_position(guild, user_id) >= top_position(guild, box.world.application.id):
        raise missing_permissions()


async def list_members(request: web.Request) -> web.Response:
    """Members in the order of their ids; needs the members intent, as with Discord."""
    box, guild = guild_seen(request)
    if not box.world.application.intents & 2:
        raise DiscordError(403, 50001, "Missing Access")
    after = query_number(request, "after") or 0
    found = sorted((m for m in guild.members.values() if m.user_id > after), key=lambda m: m.user_id)
    return answer([users.member(box.world, m) for m in found[: limit_of(request, 1, 1000)]])


async def search_members(request: web.Request) -> web.Response:
    """Members whose name or nick begins with the query."""
    box, guild = guild_seen(request)
    query = request.query.get("query", "").lower()
    if not query:
        raise invalid_form("query", "BASE_TYPE_REQUIRED", "This field is required")
    found = [
        m
        for m in guild.members.values()
        if box.world.users[m.user_id].username.lower().startswith(query) or (m.nick or "").lower().startswith(query)
    ]
    return answer([users.member(box.world, m) for m in found[: limit_of(request, 1, 1000)]])


async def get_member(request: web.Request) -> web.Response:
    """One member."""
    box, _, member = _member(request)
    return answer(users.member(box.world, member))


async def edit_self(request: web.Request) -> web.Response:
    """The bot's own nick."""
    box, guild, member = _member(request)
    require_in_guild(guild, member.user_id, Permission.CHANGE_NICKNAME)
    data = await body_of(request)
    changed = members.update(box, guild, member, {"nick": _nick(data.get("nick"))})
    return answer(users.member(box.world, changed))


async def edit_member(request: web.Request) -> web.Response:
    """Nick, roles, mute, deaf, voice channel or timeout of a member."""
    box, guild, member = _member(request)
    data = {k: v for k, v in (await body_of(request)).items() if k in _NEEDED}
    bot_id = box.world.application.id
    for key in data:
        require_in_guild(guild, bot_id, _NEEDED[key])
    if member.user_id != bot_id and data.keys() - {"channel_id", "mute", "deaf"}:
        require_above(box, guild, member.user_id)
    changes = _changes(box, guild, member, data)
    if "channel_id" in data:
        _move(box, guild, member, data["channel_id"])
    return answer(users.member(box.world, members.update(box, guild, member, changes)))


def _changes(box: Box, guild: Guild, member: Member, data: Json) -> Json:
    result: Json = {key: bool(data[key]) for key in ("mute", "deaf") if key in data}
    if "nick" in data:
        result["nick"] = _nick(data["nick"])
    if "roles" in data:
        result["roles"] = [_given_role(box, guild, r) for r in data["roles"] or []]
    if "communication_disabled_until" in data:
        result["timed_out_until"] = _timeout(guild, member, data["communication_disabled_until"])
    return result


def _nick(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > _NICK):
        raise invalid_form("nick", "BASE_TYPE_MAX_LENGTH", f"Must be {_NICK} or fewer in length.")
    return value or None


def _given_role(box: Box, guild: Guild, value: object) -> int:
    role = guild.roles.get(number(value, "roles"))
    if role is None:
        raise unknown("Role")
    if role.position >= top_position(guild, box.world.application.id) and not role.managed:
        raise missing_permissions()
    return role.id


def _timeout(guild: Guild, member: Member, value: str | None) -> str | None:
    if value is None:
        return None
    if guild_permissions(guild, member.user_id) & Permission.ADMINISTRATOR:
        raise missing_permissions()
    try:
        until = datetime.fromisoformat(value)
    except ValueError as error:
        raise wrong_kind("communication_disabled_until", "ISO8601 timestamp") from error
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    if until - datetime.now(UTC) > _LONGEST_TIMEOUT + timedelta(minutes=1):
        text = "Communication disabled must be at most 28 days."
        raise invalid_form("communication_disabled_until", "BASE_TYPE_MAX", text)
    return until.astimezone(UTC).isoformat()


def _move(box: Box, guild: Guild, member: Member, channel_id: object) -> None:
    if member.user_id not in guild.voice:
        raise DiscordError(400, 40032, "Target user is not connected to voice.")
    wanted = None if channel_id is None else number(channel_id, "channel_id")
    voice.move(box, member.user_id, wanted, guild_id=guild.id)


async def kick(request: web.Request) -> web.Response:
    """Remove a member."""
    box, guild = guild_allowed(request, Permission.KICK_MEMBERS)
    _, _, member = _member(request)
    require_above(box, guild, member.user_id)
    members.leave(box, guild, member.user_id)
    return nothing()


async def change_role(request: web.Request) -> web.Response:
    """Give (PUT) or take (DELETE) a role."""
    box, guild = guild_allowed(request, Permission.MANAGE_ROLES)
    _, _, member = _member(request)
    role = role_in(request, guild)
    if role.position >= top_position(guild, box.world.application.id):
        raise missing_permissions()
    rest = [r for r in member.roles if r != role.id]
    given = [role.id] if request.method == "PUT" else []
    members.update(box, guild, member, {"roles": [*rest, *given]})
    return nothing()


async def get_voice(request: web.Request) -> web.Response:
    """Where a member (or `@me`) listens."""
    box, guild, member = _member(request)
    state = guild.voice.get(member.user_id)
    if state is None:
        raise unknown("Voice State")
    return answer(users.voice_state(box.world, guild.id, state))
