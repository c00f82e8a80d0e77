"""Attachments kept in memory and served over HTTP, and the pictures of a CDN."""

import mimetypes
import struct
import zlib
from dataclasses import dataclass

from app.sandbox.constants import Json

MAX_FILE = 25 * 1024 * 1024
MAX_TOTAL = 512 * 1024 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_COLOURS = ((88, 101, 242), (117, 126, 138), (59, 165, 92), (250, 166, 26), (237, 66, 69), (235, 69, 158))


@dataclass(slots=True, frozen=True)
class StoredFile:
    """One uploaded file."""

    name: str
    content_type: str
    data: bytes


class Files:
    """Uploaded files by id; the oldest go when the total grows too large."""

    def __init__(self, limit: int = MAX_TOTAL) -> None:
        self._rows: dict[int, StoredFile] = {}
        self._size = 0
        self._limit = limit

    def get(self, file_id: int) -> StoredFile | None:
        """The file, or None."""
        return self._rows.get(file_id)

    def put(self, file_id: int, file: StoredFile) -> None:
        """Keep the file."""
        self._rows[file_id] = file
        self._size += len(file.data)
        while self._size > self._limit and len(self._rows) > 1:
            oldest = next(iter(self._rows))
            self._size -= len(self._rows.pop(oldest).data)


def type_of(name: str, declared: str | None) -> str:
    """The content type, guessed from the name when the sender did not say."""
    if declared and declared != "application/octet-stream":
        return declared
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def describe(file_id: int, channel_id: int, file: StoredFile, base: str, description: str | None = None) -> Json:
    """The attachment object of a stored file."""
    url = f"{base}/attachments/{channel_id}/{file_id}/{file.name}"
    body: Json = {
        "id": str(file_id),
        "filename": file.name,
        "size": len(file.data),
        "url": url,
        "proxy_url": url,
        "content_type": file.content_type,
    }
    if description:
        body["description"] = description
    if file.data.startswith(_PNG):
        body["width"], body["height"] = struct.unpack(">II", file.data[16:24])
    return body


def avatar(index: int, size: int = 64) -> bytes:
    """A default avatar: a plain disc in one of Discord's colours, as PNG."""
    red, green, blue = _COLOURS[index % len(_COLOURS)]
    middle, inside = size / 2 - 0.5, (size / 2) ** 2
    rows = bytearray()
    for y in range(size):
        rows.append(0)
        for x in range(size):
            alpha = 255 if (x - middle) ** 2 + (y - middle) ** 2 <= inside else 0
            rows += bytes((red, green, blue, alpha))
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(bytes(rows))) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
