"""/applications/{application}/commands and the same for one guild."""

from aiohttp import web

from app.sandbox.box import Box, box_of
from app.sandbox.constants import Json
from app.sandbox.errors import DiscordError, invalid_form, missing_access, unknown
from app.sandbox.interactions import catalogue
from app.sandbox.rest.answers import answer, any_body, body_of, nothing, path_number

_TRUE = frozenset({"1", "true", "True"})


def _scope(request: web.Request) -> tuple[Box, int | None]:
    box = box_of(request)
    if path_number(request, "application") != box.world.application.id:
        raise DiscordError(403, 20012, "You are not authorized to perform this action on this application")
    if "guild" not in request.match_info:
        return box, None
    guild = box.world.guilds.get(path_number(request, "guild"))
    if guild is None or box.world.application.id not in guild.members:
        raise missing_access()
    return box, guild.id


def _listed(request: web.Request, command: Json) -> Json:
    full = request.query.get("with_localizations") in _TRUE
    return command if full else catalogue.without_localizations(command)


def _command(request: web.Request) -> tuple[Box, int | None, Json]:
    box, guild_id = _scope(request)
    command = box.world.commands.get(path_number(request, "command"))
    if command is None or command not in catalogue.scope(box, guild_id):
        raise unknown("application command")
    return box, guild_id, command


async def list_commands(request: web.Request) -> web.Response:
    """Every command of the scope."""
    box, guild_id = _scope(request)
    return answer([_listed(request, c) for c in catalogue.scope(box, guild_id)])


async def overwrite(request: web.Request) -> web.Response:
    """Make the given commands the only ones of the scope."""
    box, guild_id = _scope(request)
    rows = await any_body(request)
    if not isinstance(rows, list):
        raise invalid_form("_", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    return answer(catalogue.overwrite(box, rows, guild_id))


async def create(request: web.Request) -> web.Response:
    """Register one command, or replace the one of that name."""
    box, guild_id = _scope(request)
    command = await body_of(request)
    catalogue.check([command])
    saved, is_new = catalogue.save(box, command, guild_id)
    return answer(saved, 201 if is_new else 200)


async def get_command(request: web.Request) -> web.Response:
    """One command."""
    _, _, command = _command(request)
    return answer(command)


async def edit(request: web.Request) -> web.Response:
    """Change one command."""
    box, guild_id, command = _command(request)
    changed = {**command, **await body_of(request)}
    catalogue.check([changed])
    if changed["name"] != command["name"] and catalogue.find(box, command["type"], changed["name"], guild_id):
        raise invalid_form("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    version = str(box.world.ids.next())
    box.world.commands[int(command["id"])] = {**changed, "id": command["id"], "version": version}
    return answer(box.world.commands[int(command["id"])])


async def delete(request: web.Request) -> web.Response:
    """Remove one command."""
    box, _, command = _command(request)
    del box.world.commands[int(command["id"])]
    return nothing()


async def permissions(request: web.Request) -> web.Response:
    """Permission overwrites of commands in a guild, of which the sandbox has none."""
    _scope(request)
    return answer([])
