"""Reading and writing on the page."""

import re

import pytest
from playwright.async_api import expect

from tests.acceptance.page.bot import picture

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="module")]


async def test_a_message_is_written_grouped_and_answered_by_the_bot(visit, bot):
    screen = await visit()
    await screen.write("Hello there")
    await screen.write("and again")
    await screen.write("!ping")
    reply = screen.message("Pong!")
    await expect(reply.locator(".author")).to_have_text("Heorot")
    await expect(reply.locator(".quote")).to_contain_text("!ping")
    await expect(screen.message("and again")).to_have_class("message grouped")
    await expect(screen.message("Hello there").locator(".author")).to_have_text("Beowulf")
    await expect(screen.draft).to_have_value("")


async def test_what_others_write_appears_at_once_and_only_where_they_wrote_it(visit, local):
    screen = await visit()
    await local.say("A song!", channel="tavern", author="wiglaf")
    tavern = screen.page.locator("#channels").get_by_role("button", name="tavern")
    await expect(tavern).to_have_class("channel unread")
    await local.say("Here", author="wiglaf")
    await expect(screen.message("Here").locator(".author")).to_have_text("Wiglaf")
    await expect(screen.message("A song!")).to_have_count(0)
    await tavern.click()
    await expect(screen.message("A song!")).to_be_visible()
    await expect(screen.page.locator("#channels").get_by_role("button", name="tavern", exact=True)).to_have_class(
        "channel"
    )


async def test_own_messages_are_edited_in_place_and_deleted(visit, local):
    screen = await visit()
    await screen.write("Frist")
    await expect(screen.message("Frist")).to_be_visible()
    await screen.draft.press("ArrowUp")
    editor = screen.page.get_by_label("Edit message")
    await expect(editor).to_be_focused()
    await editor.fill("nothing")
    await editor.press("Escape")
    await expect(screen.message("Frist")).to_be_visible()
    await screen.draft.press("ArrowUp")
    await editor.fill("First")
    await editor.press("Enter")
    await expect(screen.message("First").locator(".edited")).to_have_text("(edited)")
    await screen.menu(screen.message("First"), "Delete message")
    await expect(screen.page.locator(".message")).to_have_count(0)
    assert await local.get(f"channels/{local.channel()}/messages") == []


async def test_an_open_editor_survives_what_others_do_to_the_message(visit, local):
    screen = await visit()
    await screen.write("Draft")
    await expect(screen.message("Draft")).to_be_visible()
    await screen.draft.press("ArrowUp")
    editor = screen.page.get_by_label("Edit message")
    await editor.fill("Better")
    row = (await local.get(f"channels/{local.channel()}/messages"))[0]
    body = {"channel": str(local.channel()), "message": row["id"], "user": str(local.user("wiglaf")), "emoji": "🔥"}
    await local.post("reactions", {**body, "action": "add"})
    await local.say("later", author="wiglaf")
    await expect(screen.message("later")).to_be_visible()
    await expect(editor).to_have_value("Better")
    await editor.press("Enter")
    await expect(screen.message("Better").get_by_role("button", name="🔥")).to_be_visible()
    await expect(screen.draft).to_be_focused()


async def test_what_was_begun_in_a_channel_waits_there(visit):
    screen = await visit()
    await screen.draft.fill("Once upon a")
    await screen.channel("tavern")
    await expect(screen.draft).to_have_value("")
    await screen.channel("general")
    await expect(screen.draft).to_have_value("Once upon a")


async def test_a_flood_of_messages_leaves_the_newest_in_view(visit, local):
    screen = await visit()
    row = {"channel": str(local.channel()), "author": str(local.user("wiglaf"))}
    await local.post("messages", {"messages": [{**row, "content": f"wave {number}"} for number in range(1000)]})
    await expect(screen.message("wave 999")).to_be_in_viewport()
    await expect(screen.page.locator(".message")).to_have_count(400)


