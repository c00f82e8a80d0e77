"""`/health`, `/alive`, `/ready` and `/metrics` over HTTP; read only, and without anything that people wrote.

`/alive` answers from the event loop alone: it is the proof that the loop turns, and stays green while everything else
is away, so that nobody restarts a bot for its database's outage. `/health` answers 503 only when it is `down`.
"""

import time
from typing import Any

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from app.core.queue import QUEUE_NAMES
from app.upkeep.health.exposition import render
from app.upkeep.health.monitor import Monitor, Snapshot
from app.upkeep.jobs.queries import LastRun

_MONITOR = web.AppKey("monitor", Monitor)
_STARTED = web.AppKey("started", float)
_ACCESS_LOG = None


def application(monitor: Monitor) -> web.Application:
    """The four endpoints."""
    app = web.Application()
    app[_MONITOR] = monitor
    app[_STARTED] = time.monotonic()
    app.add_routes(
        [
            web.get("/health", _health),
            web.get("/alive", _alive),
            web.get("/ready", _ready),
            web.get("/metrics", _metrics),
        ]
    )
    return app


async def start(monitor: Monitor, host: str, port: int) -> web.AppRunner:
    """Serve on this address until `cleanup()`; raises OSError when the port is taken."""
    runner = web.AppRunner(application(monitor), access_log=_ACCESS_LOG)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


async def _alive(_: web.Request) -> web.Response:
    return _json({"status": "alive"})


async def _ready(request: web.Request) -> web.Response:
    fault = request.app[_MONITOR].gateway.discord_fault()
    return _json({"status": "waiting", "reason": fault}, 503) if fault else _json({"status": "ready"})


async def _metrics(request: web.Request) -> web.Response:
    body = render(await request.app[_MONITOR].snapshot())
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _health(request: web.Request) -> web.Response:
    monitor = request.app[_MONITOR]
    snapshot = await monitor.snapshot()
    body = describe_health(snapshot, monitor.gateway.spool_batches(), time.monotonic() - request.app[_STARTED])
    return _json(body, 503 if snapshot.status == "down" else 200)


def describe_health(snapshot: Snapshot, spool_batches: int, uptime: float) -> dict[str, Any]:
    """What `/health` says; a figure whose server is away is null."""
    backlog, records = snapshot.backlog, snapshot.records
    return {
        "status": snapshot.status,
        **{name: _part(snapshot, name) for name in snapshot.parts},
        "queues": dict(backlog.queues) if backlog else dict.fromkeys(QUEUE_NAMES),
        "ledger": {
            "entries": sum(backlog.ledgers.values()) if backlog else None,
            "oldest_seconds": round(backlog.oldest_seconds, 1) if backlog else None,
        },
        "spool": spool_batches,
        "deadletters": records.dead_letters if records else None,
        "jobs": {run.name: _job(run) for run in records.jobs} if records else None,
        "uptime": round(uptime, 1),
        "timestamp": snapshot.at,
    }


def _part(snapshot: Snapshot, name: str) -> dict[str, Any]:
    part = snapshot.parts[name]
    return {"status": part.status, "since": part.since, "reason": part.reason}


def _job(run: LastRun) -> dict[str, Any]:
    return {
        "slot": run.slot,
        "started": run.started_at,
        "finished": run.finished_at,
        "outcome": run.outcome,
        "counts": run.counts,
        "error": run.error,
    }
