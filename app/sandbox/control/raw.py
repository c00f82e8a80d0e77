"""POST /sandbox/dispatch: whatever a test wants the client to read, true or not."""

import orjson
from aiohttp import web

from app.sandbox.box import box_of
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.gateway.session import Session
from app.sandbox.rest.answers import answer

_MOST = 1 << 20


async def dispatch(request: web.Request) -> web.Response:
    """`{event, data}` sends a numbered event to every session; `{text}` writes a frame just as it is.

    Nothing is checked and the sandbox's own state stays as it is: this is how duplicates, unknown
    events, ids of another age and broken frames come about.
    """
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("event", "data", "text"))
    sessions = [s for s in box.hub.sessions.values() if isinstance(s, Session)]
    if "text" in data:
        frame = params.text(data, "text", most=_MOST).encode()
        sessions = [s for s in sessions if s.wire is not None]
        for session in sessions:
            if session.wire is not None:
                session.wire.send(frame)
        return answer({"sessions": len(sessions)})
    name = params.text(data, "event")
    if not name.isascii() or not name.replace("_", "").isalnum():
        raise BadInput(f"event is {params.shown(name)}; it must be a name such as MESSAGE_CREATE")
    payload = orjson.dumps(data.get("data"))
    for session in sessions:
        session.dispatch(name, payload)
    return answer({"sessions": len(sessions)})