async def test_others_messages_offer_no_edit_and_only_moderators_may_delete_them(visit, local):
    await local.say("Mine", author="wiglaf")
    screen = await visit("beowulf")
    message = screen.message("Mine")
    await message.hover()
    await expect(message.get_by_role("button", name="Edit")).to_have_count(0)
    await message.get_by_role("button", name="More").click()
    await expect(screen.page.get_by_role("menuitem", name="Reply")).to_be_visible()
    await expect(screen.page.get_by_role("menuitem", name="Delete message")).to_have_count(0)
    await screen.page.keyboard.press("Escape")
    await expect(screen.page.get_by_role("menu")).to_have_count(0)
    await screen.be("Wealhtheow")
    await screen.menu(message, "Delete message")
    await expect(message).to_have_count(0)


async def test_a_reply_quotes_what_it_answers(visit, local):
    await local.say("Who goes there?", author="wiglaf")
    screen = await visit()
    question = screen.message("Who goes there?")
    await question.hover()
    await question.get_by_role("button", name="Reply").click()
    await expect(screen.page.locator("#replying")).to_contain_text("Wiglaf")
    await expect(screen.draft).to_be_focused()
    await screen.write("It is I")
    answer = screen.message("It is I")
    await expect(answer.locator(".quote strong")).to_have_text("Wiglaf")
    await expect(answer.locator(".quote")).to_contain_text("Who goes there?")
    await expect(screen.page.locator("#replying")).to_be_hidden()


async def test_reactions_are_added_toggled_and_counted(visit, local):
    sent = await local.say("Good news", author="wiglaf")
    where = {"channel": str(local.channel()), "message": sent["id"]}
    await local.post("reactions", {**where, "user": str(local.user("wiglaf")), "emoji": "🎉", "action": "add"})
    screen = await visit()
    chip = screen.last.get_by_role("button", name="🎉")
    await expect(chip).to_have_attribute("aria-pressed", "false")
    await chip.click()
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await expect(chip.locator(".count")).to_have_text("2")
    await screen.page.reload()
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await chip.click()
    await expect(chip.locator(".count")).to_have_text("1")
    await screen.last.hover()
    await screen.last.get_by_role("group", name="Message actions").get_by_role("button", name="Add a reaction").click()
    await screen.page.get_by_label("Find an emoji").fill("rock")
    await screen.page.keyboard.press("Enter")
    await expect(screen.last.get_by_role("button", name="🚀")).to_have_attribute("aria-pressed", "true")


async def test_files_are_attached_shown_and_served(visit, local):
    screen = await visit()
    files = [
        {"name": "sunset.png", "mimeType": "image/png", "buffer": picture()},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"twelve years"},
    ]
    await screen.page.locator("#file-input").set_input_files(files)
    await expect(screen.page.locator(".upload")).to_have_count(2)
    await screen.write("Look")
    image = screen.last.locator(".attached-image")
    await expect(image).to_have_js_property("naturalWidth", 320)
    link = screen.last.get_by_role("link", name="notes.txt")
    async with screen.local.http.get(await link.get_attribute("href")) as response:
        assert await response.text() == "twelve years"
    await expect(screen.page.locator(".upload")).to_have_count(0)


async def test_a_dropped_and_a_pasted_file_wait_to_be_sent(visit):
    screen = await visit()
    await screen.page.evaluate(
        """() => {
            const carried = (name) => {
                const data = new DataTransfer();
                data.items.add(new File(["x"], name, { type: "text/plain" }));
                return data;
            };
            const body = document.body;
            body.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: carried("dropped.txt") }));
            body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried("dropped.txt") }));
            document.querySelector("#draft").dispatchEvent(
                new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: carried("pasted.txt") }));
        }""",
    )
    await expect(screen.page.locator(".upload strong")).to_have_text(["dropped.txt", "pasted.txt"])
    await screen.page.get_by_role("button", name="Remove dropped.txt").click()
    await screen.page.get_by_role("button", name="Send").click()
    await expect(screen.last.locator(".attached-file strong")).to_have_text("pasted.txt")


async def test_typing_shows_until_the_message_comes(visit, local, bot):
    screen, other = await visit("beowulf"), await visit("wiglaf")
    line = screen.page.locator("#typing")
    await other.draft.press_sequentially("Well")
    await expect(line).to_have_text("Wiglaf is typing…")
    await other.draft.press("Enter")
    await expect(screen.message("Well")).to_be_visible()
    await expect(line).to_be_hidden()
    await screen.write("!type")
    await expect(line).to_have_text("Heorot is typing…")


