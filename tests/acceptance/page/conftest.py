"""A sandbox, a small bot that is connected to it, and headless Chromium."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import discord
import pytest
import pytest_asyncio
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from playwright.async_api import Browser, async_playwright, expect

from app.sandbox.box import BOX, Tuning
from app.sandbox.server import create_app, start
from tests.acceptance.page.bot import Minstrel
from tests.acceptance.page.screen import TIMEOUT, Screen, open_screen
from tests.integration.sandbox.clients import Local

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WINDOW = {"width": 1180, "height": 760}
expect.set_options(timeout=TIMEOUT)


def chromium() -> str:
    """Where Chromium is; without it the tests skip, but never in CI."""
    found = shutil.which("chromium")
    if found is None:
        reason = "Chromium is not installed: the page tests need the program `chromium` on the path"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for a module, with a profile of its own that goes with it."""
    path = chromium()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def local(monkeypatch) -> AsyncIterator[Local]:
    """A fresh sandbox, more patient with answers to interactions than Discord, as a busy machine may be slow."""
    app = create_app(tuning=Tuning(interaction_deadline=8.0))
    runner, port = await start("127.0.0.1", 0, app)
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{port}/api/v10")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://127.0.0.1:{port}/gateway"))
    monkeypatch.setattr(discord.Asset, "BASE", f"http://127.0.0.1:{port}")
    async with aiohttp.ClientSession() as http:
        yield Local(app[BOX], port, http)
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def bot(local) -> AsyncIterator[Minstrel]:
    """The test's bot, connected and with its commands registered."""
    client = Minstrel()
    task = asyncio.create_task(client.start("sandbox"))
    await client.next("ready")
    yield client
    await client.close()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


Visit = Callable[..., Awaitable[Screen]]


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser, local) -> AsyncIterator[Visit]:
    """Open the page as a user in a channel; whatever the console complains of fails the test."""
    screens: list[Screen] = []

    async def go(user: str = "beowulf", place: str = "general", guild: str = "Mead Hall", **context) -> Screen:
        options = {"viewport": WINDOW, "locale": "en-GB", "timezone_id": "UTC", "color_scheme": "dark", **context}
        screen = await open_screen(await browser.new_context(**options), local, user, place, guild)
        screens.append(screen)
        return screen

    yield go
    for screen in screens:
        await screen.page.context.close()
    complaints = [error for screen in screens for error in screen.errors]
    assert not complaints
