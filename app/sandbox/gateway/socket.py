"""The gateway endpoint: one socket from HELLO to its end."""

from aiohttp import WSMsgType, web

from app.sandbox.box import box_of
from app.sandbox.gateway.connection import Connection, Refused
from app.sandbox.gateway.wire import wire_of


async def gateway(request: web.Request) -> web.WebSocketResponse:
    """Serve one gateway socket."""
    box = box_of(request)
    if box.faults.is_gateway_closed():
        raise web.HTTPServiceUnavailable
    socket = web.WebSocketResponse(compress=False, max_msg_size=1 << 20)
    await socket.prepare(request)
    asked = request.query.get("compress") == "zlib-stream"
    connection = Connection(box, request, wire_of(request, compress=asked and box.tuning.compress))
    box.faults.connections.add(connection)
    try:
        await _converse(connection, socket)
    finally:
        box.faults.connections.discard(connection)
        if connection.session:
            connection.session.detach(connection.wire)
    return socket


async def _converse(connection: Connection, socket: web.WebSocketResponse) -> None:
    connection.hello()
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            connection.receive(message.data)
        except Refused as refusal:
            connection.wire.flush()
            await socket.close(code=refusal.code, message=str(refusal).encode())
            return
