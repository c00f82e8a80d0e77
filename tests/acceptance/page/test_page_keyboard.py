"""Everything can be reached without a mouse, and says what it is."""

import shutil

import pytest
from playwright.async_api import expect

from tests.acceptance.page.conftest import chromium

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="module")]

NAMELESS = """() => {
    const isShown = (node) => node.checkVisibility();
    const nameOf = (node) => node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent.trim() || node.alt;
    const controls = document.querySelectorAll("button, a, input, textarea, img, [role=option], [role=menuitem], dialog");
    return [...controls].filter((node) => isShown(node) && !nameOf(node)).map((node) => node.outerHTML);
}"""


async def test_the_first_key_leads_to_the_message_field(visit):
    screen = await visit()
    await screen.page.keyboard.press("Tab")
    skip = screen.page.get_by_role("button", name="Skip to the message field")
    await expect(skip).to_be_focused()
    await screen.page.keyboard.press("Enter")
    await expect(screen.draft).to_be_focused()


async def test_arrows_walk_through_messages_and_their_actions_follow(visit, local):
    for text in ("first", "second"):
        await local.say(text, author="wiglaf")
    screen = await visit()
    await screen.page.get_by_role("log").focus()
    await screen.page.keyboard.press("ArrowUp")
    await expect(screen.message("second")).to_be_focused()
    await screen.page.keyboard.press("ArrowUp")
    await expect(screen.message("first")).to_be_focused()
    await expect(screen.message("first").locator(".actions")).to_have_css("opacity", "1")
    await screen.message("first").get_by_role("button", name="Reply").press("Enter")
    await expect(screen.draft).to_be_focused()
    await screen.page.keyboard.press("Escape")
    await expect(screen.page.locator("#replying")).to_be_hidden()


async def test_a_menu_is_walked_by_arrows_and_letters_and_gives_the_focus_back(visit, local):
    await local.say("words", author="wiglaf")
    screen = await visit()
    more = screen.last.get_by_role("button", name="More")
    await more.focus()
    await screen.page.keyboard.press("Enter")
    entries = screen.page.get_by_role("menuitem")
    await expect(entries.first).to_be_focused()
    await screen.page.keyboard.press("ArrowUp")
    await expect(entries.last).to_be_focused()
    await screen.page.keyboard.press("r")
    await expect(screen.page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await screen.page.keyboard.press("Escape")
    await expect(screen.page.get_by_role("menu")).to_have_count(0)
    await expect(more).to_be_focused()


async def test_the_emoji_picker_is_walked_by_arrows(visit):
    screen = await visit()
    await screen.page.get_by_role("button", name="Emoji", exact=True).press("Enter")
    await screen.page.keyboard.press("ArrowDown")
    await screen.page.keyboard.press("ArrowRight")
    await expect(screen.page.get_by_role("button", name="thumbs down")).to_be_focused()
    await screen.page.keyboard.press("ArrowDown")
    await screen.page.keyboard.press("Enter")
    await expect(screen.draft).to_have_value("😍")


async def test_a_pressed_button_keeps_the_focus_when_its_message_changes(visit, bot, local):
    sent = await local.say("hold", author="wiglaf")
    where = {"channel": str(local.channel()), "message": sent["id"], "user": str(local.user("wiglaf"))}
    await local.post("reactions", {**where, "emoji": "🔥", "action": "add"})
    screen = await visit()
    chip = screen.last.get_by_role("button", name="🔥")
    await chip.press("Enter")
    await expect(chip.locator(".count")).to_have_text("2")
    await expect(chip).to_be_focused()


async def test_every_control_has_a_name(visit, bot, local):
    screen = await visit()
    await screen.command("panel")
    await expect(screen.message("What shall it be?")).to_be_visible()
    assert await screen.page.evaluate(NAMELESS) == []
    await screen.page.get_by_role("button", name="Developer").click()
    await screen.page.locator("#me").click()
    assert await screen.page.evaluate(NAMELESS) == []


async def test_without_chromium_the_tests_skip_but_never_in_ci(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="Chromium is not installed"):
        chromium()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Chromium is not installed"):
        chromium()
