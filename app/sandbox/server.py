"""The local Discord as one web application."""

import asyncio
import errno
import os
import signal
from collections.abc import Callable

from aiohttp import web

from app.sandbox.box import BOX, Box, Recorder, Tuning
from app.sandbox.control import routes as control
from app.sandbox.control.guard import is_loopback, local_only, refuse_clearly
from app.sandbox.errors import SandboxError
from app.sandbox.gateway.socket import gateway
from app.sandbox.rest import routes as rest
from app.sandbox.rest.guard import BUCKETS, RECORDER, Buckets, guard
from app.sandbox.seed import new_box

TOKEN = "sandbox"  # noqa: S105 - the word that logs into the local Discord; it opens nothing else.
_BODY_MOST = 300 * 1024 * 1024
_GRACE = 2.0


def create_app(
    *,
    token: str = TOKEN,
    tuning: Tuning | None = None,
    recorder: Recorder | None = None,
    box: Box | None = None,
) -> web.Application:
    """A fresh sandbox; `recorder` sees every REST request with its body and answer."""
    app = web.Application(
        middlewares=[local_only, refuse_clearly, guard],
        client_max_size=_BODY_MOST,
    )
    app[BOX] = box or new_box(token, tuning)
    app[BUCKETS] = Buckets()
    if recorder is not None:
        app[RECORDER] = recorder
    app.router.add_get("/gateway", gateway)
    app.router.add_get("/gateway/", gateway)
    control.add_routes(app)
    rest.add_routes(app)
    app.on_shutdown.append(_let_go)
    return app


async def _let_go(app: web.Application) -> None:
    box = app[BOX]
    for say_goodbye in list(box.hub.farewells):
        say_goodbye()
    for connection in list(box.faults.connections):
        connection.reconnect()


async def start(host: str, port: int, app: web.Application | None = None) -> tuple[web.AppRunner, int]:
    """Listen on loopback; returns the runner to clean up and the port, which 0 leaves to the system."""
    if not is_loopback(host):
        raise SandboxError(f"the sandbox listens on this machine only (127.0.0.1, ::1, localhost), not on {host}")
    runner = web.AppRunner(app or create_app(), access_log=None, shutdown_timeout=_GRACE)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise SandboxError(f"the sandbox cannot listen on {host}:{port}: {_reason(error)}") from error
    address = runner.addresses[0]
    return runner, int(address[1])


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is taken; SANDBOX_PORT names another"
    return os.strerror(error.errno or 0)


async def run(host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    runner, _ = await start(host, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Serve on the configured port."""
    from app.core.settings import settings  # noqa: PLC0415 - the sandbox itself needs no settings.

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run("127.0.0.1", settings().sandbox_port))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    # uvloop is absent on Windows; the sandbox works without it, only slower.
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None
    return uvloop.new_event_loop
