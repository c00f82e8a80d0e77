"""Files that users attach."""

import base64
import binascii

from app.sandbox.box import Box
from app.sandbox.constants import Json
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.files import MAX_FILE, StoredFile, describe, type_of
from app.sandbox.state.models import Channel

# Other words for the same.
_NAMES = {"name": "filename", "content": "text"}


def store(box: Box, channel: Channel, rows: object, base: str) -> list[Json]:
    """Keep the files; returns their attachment objects."""
    if not isinstance(rows, list) or not all(isinstance(r, str | dict | StoredFile) for r in rows):
        raise BadInput(
            "attachments must be a list of file names or objects {filename, content_type?, data (base64) or text}"
        )
    made = []
    for row in rows:
        file = row if isinstance(row, StoredFile) else _file({"filename": row} if isinstance(row, str) else row)
        if len(file.data) > MAX_FILE:
            raise BadInput(f"attachment {params.shown(file.name)} is larger than {MAX_FILE} bytes")
        file_id = box.world.ids.next()
        box.files.put(file_id, file)
        made.append(describe(file_id, channel.id, file, base))
    return made


def _file(given: Json) -> StoredFile:
    """A file from its description; one without `data` and `text` is empty."""
    row = {_NAMES.get(key, key): value for key, value in given.items()}
    params.only(row, ("filename", "content_type", "data", "text", "description"))
    name = params.text(row, "filename")
    if "text" in row:
        raw = params.text(row, "text", most=MAX_FILE).encode()
    else:
        try:
            raw = base64.b64decode(params.text(row, "data", default="", most=2 * MAX_FILE), validate=True)
        except binascii.Error as error:
            raise BadInput(f"data of attachment {params.shown(name)} is not base64") from error
    return StoredFile(safe_name(name), type_of(name, row.get("content_type")), raw)


def safe_name(name: str | None) -> str:
    """A file name without folders."""
    return (name or "file").replace("/", "_").replace("\\", "_") or "file"
