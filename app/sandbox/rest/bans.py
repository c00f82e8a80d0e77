"""/guilds/{guild}/bans."""

from aiohttp import web

from app.sandbox.actions import members
from app.sandbox.box import Box
from app.sandbox.constants import Json, Permission
from app.sandbox.errors import unknown
from app.sandbox.render import users
from app.sandbox.rest.access import guild_allowed
from app.sandbox.rest.answers import answer, limit_of, nothing, path_number, query_number, reason_of
from app.sandbox.rest.members import require_above


def _ban_body(box: Box, user_id: int, reason: str | None) -> Json:
    return {"user": users.user(box.world.users[user_id]), "reason": reason}


async def list_bans(request: web.Request) -> web.Response:
    """Every ban, in the order of the users' ids."""
    box, guild = guild_allowed(request, Permission.BAN_MEMBERS)
    after = query_number(request, "after") or 0
    before = query_number(request, "before") or 1 << 63
    found = sorted(u for u in guild.bans if after < u < before)[: limit_of(request, 1000, 1000)]
    return answer([_ban_body(box, u, guild.bans[u]) for u in found])


async def get_ban(request: web.Request) -> web.Response:
    """One ban."""
    box, guild = guild_allowed(request, Permission.BAN_MEMBERS)
    user_id = path_number(request, "user")
    if user_id not in guild.bans:
        raise unknown("Ban")
    return answer(_ban_body(box, user_id, guild.bans[user_id]))


async def ban(request: web.Request) -> web.Response:
    """Ban a user, member or not."""
    box, guild = guild_allowed(request, Permission.BAN_MEMBERS)
    user = box.world.user(path_number(request, "user"))
    require_above(box, guild, user.id)
    members.ban(box, guild, user.id, reason_of(request))
    return nothing()


async def unban(request: web.Request) -> web.Response:
    """Lift a ban."""
    box, guild = guild_allowed(request, Permission.BAN_MEMBERS)
    user_id = path_number(request, "user")
    if user_id not in guild.bans:
        raise unknown("Ban")
    members.unban(box, guild, user_id)
    return nothing()
