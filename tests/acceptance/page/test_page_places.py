"""Servers, channels, people, voice, direct messages and bad days on the page."""

import asyncio

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="module")]


async def test_each_user_sees_his_own_channels(visit):
    screen = await visit("beowulf")
    channels = screen.page.locator("#channels")
    await expect(channels.get_by_role("button", name="tavern")).to_be_visible()
    await expect(channels.get_by_role("button", name="staff")).to_have_count(0)
    await screen.be("Hrothgar")
    await channels.get_by_role("button", name="staff").click()
    await expect(screen.page.get_by_role("heading", name="staff", exact=True)).to_be_visible()
    await screen.be("Beowulf")
    await expect(channels.get_by_role("button", name="staff")).to_have_count(0)
    await expect(screen.page.get_by_role("heading", name="general", exact=True)).to_be_visible()


async def test_a_post_shows_the_tags_that_its_forum_calls_so_now(visit, local):
    body = {"guild": str(local.guild().id), "name": "wishes", "type": "forum", "tags": ["bug", "idea"]}
    forum = await local.post("channels", body)
    body = {"type": "thread", "parent": forum["id"], "user": str(local.user()), "name": "It creaks", "tags": ["bug"]}
    await local.post("channels", body)
    screen = await visit(place="It creaks")
    tags = screen.page.locator("#place .tag")
    await expect(tags).to_have_text(["bug"])
    renamed = {**forum["available_tags"][0], "name": "fault"}
    await local.post("channels/tags", {"channel": forum["id"], "tags": [renamed]})
    await expect(tags).to_have_text(["fault"])


async def test_a_channel_where_one_may_not_write_says_so(visit):
    screen = await visit(place="announcements")
    await expect(screen.draft).to_be_disabled()
    await expect(screen.draft).to_have_attribute("placeholder", "You may not write here")


async def test_another_server_is_entered_and_the_way_back_remembered(visit):
    screen = await visit(place="tavern")
    await screen.page.get_by_role("button", name="L'Atelier").click()
    await expect(screen.page.get_by_role("heading", name="accueil", exact=True)).to_be_visible()
    await screen.page.get_by_role("button", name="Mead Hall").click()
    await expect(screen.page.get_by_role("heading", name="tavern", exact=True)).to_be_visible()
    await screen.page.reload()
    await expect(screen.page.get_by_role("heading", name="tavern", exact=True)).to_be_visible()


async def test_voice_is_joined_seen_by_others_and_left(visit, local):
    screen, other = await visit("beowulf"), await visit("wiglaf")
    await screen.channel("Hearth")
    await screen.page.get_by_role("button", name="Join voice").click()
    await expect(other.page.get_by_label("In Hearth")).to_have_text("BBeowulf")
    await expect(screen.page.locator("#voice-bar")).to_contain_text("Hearth / Mead Hall")
    await screen.page.locator("#header").get_by_role("button", name="Leave voice").click()
    await expect(other.page.get_by_label("In Hearth")).to_have_count(0)
    await expect(screen.page.locator("#voice-bar")).to_be_hidden()


async def test_members_stand_under_their_roles_and_come_and_go(visit, local, bot):
    screen = await visit("hrothgar")
    members = screen.page.locator("#members")
    await expect(members.get_by_role("heading")).to_have_text(["Admin — 1", "Moderator — 1", "Members — 3", "Bots — 2"])
    await members.get_by_role("button", name="Wiglaf").click()
    await screen.page.get_by_role("menuitem", name="Let Wiglaf leave").click()
    await expect(members.get_by_role("button", name="Wiglaf")).to_have_count(0)
    left = await bot.next("raw_member_remove")
    assert left.user.name == "wiglaf"
    await members.get_by_role("button", name="Let someone join").click()
    await screen.page.get_by_role("menuitem", name="Wiglaf").click()
    await expect(members.get_by_role("button", name="Wiglaf")).to_be_visible()
    assert (await bot.next("member_join")).name == "wiglaf"


async def test_someone_new_joins_and_someone_who_left_is_invited_back(visit, local):
    screen = await visit("wiglaf")
    await screen.page.locator("#me").click()
    await screen.page.get_by_role("menuitem", name="Someone new").click()
    dialog = screen.page.get_by_role("dialog", name="Someone new")
    await dialog.get_by_role("button", name="Welcome them").click()
    await expect(dialog.get_by_role("alert")).to_have_text("A name has 1 to 32 characters.")
    await dialog.get_by_label("Name").fill("Unferth")
    await dialog.get_by_role("button", name="Welcome them").click()
    await expect(screen.page.locator("#me")).to_contain_text("Unferth")
    await screen.write("I have a question")
    await expect(screen.last.locator(".author")).to_have_text("Unferth")
    me = {"guild": str(local.guild().id), "user": str(local.user("Unferth"))}
    await local.post("members", {**me, "action": "leave"})
    await screen.page.get_by_role("button", name="Join Mead Hall").click()
    await expect(screen.message("I have a question")).to_be_visible()


