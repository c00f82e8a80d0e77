"""A client of the control API, and a discord.py client that remembers what it was told."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord

from app.sandbox.box import Box

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


class Heard(discord.Client):
    """A client that remembers what it was told."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents.all())
        super().__init__(chunk_guilds_at_startup=False, guild_ready_timeout=0.05, **options)
        self.heard: dict[str, asyncio.Queue[Any]] = {}

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.heard.setdefault(event, asyncio.Queue()).put_nowait(args[0] if len(args) == 1 else args)

    async def next(self, event: str, seconds: float = TIMEOUT) -> Any:
        queue = self.heard.setdefault(event, asyncio.Queue())
        return await asyncio.wait_for(queue.get(), seconds)
