"""Guilds, channels, threads, members, roles, voice, invites and permissions with the real client."""

import datetime as dt

import discord
import pytest


@pytest.fixture
async def client(connect):
    return await connect()


@pytest.fixture
def hall(local, client):
    return client.get_guild(local.guild().id)


async def test_a_private_channel_is_closed_to_the_bot_too(local, client, hall):
    council = hall.get_channel(local.channel("council"))
    with pytest.raises(discord.Forbidden) as refused:
        await council.send("let me in")
    assert refused.value.code == 50001
    await local.say("unheard", channel="council", author="hrothgar")
    await local.say("heard")
    assert (await client.next("message")).content == "heard"


async def test_missing_permissions_and_unknown_things_have_discords_codes(local, client, hall):
    everyone = local.guild().roles[hall.id]
    bot_role = local.guild().roles[hall.id + 1]
    bot_role.permissions &= ~int(discord.Permissions(manage_messages=True).value)
    sent = await local.say("theirs")
    message = await client.next("message")
    with pytest.raises(discord.Forbidden) as refused:
        await message.delete()
    assert refused.value.code == 50013
    with pytest.raises(discord.Forbidden) as foreign:
        await client.http.edit_message(
            message.channel.id, message.id, params=discord.http.handle_message_parameters("x")
        )
    assert foreign.value.code == 50005
    everyone.permissions &= ~int(discord.Permissions(send_messages=True).value)
    bot_role.permissions &= ~int(discord.Permissions(send_messages=True).value)
    with pytest.raises(discord.Forbidden) as silent:
        await message.channel.send("hm")
    assert silent.value.code == 50013
    assert sent["id"] == str(message.id)
    with pytest.raises(discord.NotFound) as missing:
        await client.fetch_channel(1)
    assert missing.value.code == 10003


async def test_form_errors_are_nested_as_discord_nests_them(local, client):
    channel = client.get_channel(local.channel())
    with pytest.raises(discord.HTTPException) as long:
        await channel.send("x" * 2001)
    assert (long.value.status, long.value.code) == (400, 50035)
    assert "content: Must be 2000 or fewer in length." in str(long.value)
    with pytest.raises(discord.HTTPException) as empty:
        await channel.send("")
    assert empty.value.code == 50006
    with pytest.raises(discord.HTTPException) as embed:
        await channel.send(embed=discord.Embed(title="t" * 257))
    assert "embeds.0.title" in str(embed.value) or "In embeds.0.title" in str(embed.value)
    assert await local.get(f"channels/{channel.id}/messages") == []


async def test_threads_start_hold_messages_archive_and_wake(local, client, hall):
    general = hall.get_channel(local.channel())
    sent = await local.say("let us talk")
    message = await client.next("message")
    thread = await message.create_thread(name="talk")
    assert str(thread.id) == sent["id"]
    assert (await client.next("thread_create")).id == thread.id
    await thread.send("first")
    await local.post("messages", {"channel": str(thread.id), "author": str(local.user()), "content": "second"})
    assert [m.content async for m in thread.history(oldest_first=True)] == ["first", "second"]
    assert thread.id in {t.id for t in await hall.active_threads()}
    await thread.edit(archived=True)
    assert (await client.next("thread_update"))[1].archived
    assert [t.id async for t in general.archived_threads()] == [thread.id]
    await local.post("messages", {"channel": str(thread.id), "author": str(local.user()), "content": "wake"})
    woken = [(await client.next("raw_thread_update")).data["thread_metadata"]["archived"] for _ in range(2)]
    assert woken == [True, False]
    await thread.add_user(discord.Object(local.user("wiglaf")))
    assert local.user("wiglaf") in {m.id for m in await thread.fetch_members()}
    await thread.delete()
    assert (await client.next("thread_delete")).id == thread.id


async def test_private_threads_and_forum_posts(local, client, hall):
    general = hall.get_channel(local.channel())
    private = await general.create_thread(name="whisper", invitable=False)
    assert private.is_private()
    body = {"channel": str(private.id), "author": str(local.user()), "content": "may I?"}
    assert "Missing Access" in (await local.post("messages", body, 403))["error"]
    forum = hall.get_channel(local.channel("ideas"))
    post = await forum.create_thread(name="An idea", content="Build a hall")
    assert post.message.content == "Build a hall"
    assert post.thread.parent_id == forum.id


