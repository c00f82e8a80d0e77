"""Registered application commands: checked, kept, listed and shown in a user's language."""

import re

from app.sandbox.box import Box
from app.sandbox.constants import CommandType, Json, OptionType, Permission
from app.sandbox.errors import DiscordError, invalid_form
from app.sandbox.permissions import channel_permissions
from app.sandbox.state.models import Channel, User

_SLASH_NAME = re.compile(r"^[-_'\w]{1,32}$")
_MOST_COMMANDS, _MOST_OPTIONS, _MOST_CHOICES = 100, 25, 25
_NESTED = frozenset({OptionType.SUBCOMMAND, OptionType.GROUP})
_KEPT = (
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "contexts",
    "integration_types",
    "nsfw",
    "handler",
)


def check(commands: list[Json]) -> None:
    """Raise the form error that Discord would answer to a bulk overwrite."""
    if len(commands) > _MOST_COMMANDS:
        raise DiscordError(400, 30032, f"Maximum number of application commands reached ({_MOST_COMMANDS}).")
    seen: set[tuple[int, str]] = set()
    for number, command in enumerate(commands):
        kind = int(command.get("type") or CommandType.CHAT_INPUT)
        _check_command(command, kind, str(number))
        key = (kind, command["name"])
        if key in seen:
            text = "Application command names must be unique"
            raise invalid_form(f"{number}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        seen.add(key)


def _check_command(command: Json, kind: int, path: str) -> None:
    name = command.get("name")
    if kind == CommandType.CHAT_INPUT:
        _check_slash(command, path)
    elif not isinstance(name, str) or not 1 <= len(name) <= 32:  # noqa: PLR2004 - Discord's limit for names.
        raise invalid_form(f"{path}.name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")


def _check_slash(part: Json, path: str) -> None:
    _check_name(part.get("name"), f"{path}.name")
    for locale, name in (part.get("name_localizations") or {}).items():
        _check_name(name, f"{path}.name_localizations.{locale}")
    text = part.get("description")
    if not isinstance(text, str) or not 1 <= len(text) <= 100:  # noqa: PLR2004 - Discord's limit.
        raise invalid_form(f"{path}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    options = part.get("options") or []
    if len(options) > _MOST_OPTIONS:
        raise invalid_form(f"{path}.options", "BASE_TYPE_MAX_LENGTH", f"Must be {_MOST_OPTIONS} or fewer in length.")
    optional_seen = False
    for number, option in enumerate(options):
        place = f"{path}.options.{number}"
        _check_slash(option, place)
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            raise invalid_form(place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional_seen = optional_seen or not option.get("required")
        if len(option.get("choices") or []) > _MOST_CHOICES:
            text = f"Must be {_MOST_CHOICES} or fewer in length."
            raise invalid_form(f"{place}.choices", "BASE_TYPE_MAX_LENGTH", text)


def _check_name(name: object, path: str) -> None:
    if not isinstance(name, str) or not _SLASH_NAME.match(name) or name != name.lower():
        text = "Command name is invalid"
        raise invalid_form(path, "APPLICATION_COMMAND_INVALID_NAME", text)


def save(box: Box, command: Json, guild_id: int | None) -> tuple[Json, bool]:
    """Register or replace the command of that name; says whether it is new. The version moves on a change."""
    kind = int(command.get("type") or CommandType.CHAT_INPUT)
    known = find(box, kind, command["name"], guild_id)
    body = _complete(box, command, kind, guild_id)
    if known is None:
        body["id"] = body["version"] = str(box.world.ids.next())
    else:
        body["id"], body["version"] = known["id"], known["version"]
        if body != known:
            body["version"] = str(box.world.ids.next())
    box.world.commands[int(body["id"])] = body
    return body, known is None


def _complete(box: Box, command: Json, kind: int, guild_id: int | None) -> Json:
    given = {key: command[key] for key in _KEPT if key in command}
    permissions = given.get("default_member_permissions")
    body: Json = {
        "application_id": str(box.world.application.id),
        "type": kind,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        **{key: value for key, value in given.items() if value is not None},
        "default_member_permissions": None if permissions is None else str(permissions),
        "description": given.get("description") or "",
    }
    if guild_id is not None:
        body["guild_id"] = str(guild_id)
    return body


def overwrite(box: Box, commands: list[Json], guild_id: int | None) -> list[Json]:
    """Make these the only commands of the scope; those that keep their name keep their id."""
    check(commands)
    kept = [save(box, command, guild_id)[0] for command in commands]
    ids = {int(c["id"]) for c in kept}
    for command in scope(box, guild_id):
        if int(command["id"]) not in ids:
            del box.world.commands[int(command["id"])]
    return kept


def scope(box: Box, guild_id: int | None) -> list[Json]:
    """The commands registered for one guild, or globally."""
    wanted = None if guild_id is None else str(guild_id)
    return [c for c in box.world.commands.values() if c.get("guild_id") == wanted]


def find(box: Box, kind: int, name: str, guild_id: int | None) -> Json | None:
    """The command of that kind and name in the scope."""
    return next((c for c in scope(box, guild_id) if c["type"] == kind and c["name"] == name), None)


def named(parts: list[Json], name: object) -> Json | None:
    """The command or option of that name; in any of its languages, unless another one has it for its own."""
    own = next((part for part in parts if part["name"] == name), None)
    return own or next((part for part in parts if name in (part.get("name_localizations") or {}).values()), None)


def usable(box: Box, user: User, channel: Channel) -> list[Json]:
    """The commands that the user's client would offer in the channel."""
    found = [*scope(box, None), *(scope(box, channel.guild_id) if channel.guild_id else [])]
    return [c for c in found if may_use(box, user, channel, c)]


def may_use(box: Box, user: User, channel: Channel, command: Json) -> bool:
    """Whether context and default permissions let the user run the command there."""
    contexts = command.get("contexts")
    if contexts is not None and (0 if channel.guild_id else 1) not in contexts:
        return False
    if not channel.guild_id:
        return command.get("dm_permission") is not False
    held = channel_permissions(box.world, channel, user.id)
    needed = command["default_member_permissions"]
    if held & Permission.ADMINISTRATOR:
        return True
    if not held & Permission.USE_APPLICATION_COMMANDS or needed == "0":
        return False
    return needed is None or int(needed) & ~held == 0


def localized(part: Json, locale: str) -> Json:
    """The command, option or choice with the names that this language shows."""
    body = dict(part)
    for key in ("name", "description"):
        if key in part:
            words = part.get(f"{key}_localizations") or {}
            body[f"{key}_localized"] = words.get(locale, part[key])
    for key in ("options", "choices"):
        if part.get(key):
            body[key] = [localized(row, locale) for row in part[key]]
    return body


def without_localizations(part: Json) -> Json:
    """The command as it is listed unless localizations are asked for."""
    body = {k: v for k, v in part.items() if k not in {"name_localizations", "description_localizations"}}
    for key in ("options", "choices"):
        if body.get(key):
            body[key] = [without_localizations(row) for row in body[key]]
    return body


def is_nested(option: Json) -> bool:
    """Whether the option is a subcommand or a group of them."""
    return option.get("type") in _NESTED
