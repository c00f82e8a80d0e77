"""Leaderboards as people see them."""

import asyncio
import io

from PIL import Image

from app.bot.checks import is_off
from app.community.leaderboards.card import WIDTH
from app.sandbox.constants import Permission
from app.sandbox.state.models import Overwrite
from app.upkeep.settings.service import tell
from tests.factories.coins import give
from tests.factories.hall import rows


async def drawn(hall, message):
    """The one picture of a message, which its embed shows."""
    (picture,) = message["attachments"]
    assert message["embeds"][0]["image"]["url"] == picture["url"]
    async with hall.local.http.get(picture["url"]) as response:
        opened = Image.open(io.BytesIO(await response.read()))
    assert (opened.format, opened.width) == ("PNG", WIDTH)
    return picture


async def test_a_board_with_pages_and_ones_own_place(hall, bot):
    guild = hall.local.guild().id
    mine = hall.local.user("wiglaf")
    for number in range(12):
        give(guild, 1000 + number, 1000 - number)
    give(guild, mine, 5)
    card = (await hall.use("leaderboard", user="wiglaf"))["messages"][0]
    assert card["embeds"][0]["description"].startswith("🥇 <@1000> · 1025 coins\n🥈 <@1001> · 1024 coins")
    assert card["embeds"][0]["footer"]["text"] == "You: #13 with 30 coins · page 1"
    picture = await drawn(hall, card)
    assert picture["description"].startswith("Coins: 1. 1000, 1025 coins; 2. 1001, 1024 coins")
    before, after = card["components"][0]["components"]
    assert before["disabled"]
    turned = await hall.click(after["custom_id"], card["id"])
    assert turned["state"] == "answered"
    channel = await hall.local.get(f"channels/{hall.local.channel()}/messages")
    shown = next(m for m in channel if m["id"] == card["id"])
    assert shown["embeds"][0]["description"].startswith("`11.` <@1010> · 1015 coins")
    assert (await drawn(hall, shown))["description"].startswith("Coins: 11. 1010, 1015 coins; 12. 1011, 1014 coins")


async def test_a_picture_calls_members_by_their_names(hall, bot):
    guild, mine = hall.local.guild().id, hall.local.user("wiglaf")
    give(guild, mine, 5)
    rows("INSERT INTO users (id, name, display_name) VALUES (%s, 'wiglaf', 'W') ON CONFLICT DO NOTHING", mine)
    rows("INSERT INTO members (guild_id, user_id, nick) VALUES (%s, %s, 'Son of Weohstan')", guild, mine)
    card = (await hall.use("leaderboard", user="wiglaf"))["messages"][0]
    assert (await drawn(hall, card))["description"] == "Coins: 1. Son of Weohstan, 30 coins"


async def test_the_french_name_and_bad_input(hall, bot):
    assert (await hall.use("classement", board="niveau"))["messages"][0]["embeds"][0]["title"] == "🏆 Levels"
    assert (await hall.text("leaderboard", board="beards")) == (
        "⚠️ “beards” is no leaderboard. Allowed: coins, level, voice, invites, games."
    )
    assert "Allowed: 1 to 100" in await hall.text("leaderboard", page=0)
    rows("""INSERT INTO guild_settings (guild_id, features) VALUES (%s, '{"economy": false}')""", hall.local.guild().id)
    await asyncio.to_thread(tell, "settings", hall.local.guild().id)
    await hall.until(lambda: is_off(bot, hall.local.guild().id, "economy"), "the bot knows the switch")
    assert "switched “economy” off" in await hall.text("leaderboard")


async def test_the_message_in_the_channel_follows(hall, workers, bot):
    from tasks.leaderboards import _refresh_all

    workers.start("outbound,maintenance,ingest")
    guild, channel = hall.local.guild().id, hall.local.channel()
    rows(
        "INSERT INTO guild_settings (guild_id, options) VALUES (%s, jsonb_build_object('leaderboard-channel', %s))",
        guild,
        channel,
    )
    give(guild, 1, 10)
    await asyncio.to_thread(_refresh_all)
    await hall.until(lambda: rows("SELECT 1 FROM outbound_posts WHERE message_id IS NOT NULL"), "it is posted")
    give(guild, 2, 90)
    assert await asyncio.to_thread(_refresh_all) == {"messages": 1}
    assert await asyncio.to_thread(_refresh_all) == {"messages": 0}
    found = await hall.local.get(f"channels/{channel}/messages")
    (message,) = [m for m in found if m["embeds"]]
    assert message["embeds"][0]["description"].startswith("🥇 <@2> · 115 coins 🆕")
    assert [picture["filename"] for picture in message["attachments"]] == ["coins.png", "level.png"]
    assert [embed["image"]["url"] for embed in message["embeds"]] == [one["url"] for one in message["attachments"]]
    assert message["attachments"][0]["description"] == "Coins: 1. 2, 115 coins; 2. 1, 35 coins"
    await hall.local.post("messages/delete", {"channel": str(channel), "messages": [message["id"]]})
    give(guild, 3, 500)
    await asyncio.to_thread(_refresh_all)
    await asyncio.to_thread(_refresh_all)
    await hall.until(
        lambda: len(rows("SELECT 1 FROM outbound_posts WHERE message_id IS NOT NULL")) == 2, "it is posted again"
    )


async def test_where_nothing_may_be_attached_the_message_has_the_text_alone(hall, workers, bot):
    from tasks.leaderboards import _refresh_all

    workers.start("outbound,ingest")
    guild, channel = hall.local.guild(), hall.local.channel()
    place = hall.local.box.world.channels[channel]
    place.overwrites[guild.id] = Overwrite(guild.id, 0, deny=Permission.ATTACH_FILES)
    rows(
        "INSERT INTO guild_settings (guild_id, options) VALUES (%s, jsonb_build_object('leaderboard-channel', %s))",
        guild.id,
        channel,
    )
    await asyncio.to_thread(_refresh_all)
    await hall.until(lambda: rows("SELECT 1 FROM outbound_posts WHERE message_id IS NOT NULL"), "it is posted")
    give(guild.id, 1, 10)
    assert await asyncio.to_thread(_refresh_all) == {"messages": 1}
    (message,) = [m for m in await hall.local.get(f"channels/{channel}/messages") if m["embeds"]]
    assert message["embeds"][0]["description"] == "🥇 <@1> · 35 coins 🆕"
    assert "image" not in message["embeds"][0]
    assert message["attachments"] == []
    card = (await hall.use("leaderboard"))["messages"][0]
    assert card["attachments"], "answers to commands may carry a file everywhere"