async def test_mentions_are_completed_and_shown_as_names(visit, local):
    screen = await visit()
    await screen.draft.press_sequentially("Ask @wig")
    await expect(screen.picker.get_by_role("option")).to_have_count(1)
    await screen.draft.press("Tab")
    await expect(screen.draft).to_have_value("Ask @Wiglaf ")
    await screen.draft.press_sequentially("in #tav")
    await screen.draft.press("Enter")
    await screen.draft.press("Enter")
    await expect(screen.last.locator(".mention")).to_have_text(["@Wiglaf", "#tavern"])
    row = (await local.get(f"channels/{local.channel()}/messages"))[0]
    assert row["content"] == f"Ask <@{local.user('wiglaf')}> in <#{local.channel('tavern')}>"
    await screen.last.locator(".mention", has_text="tavern").click()
    await expect(screen.page.get_by_role("heading", name="tavern", exact=True)).to_be_visible()


async def test_a_mention_is_completed_for_those_who_type_faster_than_the_list_opens(visit):
    screen = await visit()
    await screen.draft.evaluate(
        """(draft) => {
            draft.focus();
            draft.value = "Off to #tav";
            draft.dispatchEvent(new Event("input", { bubbles: true }));
            draft.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
        }"""
    )
    await expect(screen.draft).to_have_value("Off to #tavern ")
    await expect(screen.page.locator(".message")).to_have_count(0)


async def test_the_menu_of_a_member_mentions_him(visit, local):
    screen = await visit()
    await screen.draft.fill("Ask")
    await screen.page.locator("#members").get_by_role("button", name="Wiglaf").click()
    await screen.page.get_by_role("menuitem", name="Mention").click()
    await expect(screen.draft).to_have_value("Ask @Wiglaf ")
    await screen.draft.press("Enter")
    await expect(screen.last.locator(".mention")).to_have_text("@Wiglaf")


async def test_a_refused_message_is_kept_and_the_reason_shown(visit, local):
    screen = await visit()
    await screen.page.route(
        "**/sandbox/messages", lambda route: route.fulfill(status=400, json={"error": "Too long a tale"})
    )
    await screen.write("A tale")
    await expect(screen.page.get_by_role("alert")).to_contain_text("Too long a tale")
    await expect(screen.draft).to_have_value("A tale")
    assert screen.errors.pop().startswith("Failed to load resource: the server responded with a status of 400")


async def test_older_messages_load_when_the_reader_scrolls_up(visit, local):
    for number in range(70):
        await local.say(f"line {number}", author="wiglaf")
    screen = await visit()
    await expect(screen.page.locator(".message")).to_have_count(50)
    await screen.page.locator("#scroller").evaluate("node => { node.scrollTop = 0; }")
    await expect(screen.page.locator(".message")).to_have_count(70)
    await local.say("the newest", author="wiglaf")
    below = screen.page.get_by_role("button", name="New messages below")
    await below.click()
    await expect(screen.message("the newest")).to_be_in_viewport()
    await expect(below).to_be_hidden()


async def test_the_page_speaks_of_its_beginning_when_nothing_was_written(visit):
    screen = await visit(place="tavern")
    await expect(screen.page.get_by_role("heading", name="Welcome to #tavern")).to_be_visible()
    await expect(screen.page.locator("#feed-start")).to_contain_text("Songs and games")


async def test_bulk_deletion_and_foreign_edits_follow_at_once(visit, local):
    rows = [await local.say(text, author="wiglaf") for text in ("one", "two", "three")]
    screen = await visit()
    await expect(screen.page.locator(".message")).to_have_count(3)
    place = str(local.channel())
    await local.post("messages/edit", {"channel": place, "message": rows[2]["id"], "content": "drei"})
    await expect(screen.message("drei").locator(".edited")).to_be_visible()
    await local.post("messages/delete", {"channel": place, "messages": [rows[0]["id"], rows[1]["id"]]})
    await expect(screen.page.locator(".message .text")).to_have_text([re.compile("^drei")])
    # The one that is left now stands under a head of its own.
    await expect(screen.last.locator(".author")).to_have_text("Wiglaf")
