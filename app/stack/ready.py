"""Waiting for a server of our own to answer."""

import asyncio
from contextlib import suppress

from app.stack.ports import LOOPBACK

_PAUSE = 0.1
_ANSWER_SECONDS = 5.0


async def listens(port: int) -> None:
    """Return as soon as something accepts connections on this port."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return
        await asyncio.sleep(_PAUSE)


async def answers_ok(port: int, path: str) -> None:
    """Return as soon as this path answers with status 200."""
    while True:
        with suppress(OSError, TimeoutError):
            if await asyncio.wait_for(_status(port, path), _ANSWER_SECONDS) == b"200":
                return
        await asyncio.sleep(_PAUSE)


async def _status(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {LOOPBACK}\r\n\r\n".encode())
        await writer.drain()
        words = (await reader.readline()).split()
        return words[1] if len(words) > 1 else b""
    finally:
        writer.close()
