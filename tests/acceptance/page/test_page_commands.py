"""Slash commands, context menus and their answers on the page."""

import asyncio

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="module")]


async def test_typing_a_slash_lists_commands_and_the_keyboard_runs_one(visit, bot):
    screen = await visit()
    await screen.draft.press_sequentially("/")
    await expect(screen.picker.get_by_role("option").first).to_contain_text("/card")
    await expect(screen.picker).to_contain_text("Show a card with everything on it")
    await screen.shoot("commands")
    await screen.draft.press_sequentially("secr")
    await expect(screen.picker.get_by_role("option")).to_have_count(1)
    await screen.draft.press("Enter")
    answer = screen.message("Between you and me.")
    await expect(answer).to_have_class("message ephemeral")
    await expect(answer.locator("em")).to_have_text("you")
    await expect(answer).to_contain_text("Only you can see this")
    await expect(answer.locator(".used")).to_contain_text("Beowulf used /secret")


async def test_an_ephemeral_answer_is_seen_by_its_reader_alone_and_dismissed(visit, bot):
    screen, other = await visit("beowulf"), await visit("wiglaf")
    await screen.command("secret")
    await expect(screen.message("Between you and me.")).to_be_visible()
    await screen.write("done")
    await expect(other.message("done")).to_be_visible()
    await expect(other.message("Between you and me.")).to_have_count(0)
    await screen.page.get_by_role("button", name="Dismiss message").click()
    await expect(screen.message("Between you and me.")).to_have_count(0)


async def test_options_are_chosen_checked_and_sent_with_their_types(visit, bot, local):
    screen = await visit()
    await screen.command("greet")
    form = screen.page.get_by_role("form", name="/greet")
    await form.get_by_role("button", name="Run the command").click()
    await expect(form.get_by_role("alert").first).to_have_text("This option is required.")
    await form.get_by_label("person").press_sequentially("wigl")
    await screen.picker.get_by_role("option", name="Wiglaf").click()
    await form.get_by_role("button", name="+ times").click()
    await form.get_by_label("times").fill("9")
    await form.get_by_label("times").press("Enter")
    await expect(form).to_contain_text("At most 3.")
    await form.get_by_label("times").fill("2")
    await form.get_by_role("button", name="+ loudly").click()
    await screen.picker.get_by_role("option", name="True").click()
    await form.get_by_role("button", name="Run the command").click()
    answer = screen.message("HAIL")
    await expect(answer.locator(".text .mention")).to_have_text(["@Wiglaf", "@Wiglaf"])
    await expect(screen.draft).to_be_focused()


async def test_autocomplete_asks_the_bot_and_choices_carry_their_values(visit, bot):
    screen = await visit()
    await screen.command("travel")
    form = screen.page.get_by_role("form", name="/travel")
    await form.get_by_label("town").press_sequentially("L")
    await expect(screen.picker.get_by_role("option")).to_have_text(["Leire", "Lejre", "Lund"])
    await screen.page.keyboard.press("ArrowDown")
    await screen.page.keyboard.press("Enter")
    await expect(form.get_by_label("town")).to_have_value("Lejre")
    await form.get_by_label("by").click()
    await expect(screen.picker.get_by_role("option")).to_have_text(["Ship", "Horse"])
    await screen.page.keyboard.press("ArrowUp")
    await screen.page.keyboard.press("Enter")
    await form.get_by_role("button", name="+ to").click()
    await screen.picker.get_by_role("option", name="tavern").click()
    await form.get_by_role("button", name="+ role").click()
    await screen.picker.get_by_role("option", name="Moderator").click()
    await screen.shoot("command-options")
    await form.get_by_role("button", name="Run the command").click()
    await expect(screen.last.locator(".text")).to_have_text("To Lejre by Horse (h) and tell #tavern with Moderator")


async def test_enter_waits_for_the_list_of_commands(visit, bot, local):
    screen = await visit()
    may_answer = asyncio.Event()

    async def slowly(route):
        await may_answer.wait()
        await route.continue_()

    await screen.page.route("**/sandbox/commands*", slowly)
    async with screen.page.expect_request("**/sandbox/commands*"):
        await screen.draft.press_sequentially("/secret")
    await screen.draft.press("Enter")
    may_answer.set()
    await expect(screen.message("Between you and me.")).to_have_class("message ephemeral")
    assert await local.get(f"channels/{local.channel()}/messages") == []