async def test_a_forum_offers_tags_and_its_posts_bear_them(local, client, hall):
    body = {"guild": str(hall.id), "name": "suggestions", "type": "forum", "tags": ["bug", "idea"]}
    forum_id = (await local.post("channels", body))["id"]
    forum = await client.next("guild_channel_create")
    assert [tag.name for tag in forum.available_tags] == ["bug", "idea"]
    body = {"type": "thread", "parent": forum_id, "user": str(local.user()), "name": "It creaks", "tags": ["bug"]}
    first = await local.post("channels", body)
    assert [tag.name for tag in (await client.next("thread_create")).applied_tags] == ["bug"]
    second = await forum.create_thread(name="More mead", content="please", applied_tags=[forum.available_tags[1]])
    assert [tag.name for tag in second.thread.applied_tags] == ["idea"]

    # A tag that is renamed keeps its id, one that is left out goes, one without an id is new.
    bug = str(forum.available_tags[0].id)
    changed = await local.post("channels/tags", {"channel": forum_id, "tags": [{"id": bug, "name": "fault"}, "wish"]})
    assert [tag["name"] for tag in changed["available_tags"]] == ["fault", "wish"]
    assert changed["available_tags"][0]["id"] == bug
    after = (await client.next("guild_channel_update"))[1]
    assert [tag.name for tag in after.available_tags] == ["fault", "wish"]
    await local.post("channels/tags", {"channel": first["id"], "tags": ["wish", "fault"]})
    assert [tag.name for tag in (await client.next("thread_update"))[1].applied_tags] == ["wish", "fault"]
    await after.edit(available_tags=[discord.ForumTag(name="only")])
    assert [tag["name"] for tag in local.box.world.channels[int(forum_id)].tags] == ["only"]


@pytest.mark.parametrize(
    ("place", "tags", "said"),
    [
        ("general", ["bug"], "only forum channels offer tags"),
        ("ideas", [f"t{n}" for n in range(21)], "at most 20 tags"),
        ("ideas", "bug", "a list of at most 20 tags"),
        ("ideas", None, "a list of at most 20 tags"),
        ("ideas", ["x" * 21], "a name of 1 to 20 characters"),
        ("ideas", [7], "a name of 1 to 20 characters"),
        ("ideas", ["bug", "bug"], "the names must differ"),
        ("ideas", [{"id": "7", "name": "bug"}], "'7' is no tag of this forum"),
        ("tales of the sea", ["bug"], "'bug' is no tag of tavern; there are: none"),
        ("tales of the sea", ["a"] * 6, "at most 5 tags"),
    ],
)
async def test_tags_that_cannot_be_are_refused_and_change_nothing(local, place, tags, said):
    before = [list(channel.tags) for channel in local.box.world.channels.values()]
    answer = await local.post("channels/tags", {"channel": str(local.channel(place)), "tags": tags}, 400)
    assert said in answer["error"]
    assert [list(channel.tags) for channel in local.box.world.channels.values()] == before
    wrong = {"applied_tags": tags} if place.startswith("tales") else {"available_tags": tags}
    if tags is not None:
        status, answer = await local.rest("PATCH", f"/channels/{local.channel(place)}", wrong)
        assert (status, answer["code"]) == (400, 50035)


async def test_members_join_through_an_invite_change_and_leave(local, client, hall):
    invite = await hall.get_channel(local.channel()).create_invite(max_uses=2)
    created = await client.next("invite_create")
    assert created.code == invite.code
    newcomer = await local.post("users", {"name": "freawaru"})
    body = {"guild": str(hall.id), "user": newcomer["id"]}
    await local.post("members", {**body, "action": "join", "invite": invite.code})
    member = await client.next("member_join")
    assert member.name == "freawaru"
    assert [i.uses for i in await hall.invites()] == [1]
    await member.edit(nick="Freya")
    assert (await client.next("member_update"))[1].nick == "Freya"
    role = next(r for r in hall.roles if r.name == "Moderator")
    with pytest.raises(discord.Forbidden):
        await member.add_roles(role)
    await local.post("members", {**body, "action": "leave"})
    assert (await client.next("raw_member_remove")).user.id == member.id
    with pytest.raises(discord.NotFound) as gone:
        await hall.fetch_member(member.id)
    assert gone.value.code == 10007


async def test_roles_are_made_given_and_removed(local, client, hall):
    role = await hall.create_role(name="Bard", colour=discord.Colour.blue())
    assert (await client.next("guild_role_create")).name == "Bard"
    others = {role.id: role.position for role in hall.roles if role.name not in {"@everyone", "Bard"}}
    moved = [(await client.next("guild_role_update"))[1] for _ in others]
    assert {role.id for role in moved} == others.keys(), "all the others move up"
    assert min(role.position for role in moved) == 2
    member = await hall.fetch_member(local.user())
    await member.add_roles(role)
    assert role in (await client.next("member_update"))[1].roles
    await role.edit(name="Skald")
    assert (await client.next("guild_role_update"))[1].name == "Skald"
    await role.delete()
    assert (await client.next("guild_role_delete")).id == role.id
    assert local.guild().members[member.id].roles == []


