"""The bot in the test's own event loop, a sandbox beside it, and real Celery workers as processes."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
from aiohttp import web

from app.bot.lifecycle import Runtime
from app.bot.replies import SIGN
from app.cli.bot import ports
from app.core.settings import PROJECT, settings
from app.sandbox.box import BOX, Recorder, Tuning
from app.sandbox.server import create_app, start
from tests.factories import ports as free
from tests.factories.bots import keep_discord
from tests.integration.sandbox.clients import Local


class Workers:
    """Celery workers of one test."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, queues: str = "commands,outbound,maintenance", **environment: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tasks.celery",
            "worker",
            "-Q",
            queues,
            "-c",
            "1",
            "-l",
            "INFO",
        ]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*command, "--without-gossip", "--without-mingle", "-n", f"test{len(self._running)}@%h"],
                cwd=PROJECT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def are_ready(self) -> bool:
        return self.log().count("ready.") >= len(self._running)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        for process in self._running:
            self.kill(process)

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


class Hall:
    """A sandbox, and what a test does in it."""

    def __init__(self, local: Local) -> None:
        self.local = local
        # What was asked of Discord: method, path and body.
        self.requests: list[tuple[str, str, bytes]] = []
        self.runtime: Runtime | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start_bot(self) -> Runtime:
        """Start the bot and wait until its commands are known."""
        self.runtime = Runtime(settings(), ports())
        self._serving = asyncio.create_task(self.runtime.run())
        await self.until(
            lambda: self.runtime.bot.is_ready() and self.local.box.world.application.id, "the bot is ready"
        )
        await self.until_async(self._has_commands, "the commands are known")
        return self.runtime

    async def _has_commands(self) -> bool:
        assert self._serving is not None
        if self._serving.done():
            self._serving.result()
        found = await self.local.get(f"commands?user={self.local.user('hrothgar')}&channel={self.local.channel()}")
        return any(command["name"] in {"settings", "réglages"} for command in found)

    async def stop_bot(self) -> None:
        """Stop it as SIGTERM does."""
        if self.runtime is not None and self._serving is not None:
            self.runtime.stop()
            await self._serving
            self.runtime = None

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 30) -> None:
        async def check() -> Any:
            if self._serving is not None and self._serving.done():
                self._serving.result()
            return condition()

        await self.until_async(check, what, seconds)

    async def until_async(self, condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            found = await condition()
            if found:
                return found
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            await asyncio.sleep(0.03)

    # What people do.

    async def begin(
        self, kind: str = "command", *, user: str = "hrothgar", channel: str = "general", **more: Any
    ) -> str:
        body = {"type": kind, "user": str(self.local.user(user)), "channel": str(self.local.channel(channel)), **more}
        return (await self.local.post("interactions", body))["id"]

    async def answered(self, interaction: str, seconds: float = 15) -> Any:
        """The interaction once it has an answer."""

        async def check() -> Any:
            found = await self.local.get(f"interactions/{interaction}")
            is_passing = any(message["content"] == SIGN for message in found["messages"])
            return found if found["state"] in {"answered", "failed"} and not is_passing else None

        return await self.until_async(check, "the interaction is answered", seconds)

    async def use(self, name: str, *, user: str = "hrothgar", channel: str = "general", **options: Any) -> Any:
        """Run a slash command and wait for its answer."""
        return await self.answered(await self.begin(user=user, channel=channel, name=name, options=options))

    async def text(self, name: str, *, user: str = "hrothgar", channel: str = "general", **options: Any) -> str:
        """What the answer to a slash command says."""
        return (await self.use(name, user=user, channel=channel, **options))["messages"][0]["content"]

    async def click(self, custom_id: str, message: str, *, user: str = "hrothgar", **more: Any) -> Any:
        kind = "select" if "values" in more else "button"
        return await self.answered(await self.begin(kind, user=user, custom_id=custom_id, message=message, **more))

    async def said(self, content: str, *, user: str = "hrothgar", channel: str = "general") -> Any:
        """Write a message, and return the bot's next one in that channel."""
        mine = int((await self.local.say(content, author=user, channel=channel))["id"])

        async def reply() -> Any:
            found = await self.local.get(f"channels/{self.local.channel(channel)}/messages")
            return next((m for m in found if m["author"].get("bot") and int(m["id"]) > mine), None)

        return await self.until_async(reply, f"an answer to {content!r}", 15)

    async def say(self, content: str, *, user: str = "hrothgar", channel: str = "general") -> str:
        """Write a message, and return what the bot's next one in that channel says."""
        return str((await self.said(content, user=user, channel=channel))["content"])


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement, committed."""
    connection = psycopg2.connect(settings().database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@asynccontextmanager
async def sandbox(monkeypatch: Any, reset: Callable[[], None], recorder: Recorder | None = None) -> AsyncIterator[Hall]:
    """A sandbox on a free port that this process and its children take for Discord; `recorder` sees every exchange."""
    requests: list[tuple[str, str, bytes]] = []

    async def record(request: web.Request, body: bytes, response: web.StreamResponse) -> None:
        requests.append((request.method, request.path, body))
        if recorder is not None:
            await recorder(request, body, response)

    app = create_app(tuning=Tuning(), recorder=record)
    runner, port = await start("127.0.0.1", 0, app)
    keep_discord(monkeypatch)
    monkeypatch.setenv("DISCORD_API_URL", f"http://127.0.0.1:{port}/api/v10")
    monkeypatch.setenv("DISCORD_TOKEN", "sandbox")
    monkeypatch.setenv("HEALTH_CHECK_PORT", str(free.unused()))
    reset()
    async with aiohttp.ClientSession() as http:
        hall = Hall(Local(app[BOX], port, http))
        hall.requests = requests
        try:
            yield hall
        finally:
            await hall.stop_bot()
    await runner.cleanup()