async def test_a_command_takes_a_file(visit, bot):
    screen = await visit()
    await screen.command("weigh")
    form = screen.page.get_by_role("form", name="/weigh")
    await form.get_by_role("button", name="Run the command").click()
    await expect(form).to_contain_text("Choose a file.")
    await form.get_by_label("file").set_input_files(
        {"name": "sword.bin", "mimeType": "application/octet-stream", "buffer": bytes(range(256))}
    )
    await form.get_by_role("button", name="Run the command").click()
    await expect(screen.message("sword.bin weighs 256 bytes")).to_be_visible()


async def test_subcommands_are_entries_of_their_own(visit, bot):
    screen = await visit()
    await screen.draft.fill("/settings")
    await expect(screen.picker.get_by_role("option")).to_contain_text(["/settings set", "/settings show"])
    await screen.draft.press("Enter")
    form = screen.page.get_by_role("form", name="/settings set")
    await form.get_by_label("key").fill("hall")
    await form.get_by_label("value").fill("high")
    await form.get_by_label("value").press("Enter")
    await expect(screen.message("hall is now high")).to_be_visible()


async def test_escape_leaves_a_command_without_running_it(visit, bot):
    screen = await visit()
    await screen.command("greet")
    form = screen.page.get_by_role("form", name="/greet")
    await expect(screen.picker).to_be_visible()
    await screen.page.keyboard.press("Escape")
    await expect(screen.picker).to_have_count(0)
    await expect(form).to_be_visible()
    await screen.page.keyboard.press("Escape")
    await expect(form).to_have_count(0)
    await expect(screen.draft).to_be_focused()


async def test_a_deferred_answer_thinks_first(visit, bot):
    screen = await visit()
    await screen.command("slow")
    await expect(screen.last.locator(".thinking")).to_have_text("Heorot is thinking…")
    bot.carry_on.set()
    await expect(screen.last.locator(".text")).to_have_text("Now I know: 42.")
    await expect(screen.page.locator(".thinking")).to_have_count(0)


async def test_a_command_that_nobody_answers_says_so(visit, bot, local):
    local.box.tuning.interaction_deadline = 0.2
    screen = await visit()
    await screen.command("silent")
    await expect(screen.page.get_by_role("alert")).to_contain_text("/silent: the application did not respond")


async def test_commands_speak_the_language_of_the_user_and_respect_permissions(visit, bot):
    screen = await visit("margaux")
    await screen.draft.fill("/sal")
    await expect(screen.picker.get_by_role("option")).to_have_text(["/saluerSaluer quelqu'un"])
    await screen.draft.press("Enter")
    form = screen.page.get_by_role("form", name="/saluer")
    await form.get_by_label("personne").press_sequentially("Beo")
    await screen.picker.get_by_role("option", name="Beowulf").click()
    await form.get_by_role("button", name="Run the command").click()
    await expect(screen.message("Hail, @Beowulf!")).to_be_visible()
    await screen.draft.fill("/hush")
    await expect(screen.picker).to_contain_text("No command of that name")
    await screen.draft.fill("")
    await screen.be("Wealhtheow")
    await screen.command("hush")
    await expect(screen.message("Hush.")).to_be_visible()


async def test_context_menus_of_messages_and_members_run_commands(visit, bot, local):
    await local.say("three little words", author="wiglaf")
    screen = await visit()
    await screen.message("three little words").locator(".text").click(button="right")
    await screen.page.get_by_role("menuitem", name="Count words").click()
    await expect(screen.message("3 words")).to_have_class("message ephemeral")
    await screen.page.locator("#members").get_by_role("button", name="Wiglaf").click()
    await screen.page.get_by_role("menuitem", name="Who is this").click()
    await expect(screen.message("Wiglaf is called wiglaf")).to_be_visible()


async def test_an_embed_shows_all_its_parts(visit, bot):
    screen = await visit()
    await screen.command("card")
    card = screen.last.locator(".embed")
    await expect(card.locator(".embed-title")).to_have_text("The hall of Heorot")
    await expect(card.locator(".embed-text strong")).to_have_text("high")
    await expect(card.locator(".field-name")).to_have_text(["Builder", "Seats", "Mead", "Rule"])
    await expect(card.locator(".embed-footer")).to_have_text("Built in the north")
    await expect(card.locator(".embed-image")).to_have_js_property("naturalWidth", 320)
    await expect(card.locator(".thumbnail")).to_have_js_property("naturalWidth", 320)
    await expect(screen.last.locator(".attached-image")).to_have_count(0)
    await expect(card).to_have_css("border-left-color", "rgb(217, 138, 58)")
