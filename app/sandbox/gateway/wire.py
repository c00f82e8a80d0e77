"""Writes gateway frames to a socket, many at a time.

The frames are built here and written to the transport in one piece: one system call for a
thousand events is what lets the bench push more of them than any client can read. Server frames
are not masked, so a header is all that is added.
"""

import asyncio
import zlib
from collections.abc import Callable

from aiohttp import web

_TEXT = 0x81
_BINARY = 0x82
_SHORT = 126
_MEDIUM = 1 << 16


def frame(payload: bytes, head: int = _TEXT) -> bytes:
    """One unmasked, final websocket frame."""
    size = len(payload)
    if size < _SHORT:
        return bytes((head, size)) + payload
    if size < _MEDIUM:
        return bytes((head, 126)) + size.to_bytes(2) + payload
    return bytes((head, 127)) + size.to_bytes(8) + payload


class SocketWire:
    """Collects the frames of one turn of the event loop and writes them together."""

    def __init__(self, transport: asyncio.Transport, *, compress: bool) -> None:
        self._transport = transport
        self._pending: list[bytes] = []
        self._wrap: Callable[[bytes], bytes] = self._deflated if compress else frame
        self._deflate = zlib.compressobj(level=1)

    def _deflated(self, payload: bytes) -> bytes:
        # One zlib stream lives as long as the socket; each message ends with a sync flush.
        data = self._deflate.compress(payload) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return frame(data, _BINARY)

    def send(self, payload: bytes) -> None:
        """Queue one frame for this turn of the loop."""
        if not self._pending:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pending.append(self._wrap(payload))

    def send_later(self, seconds: float, payload: bytes) -> None:
        """Send one frame after so many seconds."""
        asyncio.get_running_loop().call_later(seconds, self.send, payload)

    def send_many(self, payloads: list[bytes]) -> None:
        """Write many frames at once, after those that wait."""
        self._pending += map(self._wrap, payloads)
        self.flush()

    def flush(self) -> None:
        """Hand what waits to the transport."""
        if self._pending and not self._transport.is_closing():
            self._transport.write(b"".join(self._pending))
        self._pending.clear()

    def backlog(self) -> int:
        """Bytes that the other side has not taken yet."""
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Cut the connection without a goodbye."""
        self._pending.clear()
        self._transport.abort()


def wire_of(request: web.Request, *, compress: bool) -> SocketWire:
    """The wire of an accepted websocket request."""
    transport = request.transport
    assert transport is not None
    return SocketWire(transport, compress=compress)
