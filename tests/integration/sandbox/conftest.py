"""A sandbox on a free port and unmodified discord.py clients that log into it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from app.sandbox.box import BOX, Box, Tuning
from app.sandbox.server import create_app, start

TIMEOUT = 10


@dataclass
class Local:
    """A running sandbox, its address and a client of its control API."""

    box: Box
    port: int
    http: aiohttp.ClientSession
    seen: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def post(self, path: str, body: Any, status: int = 200) -> Any:
        async with self.http.post(f"{self.base}/sandbox/{path}", json=body) as response:
            data = await response.json()
            assert response.status == status, data
            return data

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.http.get(f"{self.base}/sandbox/{path}") as response:
            data = await response.json()
            assert response.status == status, data
            return data

    async def rest(self, method: str, path: str, body: Any = None, token: str = "sandbox") -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {token}"}
        async with self.http.request(method, f"{self.base}/api/v10{path}", json=body, headers=headers) as response:
            return response.status, await response.json() if response.status != 204 else None

    def guild(self, name: str = "Mead Hall"):
        return next(g for g in self.box.world.guilds.values() if g.name == name)

    def channel(self, name: str = "general") -> int:
        return next(c.id for c in self.box.world.channels.values() if c.name == name)

    def user(self, name: str = "beowulf") -> int:
        return next(u.id for u in self.box.world.users.values() if u.username == name)

    async def say(self, content: str, *, channel: str = "general", author: str = "beowulf", **more: Any) -> Any:
        body = {"channel": str(self.channel(channel)), "author": str(self.user(author)), "content": content, **more}
        return await self.post("messages", body)


@pytest.fixture
async def local(monkeypatch) -> AsyncIterator[Local]:
    app = create_app(tuning=Tuning())
    runner, port = await start("127.0.0.1", 0, app)
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{port}/api/v10")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://127.0.0.1:{port}/gateway"))
    monkeypatch.setattr(discord.Asset, "BASE", f"http://127.0.0.1:{port}")
    async with aiohttp.ClientSession() as http:
        yield Local(app[BOX], port, http)
    await runner.cleanup()


class Heard(discord.Client):
    """A client that remembers what it was told."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents.all())
        super().__init__(chunk_guilds_at_startup=False, guild_ready_timeout=0.05, **options)
        self.heard: dict[str, asyncio.Queue[Any]] = {}

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.heard.setdefault(event, asyncio.Queue()).put_nowait(args[0] if len(args) == 1 else args)

    async def next(self, event: str, timeout: float = TIMEOUT) -> Any:
        queue = self.heard.setdefault(event, asyncio.Queue())
        return await asyncio.wait_for(queue.get(), timeout)


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
