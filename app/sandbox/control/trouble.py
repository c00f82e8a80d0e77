"""POST /sandbox/faults, the state of gateway sessions, and the application's privileged intents."""

import asyncio
import time

from aiohttp import web

from app.sandbox.box import Box, box_of
from app.sandbox.constants import Intent
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.faults import KINDS
from app.sandbox.gateway.connection import Connection
from app.sandbox.gateway.session import Session
from app.sandbox.rest.answers import answer

_INTENTS = {
    "message_content": Intent.MESSAGE_CONTENT,
    "members": Intent.GUILD_MEMBERS,
    "presences": Intent.GUILD_PRESENCES,
}
_MOST = 100_000
_APART = 1.0


async def add_fault(request: web.Request) -> web.Response:
    """Make something fail: `{kind, count?, seconds?, route?, scope?}`.

    - `drop`: cut every gateway socket and refuse new ones for `seconds` (default 0); `count` times, a second apart.
    - `reconnect`: ask every client to reconnect; `count` times, `seconds` (default 1) apart.
    - `invalid_session`: end every session now; with `count` above 1 the next logins are refused too.
    - `429`: the next `count` REST requests are refused with `retry_after` `seconds`; `scope` is user or global.
    - `5xx`: the next `count` REST requests answer 502, or all of them for `seconds` when there is no count.
    - `delay`: the next `count` REST requests wait `seconds`.
    `route` limits REST faults to paths that contain it.
    """
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("kind", "count", "seconds", "route", "scope"))
    kind = box.faults.kind_of(str(data.get("kind")))
    if kind is None:
        raise BadInput(f"kind is {params.shown(data.get('kind'))}; allowed: {', '.join(KINDS)}")
    has_count = data.get("count") is not None
    count = params.whole(data, "count", default=1, least=1, most=_MOST) if has_count else None
    seconds = params.seconds(data, "seconds")
    scope = params.choice(data, "scope", ("user", "global", "shared"), "user")
    route = params.text(data, "route", default="")
    if kind in {"429", "5xx", "delay"}:
        fault_id = box.faults.add(kind, count, seconds, route=route, scope=scope)
        return answer({"id": str(fault_id), "kind": kind, "count": count, "seconds": seconds})
    hit = _strike(box, kind, seconds or 0.0)
    _again(box, kind, (count or 1) - 1, seconds)
    body = {"id": str(box.faults.next_id()), "kind": kind, "count": count, "seconds": seconds, "connections": hit}
    return answer(body)


def _strike(box: Box, kind: str, seconds: float) -> int:
    if kind == "drop":
        box.faults.close_gateway(seconds)
    connections = list(box.faults.connections)
    for connection in connections:
        if kind == "reconnect":
            connection.reconnect()
        elif kind == "invalid_session":
            connection.invalidate()
        elif isinstance(connection, Connection):
            connection.wire.abort()
    return len(connections)


def _again(box: Box, kind: str, left: int, seconds: float | None) -> None:
    if left <= 0:
        return
    if kind == "invalid_session":
        box.faults.refuse_logins(left)
        return

    def strike() -> None:
        _strike(box, kind, seconds or 0.0)
        _again(box, kind, left - 1, seconds)

    pause = (seconds or 0.0) + _APART if kind == "drop" else seconds or _APART
    asyncio.get_running_loop().call_later(pause, strike)


async def list_faults(request: web.Request) -> web.Response:
    """The REST faults that are still on."""
    box = box_of(request)
    rows = [
        {"id": str(f.id), "kind": f.kind, "count": f.left, "seconds": f.seconds, "route": f.route}
        for f in box.faults.active
    ]
    return answer({"faults": rows})


async def clear_faults(request: web.Request) -> web.Response:
    """End every fault."""
    box_of(request).faults.clear()
    return answer({"faults": []})


async def sessions(request: web.Request) -> web.Response:
    """The gateway sessions: whether connected, how far, and when they last gave a sign of life."""
    box = box_of(request)
    now = time.monotonic()
    rows = [
        {
            "id": s.id,
            "connected": s.wire is not None,
            "intents": str(s.intents),
            "shard": list(s.shard),
            "sequence": s.sequence,
            "backlog_bytes": s.wire.backlog() if s.wire else 0,
            "heartbeats": s.heartbeats,
            "heartbeat_age": None if s.last_heartbeat is None else round(now - s.last_heartbeat, 3),
            "longest_silence": round(s.longest_silence, 3),
        }
        for s in box.hub.sessions.values()
        if isinstance(s, Session)
    ]
    return answer({"sessions": rows})


async def application(request: web.Request) -> web.Response:
    """Grant or take privileged intents `{message_content?, members?, presences?}`, and set the heartbeat."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, (*_INTENTS, "heartbeat_seconds"))
    for name, intent in _INTENTS.items():
        if name not in data:
            continue
        if not isinstance(data[name], bool):
            raise BadInput(f"{name} is {params.shown(data[name])}; it must be true or false")
        held = box.world.application.intents
        box.world.application.intents = held | intent if data[name] else held & ~intent
    beat = params.seconds(data, "heartbeat_seconds")
    if beat:
        box.tuning.heartbeat_interval = beat
    granted = {name: bool(box.world.application.intents & intent) for name, intent in _INTENTS.items()}
    return answer({**granted, "heartbeat_seconds": box.tuning.heartbeat_interval})
