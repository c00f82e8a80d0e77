"""Reading requests to the control API: every refusal names the field and what is allowed."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from app.sandbox.box import Box
from app.sandbox.constants import Json
from app.sandbox.errors import BadInput
from app.sandbox.state.models import Channel, Guild, Message, User

_ID_DIGITS = 20
_WITH_ID = ("guild", "channel", "user", "author", "owner", "message", "parent", "target")
# Other names under which Discord knows the same; an unknown name would be refused.
_NAMES = {f"{name}_id": name for name in _WITH_ID} | {"recipient": "user", "recipient_id": "user"}
_SHOWN = 60


async def read(request: web.Request) -> Json:
    """The JSON object of the body."""
    return parsed(await request.read() or b"{}")


def parsed(raw: bytes) -> Json:
    """A JSON object from its text."""
    try:
        data: Any = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        data = _with_surrogates(raw, error)
    if not isinstance(data, dict):
        raise BadInput("the body must be a JSON object")
    return renamed(data)


def renamed(data: Json) -> Json:
    """The fields under our names; `channel_id` is `channel`, and so on."""
    return {_NAMES.get(key, key) if _NAMES.get(key) not in data else key: value for key, value in data.items()}


def _with_surrogates(raw: bytes, refusal: orjson.JSONDecodeError) -> Any:
    # Half a surrogate pair can be written in JSON but not sent as UTF-8; it becomes U+FFFD, as in a browser.
    try:
        whole = json.dumps(json.loads(raw), ensure_ascii=False)
    except (ValueError, RecursionError):
        raise BadInput(f"the body is not valid JSON: {refusal}") from refusal
    return orjson.loads(whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def moment(data: Json, name: str) -> str | None:
    """A time with its offset, or null."""
    value = data.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadInput(f"{name} is {shown(value)}; it must be a time such as 2026-01-31T12:00:00+00:00") from error
    if found.tzinfo is None:
        raise BadInput(f"{name} is {shown(value)}; it must name its offset, such as +00:00")
    return found.isoformat()


def only(data: Json, allowed: Iterable[str]) -> None:
    """Refuse fields that nobody reads, which are misspelt more often than not."""
    names = sorted(allowed)
    for key in data:
        if key not in names:
            raise BadInput(f"unknown field {shown(key)}; allowed: {', '.join(names)}")


def shown(value: object) -> str:
    """A value as an error message shows it."""
    return repr(value)[:_SHOWN]


def text(data: Json, name: str, *, default: str | None = None, most: int = 100) -> str:
    """A string field of at most so many characters."""
    value = data.get(name, default)
    if value is None:
        raise BadInput(f"{name} is missing; it must be a string of 1 to {most} characters")
    if not isinstance(value, str) or len(value) > most:
        raise BadInput(f"{name} is {shown(value)}; it must be a string of at most {most} characters")
    return value


def whole(data: Json, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number within bounds; digits in a string count."""
    value = data.get(name, default)
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadInput(f"{name} is {shown(value)}; it must be a whole number from {least} to {most}")
    return value


def seconds(data: Json, name: str, *, default: float | None = None, most: float = 3600) -> float | None:
    """A duration, or the default."""
    value = data.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadInput(f"{name} is {shown(value)}; it must be a number of seconds from 0 to {most:g}")
    return float(value)


def snowflake(data: Json, name: str) -> int:
    """An id field: a decimal string, or a number."""
    value = data.get(name)
    if value is None:
        raise BadInput(f"{name} is missing; it must be an id as a decimal string")
    plain = str(value)
    if isinstance(value, bool) or not (plain.isascii() and plain.isdigit() and len(plain) <= _ID_DIGITS):
        raise BadInput(f"{name} is {shown(value)}; it must be an id as a decimal string")
    return int(plain)


def channel(box: Box, data: Json, name: str = "channel") -> Channel:
    """The channel that the field names."""
    found = box.world.channels.get(snowflake(data, name))
    if found is None:
        raise BadInput(f"{name} {shown(data[name])} is no channel; GET /sandbox/state lists them")
    return found


def guild(box: Box, data: Json, name: str = "guild") -> Guild:
    """The guild that the field names."""
    found = box.world.guilds.get(snowflake(data, name))
    if found is None:
        raise BadInput(f"{name} {shown(data[name])} is no guild; GET /sandbox/state lists them")
    return found


def user(box: Box, data: Json, name: str = "user") -> User:
    """The user that the field names."""
    found = box.world.users.get(snowflake(data, name))
    if found is None:
        raise BadInput(f"{name} {shown(data[name])} is no user; GET /sandbox/state lists them")
    return found


def message(box: Box, data: Json, place: Channel, name: str = "message") -> Message:
    """The message of that channel that the field names, ephemeral ones too."""
    wanted = snowflake(data, name)
    found = place.history.get(wanted) or box.world.ephemeral.get(wanted)
    if found is None or found.channel_id != place.id:
        raise BadInput(f"{name} {shown(data[name])} is no message in channel {place.id}")
    return found


def inside(box: Box, place: Channel, person: User, name: str = "user") -> None:
    """Refuse a user who is no member of the channel's guild, or no part of the direct message."""
    if place.guild_id and person.id not in box.world.guilds[place.guild_id].members:
        text_ = f"{name} {person.id} is no member of guild {place.guild_id}; POST /sandbox/members lets him join"
        raise BadInput(text_)
    if not place.guild_id and person.id not in place.recipients:
        raise BadInput(f"{name} {person.id} is no part of the direct messages {place.id}")


def choice(data: Json, name: str, allowed: Iterable[str], default: str | None = None) -> str:
    """One of the allowed words."""
    value = data.get(name, default)
    words = list(allowed)
    if value not in words:
        raise BadInput(f"{name} is {shown(value)}; allowed: {', '.join(words)}")
    return str(value)