async def test_direct_messages_reach_the_bot_and_nobody_else(visit, bot, local):
    screen = await visit("beowulf")
    await screen.page.get_by_role("button", name="Direct messages").click()
    await expect(screen.page.get_by_role("heading", name="Heorot").first).to_be_visible()
    await screen.write("!ping")
    await expect(screen.message("Pong!")).to_be_visible()
    await screen.command("secret")
    await expect(screen.message("Between you and me.")).to_be_visible()
    other = await visit("wiglaf", guild="@me")
    await expect(other.page.get_by_role("heading", name="Heorot").first).to_be_visible()
    await expect(other.page.locator(".message")).to_have_count(0)


async def test_threads_and_new_channels_appear_as_they_are_made(visit, bot, local):
    screen = await visit()
    channel = await bot.fetch_channel(local.channel())
    opening = await channel.send("A thread starts here")
    await opening.create_thread(name="The long tale")
    await screen.page.locator("#channels").get_by_role("button", name="The long tale").click()
    await screen.write("Chapter one")
    await expect(screen.message("Chapter one")).to_be_visible()
    await local.post("channels", {"guild": str(local.guild().id), "name": "new-hall"})
    await expect(screen.page.locator("#channels").get_by_role("button", name="new-hall")).to_be_visible()


async def test_the_bots_connection_is_shown_and_faults_reach_it(visit, bot):
    screen = await visit()
    status = screen.page.locator("#bot-status")
    await expect(status).to_have_text("Heorot is connected")
    await screen.page.get_by_role("button", name="Developer").click()
    drawer = screen.page.get_by_role("complementary", name="Developer")
    await expect(drawer.locator("code").first).to_have_text(str(screen.local.guild().id))
    await screen.shoot("developer")
    await drawer.get_by_role("button", name="Drop the socket").click()
    await bot.next("resumed")
    await drawer.get_by_role("button", name="Rate limit").click()
    await expect(screen.page.get_by_role("status").filter(has_text="rate limit")).to_be_visible()
    assert (await screen.local.get("faults"))["faults"][0]["kind"] == "429"
    await drawer.get_by_role("button", name="Mend everything").click()
    await expect(screen.page.get_by_role("status").filter(has_text="All faults are over")).to_be_visible()
    assert (await screen.local.get("faults"))["faults"] == []
    await screen.page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()
    await bot.close()
    await expect(status).to_have_text("The bot is not connected")


async def test_a_lost_stream_comes_back_and_brings_what_was_missed(visit, local):
    screen = await visit()
    await screen.write("before")
    await expect(screen.message("before")).to_be_visible()
    await screen.page.context.set_offline(True)
    for say_goodbye in list(local.box.hub.farewells):
        say_goodbye()
    await expect(screen.page.locator("#offline")).to_be_visible()
    await local.say("meanwhile", author="wiglaf")
    await screen.page.context.set_offline(False)
    await expect(screen.message("meanwhile")).to_be_visible()
    await expect(screen.page.locator("#offline")).to_be_hidden()
    screen.errors[:] = [line for line in screen.errors if "ERR_INTERNET_DISCONNECTED" not in line]


async def test_a_page_that_is_closed_is_forgotten_without_a_word(visit, local, caplog):
    screen = await visit("beowulf")
    assert local.box.hub.watchers
    await screen.page.close()
    # The server learns of it when it writes to a socket that the browser has closed, which takes the browser a while.
    async with asyncio.timeout(15):
        while local.box.hub.watchers:
            await local.say("anyone there?", author="wiglaf")
    assert not local.box.hub.watchers
    assert not [record for record in caplog.records if record.name.startswith("aiohttp")]


async def test_a_narrow_window_keeps_everything_within_reach(visit, local):
    await local.say(
        "A message that is long enough to need more than one line on the small window of a phone.", author="wiglaf"
    )
    screen = await visit(viewport={"width": 390, "height": 780}, has_touch=True)
    await expect(screen.page.locator("#channels")).not_to_be_in_viewport()
    await screen.page.get_by_role("button", name="Servers and channels").click()
    await screen.channel("tavern")
    await expect(screen.page.get_by_role("heading", name="tavern", exact=True)).to_be_in_viewport()
    await expect(screen.page.locator("#channels")).not_to_be_in_viewport()
    await screen.page.get_by_role("button", name="Members").click()
    await expect(screen.page.get_by_role("button", name="Wealhtheow")).to_be_in_viewport()
    await screen.page.keyboard.press("Escape")
    await screen.page.get_by_role("button", name="Servers and channels").click()
    await screen.channel("general")
    await expect(screen.last).to_be_in_viewport()
    width = await screen.page.evaluate("document.documentElement.scrollWidth")
    assert width == 390
    await screen.shoot("phone")
