"""The page as a test drives it."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import BrowserContext, Locator, Page

from tests.integration.sandbox.clients import Local

SHOTS = Path(__file__).resolve().parents[3] / "docs" / "screenshots"
LARGEST_SHOT = 200_000
# Only patience: a busy machine may need it all.
TIMEOUT = 30_000


@dataclass
class Screen:
    """One tab, and what went wrong in it."""

    page: Page
    local: Local
    errors: list[str] = field(default_factory=list)

    @property
    def draft(self) -> Locator:
        return self.page.locator("#draft")

    @property
    def picker(self) -> Locator:
        return self.page.locator(".picker")

    @property
    def last(self) -> Locator:
        return self.page.locator(".message").last

    def message(self, text: str) -> Locator:
        return self.page.locator(".message").filter(has_text=text)

    async def write(self, text: str) -> None:
        await self.draft.fill(text)
        await self.draft.press("Enter")

    async def command(self, name: str) -> None:
        """Choose a slash command from the list."""
        await self.draft.fill(f"/{name}")
        await self.picker.locator(".picker-label", has_text=re.compile(rf"^/{name}$")).click()

    async def channel(self, name: str) -> None:
        await self.page.locator("#channels").get_by_role("button", name=name, exact=True).click()

    async def be(self, name: str) -> None:
        """Become another user."""
        await self.page.locator("#me").click()
        await self.page.get_by_role("menuitemradio", name=re.compile(f"^.?{name}")).click()

    async def menu(self, message: Locator, entry: str) -> None:
        """Choose from the menu of a message."""
        await message.hover()
        await message.get_by_role("button", name="More").click()
        await self.page.get_by_role("menuitem", name=entry).click()

    async def shoot(self, name: str) -> None:
        """Renew a picture of the documentation, when asked to."""
        if os.environ.get("UPDATE_SCREENSHOTS") != "1":
            return
        await self.page.mouse.move(0, 0)
        SHOTS.mkdir(parents=True, exist_ok=True)
        data = await self.page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")
        assert len(data) < LARGEST_SHOT, f"{name}.png has {len(data)} bytes"


async def open_screen(context: BrowserContext, local: Local, user: str, place: str, guild: str) -> Screen:
    """Open the page as a user in a channel, and note every error of the console."""
    page = await context.new_page()
    page.set_default_timeout(TIMEOUT)
    screen = Screen(page, local)
    page.on("console", lambda line: screen.errors.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: screen.errors.append(str(error)))
    home = "@me" if guild == "@me" else local.guild(guild).id
    where = "" if guild == "@me" else local.channel(place)
    await page.goto(f"{local.base}/#user={local.user(user)}&guild={home}&channel={where}")
    await page.locator("body[data-ready]").wait_for()
    return screen
