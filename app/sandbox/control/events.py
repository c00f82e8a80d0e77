"""GET /sandbox/events: everything one user may see, as it happens, for the page.

Each server-sent event is `data: {"type": "message_create", "data": {...}}` with Discord's event
names in lower case; `interaction_update` tells how an interaction of that user stands.
"""

import asyncio
import contextlib

from aiohttp import web

from app.sandbox.box import box_of
from app.sandbox.control import params

_KEEP_ALIVE = 15.0
_BACKLOG = 5_000


async def events(request: web.Request) -> web.StreamResponse:
    """Stream until the page leaves; a page that stops reading is cut off and reloads."""
    box = box_of(request)
    user = params.user(box, dict(request.query))
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(_BACKLOG)

    def stop() -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(None)

    def watch(_: str, data: bytes) -> None:
        if queue.full():
            box.hub.watchers.pop(watch, None)
            stop()
            return
        queue.put_nowait(data)

    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    box.hub.watchers[watch] = user.id
    box.hub.farewells.add(stop)
    try:
        # A page that is closed is noticed when something is to be sent to it.
        with contextlib.suppress(ConnectionResetError):
            await response.write(b"retry: 1000\n\n")
            await _pump(queue, response)
    finally:
        box.hub.watchers.pop(watch, None)
        box.hub.farewells.discard(stop)
    return response


async def _pump(queue: asyncio.Queue[bytes | None], response: web.StreamResponse) -> None:
    while True:
        try:
            data = await asyncio.wait_for(queue.get(), _KEEP_ALIVE)
        except TimeoutError:
            await response.write(b": still here\n\n")
            continue
        if data is None:
            return
        await response.write(b"data: " + data + b"\n\n")
