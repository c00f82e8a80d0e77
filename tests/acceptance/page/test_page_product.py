"""The product's own bot, driven through the page by an admin in his first minute."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import closing
from types import SimpleNamespace

import psycopg2
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.acceptance.page.conftest import WINDOW, chromium
from tests.acceptance.page.screen import Screen, open_screen
from tests.factories import folders
from tests.factories.system import System, running

# Others of this module's tests write too, and something of it may be near to any question.
ANSWERED = re.compile("Found messages|I found nothing")

pytestmark = [pytest.mark.page, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


class Remote:
    """The names of a sandbox that runs as a process of its own."""

    def __init__(self, system: System) -> None:
        self.base = system.sandbox_url
        self.state = system.call("GET", "/sandbox/state")

    def guild(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(**next(row for row in self.state["guilds"] if row["name"] == name))

    def channel(self, name: str) -> str:
        return next(place["id"] for row in self.state["guilds"] for place in row["channels"] if place["name"] == name)

    def user(self, name: str) -> str:
        return next(row["id"] for row in self.state["users"] if row["username"] == name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product() -> AsyncIterator[System]:
    """The sandbox, the bot and the workers for commands and posts, as `make run` starts them."""
    chromium()
    with folders.for_servers() as folder:
        system = running(folder, "sandbox", "bot", "worker", "worker-maintenance")
        yield await asyncio.to_thread(system.__enter__)
        await asyncio.to_thread(system.__exit__, None, None, None)


@pytest_asyncio.fixture(loop_scope="module")
async def hall(browser, product) -> AsyncIterator[Screen]:
    """The page as the owner of the hall sees it."""
    context = await browser.new_context(viewport={**WINDOW, "height": 820}, locale="en-GB", color_scheme="dark")
    screen = await open_screen(context, Remote(product), "hrothgar", "general", "Mead Hall")
    yield screen
    await context.close()
    assert not screen.errors


async def test_the_setup_panel_is_filled_in_with_menus_and_a_modal(hall):
    await hall.command("setup")
    panel = hall.page.locator(".message.ephemeral").filter(has_text="/setup")
    await expect(panel.locator(".heading")).to_be_visible()
    await expect(panel.locator(".select")).not_to_have_count(0)
    await hall.shoot("settings")
    await panel.locator(".select").filter(has_text="Channel").click()
    await hall.page.get_by_role("listbox").get_by_role("option", name="announcements").click()
    await expect(panel.locator(".text .mention")).to_have_text("#announcements")
    await panel.get_by_role("button", name="Prefix").click()
    dialog = hall.page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill("?")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog).to_have_count(0)
    await expect(panel.locator(".text code", has_text=re.compile(r"^\?$"))).to_be_visible()
    await hall.write("?ping")
    await expect(hall.message("Database:").locator(".quote")).to_contain_text("?ping")


async def test_a_setting_is_completed_by_the_bot_and_changed(hall):
    await hall.command("settings set")
    form = hall.page.get_by_role("form", name="/settings set")
    await form.get_by_label("key").press_sequentially("conte")
    await hall.picker.get_by_role("option", name=re.compile("^content")).click()
    await form.get_by_role("button", name="+ value").click()
    await form.get_by_label("value").press_sequentially("cou")
    await hall.picker.get_by_role("option", name=re.compile("^counts")).first.click()
    await form.get_by_role("button", name="Run the command").click()
    await expect(hall.last.locator(".text")).to_contain_text("counts")
    await hall.command("settings show")
    await expect(hall.last.locator(".text")).to_contain_text(re.compile("content.*counts", re.DOTALL))


async def test_a_level_is_shown_on_a_card(hall, product):
    statement = "INSERT INTO member_levels (guild_id, user_id, xp, level) VALUES (%s, %s, 1210, 5)"
    with closing(psycopg2.connect(product.environment["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        # Somebody who has said nothing, and so has earned nothing.
        cursor.execute(statement, (hall.local.guild("Mead Hall").id, hall.local.user("wealhtheow")))
        connection.commit()
    await hall.be("Wealhtheow")
    await hall.command("level")
    await hall.page.get_by_role("form", name="/level").get_by_role("button", name="Run the command").click()
    await expect(hall.last).to_contain_text("Level 5, rank 1, 210 of 500 XP")
    picture = hall.last.locator("img").last
    await expect(picture).to_have_attribute("alt", "Wealhtheow: Level 5, rank 1, 210 of 500 XP")
    await expect(picture).to_be_visible()
    await hall.page.wait_for_function("i => i.complete && i.naturalWidth > 900", arg=await picture.element_handle())
    await hall.shoot("level")


async def test_a_leaderboard_is_a_picture_whose_pages_are_turned_by_buttons(hall, product):
    guild = hall.local.guild("Mead Hall").id
    with closing(psycopg2.connect(product.environment["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        # Nobody of them plays here, so nothing else changes what they have.
        cursor.execute(
            "INSERT INTO coin_accounts (guild_id, kind, owner_id, balance)"
            " SELECT %s, 'member', 5000 + n, 10000 - 500 * n FROM generate_series(0, 11) n",
            (guild,),
        )
        connection.commit()
    await hall.be("Wealhtheow")
    await hall.command("leaderboard")
    await hall.page.get_by_role("form", name="/leaderboard").get_by_role("button", name="Run the command").click()
    shown = hall.message("page 1").last
    picture = shown.locator("img.embed-image")
    loaded = "i => i.complete && i.naturalWidth > 900"
    await hall.page.wait_for_function(loaded, arg=await picture.element_handle())
    await expect(picture).to_have_attribute("alt", re.compile("^Coins: 1. 5000, 10000 coins; 2. "))
    first = await picture.get_attribute("src")
    await shown.get_by_role("button", name="▶").click()
    shown = hall.message("page 2").last
    await expect(shown).to_contain_text("11.")
    await expect(shown.locator("img.embed-image")).not_to_have_attribute("src", first)
    await hall.page.wait_for_function(loaded, arg=await shown.locator("img.embed-image").element_handle())


async def use(hall, product, user: str, name: str, **options) -> None:
    """Somebody else uses a command, without a page."""
    body = {"type": "command", "user": hall.local.user(user), "channel": hall.local.channel("general"), "name": name}
    begun = await asyncio.to_thread(product.call, "POST", "/sandbox/interactions", {**body, "options": options})

    def is_done() -> bool:
        found = product.call("GET", f"/sandbox/interactions/{begun['id']}")
        assert "⚠️" not in str(found["messages"]), found
        return found["state"] == "answered" and "✅" in str(found["messages"])

    await asyncio.to_thread(product.until, is_done, f"/{name} is done")


async def press(hall, product, user: str, label: str) -> None:
    """Somebody else clicks the newest button of that label, without a page."""
    channel = hall.local.channel("general")
    found = await asyncio.to_thread(product.call, "GET", f"/sandbox/channels/{channel}/messages")
    custom_id, message = next(
        (button["custom_id"], message["id"])
        for message in found
        for row in message.get("components", ())
        for button in row["components"]
        if button["label"].endswith(label)
    )
    body = {"type": "button", "user": hall.local.user(user), "channel": channel, "custom_id": custom_id}
    await asyncio.to_thread(product.call, "POST", "/sandbox/interactions", {**body, "message": message})


async def test_treasures_games_and_giveaways_are_used_by_the_buttons_of_the_page(hall, product):
    me = hall.local.user("wealhtheow")
    await hall.be("Wealhtheow")
    await use(hall, product, "hrothgar", "inventory give", member=me, item="jackpot", quantity=1)
    await hall.command("bag")
    await hall.draft.press("Enter")
    await hall.last.get_by_role("button", name="Open a treasure").click()
    await expect(hall.last).to_contain_text("in the treasure!")
    await expect(hall.last.get_by_role("button", name="Open a treasure")).to_be_disabled()

    await use(hall, product, "wiglaf", "rps", member=me, bet=10)
    game = hall.message("challenges").last
    await game.get_by_role("button", name="Withdraw").click()
    await expect(hall.last).to_contain_text("These buttons belong to somebody else.")
    await game.get_by_role("button", name="Accept").click()
    await hall.page.get_by_role("button", name="Rock").last.click()
    await expect(hall.last).to_contain_text("Rock")
    await press(hall, product, "wiglaf", "Paper")
    await expect(hall.message("Paper").last).to_contain_text("coins")
    await expect(hall.page.get_by_role("button", name="Rock")).to_have_count(0)

    await use(hall, product, "hrothgar", "giveaway create", duration="1h", winners=1, prize="40 coins", title="Mead")
    await hall.page.get_by_role("button", name=re.compile("^Join")).last.click()
    await expect(hall.last).to_contain_text("You take part. Good luck!")
    await hall.last.get_by_role("button", name="Leave").click()
    await expect(hall.last).to_contain_text("You take part no longer.")


async def test_a_member_is_offered_only_what_he_may_use(hall):
    await hall.be("Wiglaf")
    await hall.draft.fill("/set")
    await expect(hall.picker).to_contain_text("No command of that name")
    await hall.draft.fill("/ping")
    await hall.draft.press("Enter")
    await expect(hall.last).to_contain_text("Gateway:")


async def become(hall, name: str) -> None:
    """Become another user, and wait until the page shows the channel anew: what stands in its form goes with that."""
    async with hall.page.expect_request(re.compile(r"/sandbox/channels/\d+/messages")):
        await hall.be(name)


async def test_what_was_written_is_found_by_the_form_with_its_filters(hall, product):
    await asyncio.to_thread(product.start, "worker-ai")
    # Another test has the text of messages kept no longer.
    await use(hall, product, "hrothgar", "settings set", key="content", value="store")
    await hall.write("The dragon sleeps below the old mill")
    vectors = "SELECT count(*) FROM message_vectors v JOIN messages m ON m.id = v.message_id WHERE m.content LIKE %s"
    await asyncio.to_thread(product.until, lambda: product.value(vectors, "The dragon%") == 1, "it has its vector")
    form = hall.page.get_by_role("form", name="/search")

    async def search(when: str, author: str) -> None:
        await hall.command("search")
        await form.get_by_label("for").fill("feline or reptile, where does the beast rest?")
        await form.get_by_role("button", name="+ author").click()
        await hall.picker.get_by_role("option", name=author).click()
        await form.get_by_role("button", name="+ when").click()
        await form.get_by_label("when").fill(when)
        await form.get_by_role("button", name="+ file").click()
        await hall.picker.get_by_role("option", name="False").click()
        await form.get_by_role("button", name="Run the command").click()

    await search("today", "Hrothgar")
    await expect(hall.last).to_contain_text("The dragon sleeps below the old mill")
    await search("today", "Wealhtheow")
    await expect(hall.last).to_contain_text("I found nothing with these filters")
    await search("some day", "Hrothgar")
    await expect(hall.last).to_contain_text("3 May 2023")
    await hall.menu(hall.message("The dragon sleeps below the old mill").first, "Edit message")
    editor = hall.page.get_by_label("Edit message")
    await editor.fill("The cellar holds salted herring")
    await editor.press("Enter")
    changed = "SELECT count(*) FROM messages WHERE content LIKE %s"
    await asyncio.to_thread(product.until, lambda: product.value(changed, "The cellar%") == 1, "it is changed")
    # Somebody else, since nobody may search more than five times in ten seconds.
    await become(hall, "Wiglaf")
    await search("today", "Hrothgar")
    await expect(hall.last).to_contain_text(ANSWERED)
    await expect(hall.last).not_to_contain_text("The dragon")
    await become(hall, "Hrothgar")
    gone = "SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL"
    before = product.value(gone)
    await hall.menu(hall.message("The cellar holds salted herring").first, "Delete message")
    await asyncio.to_thread(product.until, lambda: product.value(gone) == before + 1, "it is deleted")
    await search("today", "Hrothgar")
    await expect(hall.last).to_contain_text(ANSWERED)
    await expect(hall.last).not_to_contain_text("The cellar")


async def test_what_the_staff_say_is_found_by_nobody_else(hall, product):
    await hall.channel("staff")
    await hall.write("The treasure is hidden in the bell tower")
    vectors = "SELECT count(*) FROM message_vectors v JOIN messages m ON m.id = v.message_id WHERE m.content LIKE %s"
    await asyncio.to_thread(product.until, lambda: product.value(vectors, "The treasure%") == 1, "it has its vector")
    await hall.channel("general")
    form = hall.page.get_by_role("form", name="/search")
    for name, answer in (("Wiglaf", ANSWERED), ("Hrothgar", "bell tower"), ("Wiglaf", ANSWERED)):
        await become(hall, name)
        await hall.command("search")
        await form.get_by_label("for").fill("treasure")
        await form.get_by_role("button", name="Run the command").click()
        shown = hall.page.locator(".message.ephemeral").last
        await expect(shown).to_contain_text(answer)
        await expect(hall.message("bell tower")).to_have_count(1 if name == "Hrothgar" else 0)
