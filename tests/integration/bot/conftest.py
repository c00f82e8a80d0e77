"""A sandbox on a free port, and a rig that runs bots against it."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import pytest

from app.sandbox.box import BOX, Tuning
from app.sandbox.server import create_app, start
from tests.conftest import reset_process_state
from tests.contract.sandbox.openapi import checking
from tests.factories import ports
from tests.factories.bots import Rig, keep_discord
from tests.factories.proxies import Proxy
from tests.integration.sandbox.clients import Local


@pytest.fixture
async def local(database, monkeypatch) -> AsyncIterator[Local]:
    """The sandbox, which is where this process's bots connect to."""
    keep_discord(monkeypatch)
    with checking() as recorder:
        app = create_app(tuning=Tuning(heartbeat_interval=0.5, hidden_channel=True), recorder=recorder)
        runner, port = await start("127.0.0.1", 0, app)
        monkeypatch.setenv("DISCORD_API_URL", f"http://127.0.0.1:{port}/api/v10")
        monkeypatch.setenv("DISCORD_TOKEN", "sandbox")
        monkeypatch.setenv("HEALTH_CHECK_PORT", str(ports.unused()))
        async with aiohttp.ClientSession() as http:
            yield Local(app[BOX], port, http)
        await runner.cleanup()


@pytest.fixture
async def proxy(local, servers, monkeypatch) -> AsyncIterator[Proxy]:
    """Stands between the bot and Valkey."""
    parts = urlsplit(servers.redis_url)
    proxy = Proxy(parts.port)
    await proxy.start()
    netloc = f"{parts.netloc.rpartition(':')[0]}:{proxy.port}"
    monkeypatch.setenv("REDIS_URL", urlunsplit(parts._replace(netloc=netloc)))
    reset_process_state()
    yield proxy
    await proxy.close()


@pytest.fixture
async def rig(local, servers) -> AsyncIterator[Rig]:
    rig = Rig(servers.redis_url)
    working = asyncio.create_task(rig.work())
    yield rig
    working.cancel()
    await rig.close()
