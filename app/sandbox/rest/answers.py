"""Reading requests and writing answers of the REST API."""

from typing import Any

import orjson
from aiohttp import web

from app.sandbox.box import Box, box_of
from app.sandbox.constants import Json
from app.sandbox.errors import DiscordError, invalid_form, invalid_json
from app.sandbox.rest.shapes import checked
from app.sandbox.state.models import Channel, Guild

_ID_DIGITS = 20


def answer(data: object, status: int = 200) -> web.Response:
    """A JSON answer; the content type carries no charset, which the client insists on."""
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


def nothing() -> web.Response:
    """204."""
    return web.Response(status=204)


def refusal(error: DiscordError) -> web.Response:
    """Discord's error answer."""
    return answer(error.body, error.status)


def number(text: object, path: str) -> int:
    """A snowflake from its text, or the form error for that field."""
    plain = str(text)
    if not plain.isascii() or not plain.isdigit() or len(plain) > _ID_DIGITS:
        raise invalid_form(path, "NUMBER_TYPE_COERCE", f'Value "{plain[:40]}" is not snowflake.')
    return int(plain)


def path_number(request: web.Request, name: str) -> int:
    """A snowflake of the path."""
    return number(request.match_info[name], name)


def query_number(request: web.Request, name: str) -> int | None:
    """A snowflake of the query string, or None."""
    text = request.query.get(name)
    return None if text is None else number(text, name)


def limit_of(request: web.Request, default: int, most: int) -> int:
    """The `limit` of the query string, within what the route allows."""
    text = request.query.get("limit", str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid_form("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {most}.")
    return int(text)


async def body_of(request: web.Request) -> Json:
    """The JSON object of the body; an absent one counts as empty."""
    data = await any_body(request)
    if not isinstance(data, dict):
        raise invalid_form("_", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return checked(data)


async def any_body(request: web.Request) -> Any:
    """The JSON of the body; an absent one counts as an empty object."""
    raw = await request.read()
    if not raw:
        return {}
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid_json() from error


def channel_in(request: web.Request) -> tuple[Box, Channel]:
    """The channel that the path names."""
    box = box_of(request)
    return box, box.world.channel(path_number(request, "channel"))


def guild_in(request: web.Request) -> tuple[Box, Guild]:
    """The guild that the path names."""
    box = box_of(request)
    return box, box.world.guild(path_number(request, "guild"))


def reason_of(request: web.Request) -> str | None:
    """The audit log reason, if one was given."""
    return request.headers.get("X-Audit-Log-Reason")
