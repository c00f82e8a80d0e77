"""Buttons, select menus and modals on the page."""

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="module")]


async def test_a_button_changes_its_message_and_a_link_button_leads_elsewhere(visit, bot):
    screen = await visit()
    await screen.command("panel")
    panel = screen.message("What shall it be?")
    web = panel.get_by_role("link", name="Web")
    await expect(web).to_have_attribute("href", "https://example.org/")
    await expect(web).to_have_attribute("rel", "noopener noreferrer")
    await panel.get_by_role("button", name="Press").click()
    pressed = screen.message("Somebody pressed.")
    await expect(pressed.get_by_role("button", name="Pressed")).to_be_disabled()


async def test_a_button_that_nobody_answers_says_so_under_it(visit, bot, local):
    screen = await visit()
    await screen.command("panel")
    await expect(screen.message("What shall it be?")).to_be_visible()
    local.box.tuning.interaction_deadline = 0.2
    await screen.last.get_by_role("button", name="Ignore").click()
    await expect(screen.last.get_by_role("alert")).to_have_text("This interaction failed")
    await expect(screen.last.get_by_role("button", name="Press")).to_be_enabled()


async def test_select_menus_take_one_or_several_by_keyboard_and_mouse(visit, bot):
    screen = await visit()
    await screen.command("panel")
    panel = screen.message("What shall it be?")
    await panel.get_by_role("button", name="What will you drink?").press("Enter")
    options = screen.page.get_by_role("listbox").get_by_role("option")
    await expect(options.first).to_be_focused()
    await screen.page.keyboard.press("Enter")
    await screen.page.keyboard.press("ArrowDown")
    await screen.page.keyboard.press("ArrowDown")
    await screen.page.keyboard.press("Space")
    await expect(screen.page.get_by_role("option", selected=True)).to_contain_text(["Mead", "Milk"])
    await screen.page.get_by_role("button", name="Done").click()
    await expect(screen.message("You drink mead and milk")).to_have_class("message ephemeral")
    await panel.get_by_role("button", name="Whom do you toast?").click()
    await screen.page.get_by_role("option", name="Hrothgar").click()
    await expect(screen.message("A toast to @Hrothgar!")).to_be_visible()


async def test_a_modal_is_checked_filled_in_and_sent(visit, bot):
    screen = await visit()
    await screen.command("panel")
    await screen.last.get_by_role("button", name="Tell").click()
    dialog = screen.page.get_by_role("dialog", name="Tell us more")
    await expect(dialog.get_by_label("Subject")).to_be_focused()
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog).to_contain_text("This field is required.")
    await dialog.get_by_label("Subject").fill("The roof")
    await dialog.get_by_label("What happened?").fill("It leaks above the high seat.")
    await screen.shoot("modal")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(screen.message("Thanks for The roof: It leaks above the high seat.")).to_be_visible()
    await expect(dialog).to_have_count(0)


async def test_escape_closes_a_modal(visit, bot):
    screen = await visit()
    await screen.command("panel")
    await screen.last.get_by_role("button", name="Tell").click()
    dialog = screen.page.get_by_role("dialog", name="Tell us more")
    await expect(dialog).to_be_visible()
    await screen.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
