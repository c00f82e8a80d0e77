"""A sandbox on a free port and unmodified discord.py clients that log into it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from app.sandbox.box import BOX, Tuning
from app.sandbox.server import create_app, start
from tests.integration.sandbox.clients import Heard, Local


@pytest.fixture
async def local(monkeypatch) -> AsyncIterator[Local]:
    app = create_app(tuning=Tuning(hidden_channel=True))
    runner, port = await start("127.0.0.1", 0, app)
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{port}/api/v10")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://127.0.0.1:{port}/gateway"))
    monkeypatch.setattr(discord.Asset, "BASE", f"http://127.0.0.1:{port}")
    async with aiohttp.ClientSession() as http:
        yield Local(app[BOX], port, http)
    await runner.cleanup()


Connect = Callable[..., Awaitable[Heard]]


@pytest.fixture
async def connect(local) -> AsyncIterator[Connect]:
    running: list[tuple[Heard, asyncio.Task[None]]] = []

    async def begin(client: Heard | None = None, token: str = "sandbox", **options: Any) -> Heard:
        client = client or Heard(**options)
        task = asyncio.create_task(client.start(token))
        running.append((client, task))
        ready = asyncio.create_task(client.next("ready"))
        await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            task.result()
        return client

    yield begin
    for client, task in running:
        await client.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, discord.DiscordException):
            await task
