"""Things that a path names, where the bot may use them."""

from aiohttp import web

from app.sandbox.box import Box
from app.sandbox.errors import missing_access, unknown
from app.sandbox.permissions import require_in_guild
from app.sandbox.rest.answers import guild_in, path_number
from app.sandbox.state.models import Guild, Role


def guild_seen(request: web.Request) -> tuple[Box, Guild]:
    """The guild of the path, which the bot must be in."""
    box, guild = guild_in(request)
    if box.world.application.id not in guild.members:
        raise missing_access()
    return box, guild


def guild_allowed(request: web.Request, needed: int) -> tuple[Box, Guild]:
    """The guild of the path, where the bot must have the permission."""
    box, guild = guild_in(request)
    require_in_guild(guild, box.world.application.id, needed)
    return box, guild


def role_in(request: web.Request, guild: Guild) -> Role:
    """The role of the path, or 404."""
    role = guild.roles.get(path_number(request, "role"))
    if role is None:
        raise unknown("Role")
    return role
