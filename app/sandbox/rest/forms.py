"""Message forms: JSON or multipart with files, turned into a draft."""

import re
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from app.sandbox.actions.drafts import Draft, check_content
from app.sandbox.box import Box
from app.sandbox.constants import FILE_LIMIT, Json
from app.sandbox.errors import DiscordError, invalid_form, invalid_json
from app.sandbox.files import MAX_FILE, StoredFile, describe, type_of
from app.sandbox.rest.answers import any_body, number
from app.sandbox.rest.shapes import checked, wrong_kind

_FILE_FIELD = re.compile(r"^files?\[?(\d*)\]?$")
# Where the JSON of a multipart body is kept for the recorder, as the body itself is read up.
PAYLOAD = "payload_json"
# The JSON of a form, kept with its request for whoever records exchanges.
RAW_PAYLOAD = web.RequestKey("raw_payload", bytes)


@dataclass(slots=True)
class Form:
    """A parsed body and the files that came with it, by their number."""

    data: Json
    files: dict[int, StoredFile] = field(default_factory=dict)


async def read_form(request: web.Request) -> Form:
    """The body of a request that may carry files."""
    if request.content_type == "multipart/form-data":
        return await _multipart(request)
    return Form(_object(await any_body(request)))


def _object(data: Any) -> Json:
    if not isinstance(data, dict):
        raise invalid_form("_", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return checked(data)


async def _multipart(request: web.Request) -> Form:
    form = Form({})
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        raw = bytes(await part.read())
        if part.name == PAYLOAD:
            request[RAW_PAYLOAD] = raw
            form.data = _object(_loaded(raw))
            continue
        place = _FILE_FIELD.match(part.name or "")
        if place:
            name = _safe_name(part.filename)
            form.files[int(place[1] or 0)] = StoredFile(name, type_of(name, part.headers.get("Content-Type")), raw)
    if any(len(file.data) > MAX_FILE for file in form.files.values()):
        raise DiscordError(400, 40005, "Request entity too large")
    return form


def _loaded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid_json() from error


def _safe_name(name: str | None) -> str:
    return re.sub(r"[^\w.\-]", "_", name or "file")[:120] or "file"


def store_files(box: Box, form: Form, channel_id: int, base: str, kept: list[Json]) -> list[Json]:
    """The attachments of the message: those kept from before, then the new files."""
    if len(form.files) > FILE_LIMIT:
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILE_LIMIT} or fewer in length.")
    wanted = form.data.get("attachments")
    notes = {str(row.get("id")): row for row in wanted or []}
    stay = [a for a in kept if wanted is None or a["id"] in notes]
    made = []
    for place, file in sorted(form.files.items()):
        file_id = box.world.ids.next()
        box.files.put(file_id, file)
        note = notes.get(str(place), {})
        made.append(describe(file_id, channel_id, file, base, note.get("description")))
    return stay + made


def draft_of(data: Json, attachments: list[Json]) -> Draft:
    """The draft that a message form describes."""
    checked(data)
    check_content(data.get("content") or "")
    reference = data.get("message_reference") or {}
    nonce = data.get("nonce")
    if nonce is not None and not isinstance(nonce, str | int):
        raise wrong_kind("nonce", "string")
    if nonce is not None and len(str(nonce)) > 25:  # noqa: PLR2004 - Discord's limit for a nonce.
        raise invalid_form("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 characters or fewer in length.")
    target = reference.get("message_id")
    return Draft(
        content=data.get("content") or "",
        embeds=data.get("embeds") or [],
        components=data.get("components") or [],
        attachments=attachments,
        reply_to=None if target is None else number(target, "message_reference.message_id"),
        nonce=nonce,
        flags=int(data.get("flags") or 0),
    )


def origin(request: web.Request) -> str:
    """The address under which the sandbox serves files."""
    return f"http://{request.host}"