async def test_timeouts_kicks_and_bans_need_the_right_order(local, client, hall):
    member = await hall.fetch_member(local.user("wiglaf"))
    await member.timeout(dt.timedelta(minutes=5))
    body = {"channel": str(local.channel()), "author": str(member.id), "content": "mmm"}
    assert "Missing Permissions" in (await local.post("messages", body, 403))["error"]
    await member.timeout(None)
    await local.post("messages", body)
    await member.kick()
    assert (await client.next("raw_member_remove")).user.id == member.id
    await hall.ban(discord.Object(member.id), reason="tested")
    assert (await hall.fetch_ban(discord.Object(member.id))).reason == "tested"
    join = {"guild": str(hall.id), "user": str(member.id), "action": "join"}
    assert "banned" in (await local.post("members", join, 400))["error"]
    await hall.unban(discord.Object(member.id))
    owner = await hall.fetch_member(local.user("hrothgar"))
    with pytest.raises(discord.Forbidden):
        await owner.kick()


async def test_voice_states_move_between_channels_and_away(local, client, hall):
    user, hearth, away = str(local.user()), local.channel("Hearth"), local.channel("Away")
    await local.post("voice", {"user": user, "channel": str(hearth)})
    member, before, after = await client.next("voice_state_update")
    assert (member.id, before.channel, after.channel.id) == (local.user(), None, hearth)
    await local.post("voice", {"user": user, "channel": str(away)})
    assert (await client.next("voice_state_update"))[2].afk
    await local.post("voice", {"user": user, "channel": None})
    assert (await client.next("voice_state_update"))[2].channel is None
    refused = await local.post("voice", {"user": user, "channel": str(local.channel())}, 400)
    assert "no voice channel" in refused["error"]


async def test_guilds_and_channels_come_and_go(local, client, hall):
    made = await local.post("guilds", {"name": "Geatland", "locale": "fr"})
    guild = await client.next("guild_join")
    assert (str(guild.id), guild.preferred_locale) == (made["id"], discord.Locale.french)
    channel = await local.post("channels", {"guild": made["id"], "name": "shore", "topic": "waves"})
    assert (await client.next("guild_channel_create")).topic == "waves"
    shore = client.get_channel(int(channel["id"]))
    await shore.edit(topic="storm", slowmode_delay=5)
    assert (await client.next("guild_channel_update"))[1].slowmode_delay == 5
    await shore.set_permissions(guild.default_role, send_messages=False)
    assert not (await client.next("guild_channel_update"))[1].overwrites_for(guild.default_role).send_messages
    await shore.delete()
    assert (await client.next("guild_channel_delete")).id == shore.id
    await guild.leave()
    assert (await client.next("guild_remove")).id == guild.id


async def test_the_control_api_says_what_is_wrong(local):
    channel, user = str(local.channel()), str(local.user())
    stranger = (await local.post("users", {"name": "stranger"}))["id"]
    cases = [
        ("messages", {"channel": "1", "author": user, "content": "x"}, "channel '1' is no channel"),
        ("messages", {"channel": channel, "content": "x"}, "author is missing"),
        ("messages", {"channel": channel, "author": stranger, "content": "x"}, "no member of guild"),
        ("messages", {"channel": channel, "author": user, "text": "x"}, "unknown field 'text'; allowed: attachments"),
        ("messages", {"channel": channel, "author": user, "content": "x" * 4001}, "at most 4000 characters"),
        ("messages", {"channel": channel, "author": user, "content": ""}, "empty message"),
        ("messages/delete", {"channel": channel, "messages": ["5"]}, "no such message"),
        ("channels", {"guild": str(local.guild().id), "name": "x", "type": "sea"}, "allowed: text, voice"),
        ("members", {"guild": str(local.guild().id), "user": user, "action": "dance"}, "allowed: join, leave"),
        ("flood", {"channel": channel, "authors": [], "count": 1}, "authors must be a list"),
        ("users", {"name": ""}, "name is empty"),
    ]
    for path, body, told in cases:
        assert told in (await local.post(path, body, 400))["error"], body
    status, body = await local.rest("GET", "/nowhere")
    assert (status, body["code"]) == (404, 0)
