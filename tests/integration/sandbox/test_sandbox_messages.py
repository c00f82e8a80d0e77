"""Messages, their changes and reactions between the page's users and the real client."""

import io

import discord
import pytest


async def test_the_client_sees_both_guilds_with_their_channels_members_and_roles(local, connect):
    client = await connect()
    names = {g.name for g in client.guilds}
    assert names == {"Mead Hall", "L'Atelier"}
    hall = discord.utils.get(client.guilds, name="Mead Hall")
    assert hall.member_count == len(local.guild().members)
    assert {"general", "staff", "Hearth"} <= {c.name for c in hall.channels}
    assert hall.afk_channel.name == "Away"
    assert hall.preferred_locale is discord.Locale.american_english
    assert discord.utils.get(client.guilds, name="L'Atelier").preferred_locale is discord.Locale.french
    assert hall.get_member(local.user("hrothgar")).guild_permissions.administrator
    assert not hall.me.guild_permissions.administrator
    council = discord.utils.get(hall.channels, name="council")
    staff = discord.utils.get(hall.channels, name="staff")
    assert not council.permissions_for(hall.me).view_channel
    assert staff.permissions_for(hall.me).view_channel
    assert not staff.permissions_for(hall.get_member(local.user("beowulf"))).view_channel


async def test_a_users_message_reaches_the_client_and_the_answer_reaches_the_channel(local, connect):
    client = await connect()
    sent = await local.say("hwæt \U0001f409")
    message = await client.next("message")
    assert (str(message.id), message.content, message.author.name) == (sent["id"], "hwæt \U0001f409", "beowulf")
    reply = await message.reply("we listen", embed=discord.Embed(title="Song", description="of old"))
    assert reply.reference.message_id == message.id
    rows = await local.get(f"channels/{message.channel.id}/messages?limit=2")
    assert [r["content"] for r in rows] == ["we listen", "hwæt \U0001f409"]
    assert rows[0]["referenced_message"]["id"] == sent["id"]
    assert rows[0]["embeds"][0]["title"] == "Song"
    assert rows[0]["mentions"][0]["id"] == str(local.user())


async def test_edits_and_deletions_by_users_are_told(local, connect):
    client = await connect()
    first, second, third = [await local.say(t) for t in ("a", "b", "c")]
    channel = str(local.channel())
    await local.post("messages/edit", {"channel": channel, "message": first["id"], "content": "A"})
    payload = await client.next("raw_message_edit")
    assert payload.data["content"] == "A"
    assert payload.data["edited_timestamp"]
    await local.post("messages/delete", {"channel": channel, "messages": [first["id"]]})
    assert str((await client.next("raw_message_delete")).message_id) == first["id"]
    answer = await local.post("messages/delete", {"channel": channel, "messages": [second["id"], third["id"]]})
    assert answer["ids"] == [second["id"], third["id"]]
    assert (await client.next("raw_bulk_message_delete")).message_ids == {int(second["id"]), int(third["id"])}
    assert (await local.get(f"channels/{channel}/messages")) == []


async def test_the_bot_edits_and_deletes_and_purges(local, connect):
    client = await connect()
    channel = client.get_channel(local.channel())
    row = await channel.send("one")
    assert (await row.edit(content="two")).content == "two"
    await row.delete()
    with pytest.raises(discord.NotFound) as missing:
        await channel.fetch_message(row.id)
    assert missing.value.code == 10008
    for number in range(5):
        await local.say(str(number))
    assert len(await channel.purge(limit=10)) == 5


async def test_history_pages_in_both_directions(local, connect):
    client = await connect()
    body = {"channel": str(local.channel()), "author": str(local.user())}
    ids = (await local.post("messages", {"messages": [{**body, "content": str(n)} for n in range(250)]}))["ids"]
    channel = client.get_channel(local.channel())
    assert [str(m.id) async for m in channel.history(limit=None, oldest_first=True)] == ids
    newest = [str(m.id) async for m in channel.history(limit=120)]
    assert newest == ids[::-1][:120]
    middle = discord.Object(int(ids[100]))
    assert [m.content async for m in channel.history(limit=3, after=middle)] == ["101", "102", "103"]
    assert [m.content async for m in channel.history(limit=3, before=middle)] == ["99", "98", "97"]
    around = [m.content async for m in channel.history(limit=5, around=middle)]
    assert sorted(around) == ["100", "101", "102", "98", "99"]


async def test_reactions_of_users_and_of_the_bot(local, connect):
    client = await connect()
    sent = await local.say("react")
    message = await client.next("message")
    body = {"channel": str(local.channel()), "message": sent["id"], "user": str(local.user()), "emoji": "\U0001f44d"}
    await local.post("reactions", {**body, "action": "add"})
    added = await client.next("raw_reaction_add")
    assert (added.user_id, str(added.emoji), added.member.name) == (local.user(), "\U0001f44d", "beowulf")
    await message.add_reaction("\U0001f525")
    fetched = await message.channel.fetch_message(message.id)
    assert {(str(r.emoji), r.count, r.me) for r in fetched.reactions} == {
        ("\U0001f44d", 1, False),
        ("\U0001f525", 1, True),
    }
    assert [u.id async for u in fetched.reactions[0].users()] == [local.user()]
    await local.post("reactions", {**body, "action": "remove"})
    assert (await client.next("raw_reaction_remove")).user_id == local.user()
    await message.clear_reactions()
    assert (await client.next("raw_reaction_clear")).message_id == message.id


async def test_attachments_of_users_and_of_the_bot_are_served(local, connect):
    client = await connect()
    await local.say("", attachments=[{"filename": "song.txt", "text": "hwæt"}])
    message = await client.next("message")
    assert (await message.attachments[0].read()).decode() == "hwæt"
    assert message.attachments[0].content_type == "text/plain"
    own = await message.channel.send("here", file=discord.File(io.BytesIO(b"\x00\x01"), "raw.bin"))
    assert await own.attachments[0].read() == b"\x00\x01"
    changed = await own.edit(attachments=[])
    assert changed.attachments == []


async def test_an_enforced_nonce_returns_the_first_message(local, connect):
    client = await connect()
    channel = client.get_channel(local.channel())
    first = await channel.send("once", nonce=424242)
    second = await channel.send("once", nonce=424242)
    assert first.id == second.id
    assert len(await local.get(f"channels/{channel.id}/messages")) == 1


async def test_a_nonce_is_forgotten_after_its_time(local, connect):
    client = await connect()
    channel = client.get_channel(local.channel())
    local.box.tuning.nonce_window = -1
    first = await channel.send("once", nonce=1)
    assert (await channel.send("once", nonce=1)).id != first.id


async def test_only_who_may_calls_everyone(local, connect):
    client = await connect()
    await local.say("@everyone look")
    assert not (await client.next("message")).mention_everyone
    await local.say("@everyone look", author="hrothgar")
    assert (await client.next("message")).mention_everyone


async def test_pins(local, connect):
    client = await connect()
    channel = client.get_channel(local.channel())
    row = await channel.send("remember")
    await row.pin()
    assert [m.id async for m in channel.pins()] == [row.id]
    await row.unpin()
    assert [m.id async for m in channel.pins()] == []


async def test_direct_messages_go_both_ways(local, connect):
    client = await connect()
    place = await local.post("channels", {"type": "dm", "user": str(local.user())})
    await local.post("messages", {"channel": place["id"], "author": str(local.user()), "content": "psst"})
    message = await client.next("message")
    assert isinstance(message.channel, discord.DMChannel)
    assert message.guild is None
    user = await client.fetch_user(local.user())
    sent = await user.send("yes?")
    assert str(sent.channel.id) == place["id"]
    rows = await local.get(f"channels/{place['id']}/messages")
    assert [r["content"] for r in rows] == ["yes?", "psst"]
