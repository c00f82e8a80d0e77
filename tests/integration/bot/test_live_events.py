"""What happens in the sandbox arrives in the ledger, through the real client."""

from app.activity.guilds.messages import ChannelDeleted, ChannelSeen, GuildLeft, GuildSeen, RoleDeleted, RoleSeen
from app.activity.ingest.messages import WatermarkAdvanced
from app.activity.invites.messages import InviteCreated, InviteDeleted
from app.activity.members.messages import MemberJoined, MemberLeft, MemberUpdated
from app.activity.messages.messages import MessageEdited, MessagesDeleted, MessageSeen
from app.activity.reactions.messages import ReactionAdded, ReactionRemoved, ReactionsCleared
from app.activity.voice.messages import VoiceStateChanged
from app.sandbox.actions import members


async def test_a_message_becomes_an_event_with_its_text(local, rig):
    await rig.start()
    said = await local.say("Hwæt!")
    seen = await rig.event(MessageSeen)
    assert (seen.id, seen.content, seen.author_name) == (int(said["id"]), "Hwæt!", "beowulf")
    assert seen.guild_id == local.guild().id
    assert not seen.is_late


async def test_a_guild_is_told_before_its_messages(local, rig):
    await rig.start()
    await local.say("hello")
    await rig.event(MessageSeen)
    kinds = [type(event) for event in rig.events()]
    assert kinds.index(GuildSeen) < kinds.index(ChannelSeen) < kinds.index(RoleSeen) < kinds.index(MemberUpdated)
    assert kinds.index(WatermarkAdvanced) < kinds.index(MessageSeen)


async def test_edits_deletions_and_reactions_arrive_in_order(local, rig):
    await rig.start()
    said = await local.say("first")
    channel, message, user = str(local.channel()), said["id"], str(local.user())
    await local.post("messages/edit", {"channel": channel, "message": message, "content": "second"})
    body = {"channel": channel, "message": message, "user": user, "emoji": "👍"}
    await local.post("reactions", {**body, "action": "add"})
    await local.post("reactions", {**body, "action": "remove"})
    await local.post("messages/delete", {"channel": channel, "messages": [message]})
    await rig.event(MessagesDeleted)
    wanted = (MessageSeen, MessageEdited, ReactionAdded, ReactionRemoved, MessagesDeleted)
    assert [type(event) for event in rig.events(*wanted)] == list(wanted)
    assert rig.events(MessageEdited)[0].content == "second"
    assert rig.events(MessageEdited)[0].edited_at is not None
    assert rig.events(MessagesDeleted)[0].ids == (int(message),)


async def test_voice_states_arrive(local, rig):
    await rig.start()
    voice = next(c.id for c in local.guild().channels.values() if c.kind == 2)
    await local.post("voice", {"user": str(local.user()), "channel": str(voice)})
    state = await rig.event(VoiceStateChanged)
    assert (state.user_id, state.channel_id) == (local.user(), voice)


async def asked(local, method, path, body=None):
    """What the bot's own REST request brings, which everybody then hears of."""
    status, answer = await local.rest(method, path, body)
    assert status < 300, answer
    return answer


async def test_a_bulk_deletion_arrives_as_one_event(local, rig):
    await rig.start()
    said = [(await local.say(f"message {number}"))["id"] for number in range(3)]
    await asked(local, "POST", f"/channels/{local.channel()}/messages/bulk-delete", {"messages": said})
    assert sorted((await rig.event(MessagesDeleted)).ids) == sorted(map(int, said))


async def test_clearings_of_reactions_arrive(local, rig):
    await rig.start()
    message = (await local.say("well said"))["id"]
    body = {"channel": str(local.channel()), "message": message, "user": str(local.user()), "action": "add"}
    for emoji in ("👍", "🎉"):
        await local.post("reactions", {**body, "emoji": emoji})
    path = f"/channels/{local.channel()}/messages/{message}/reactions"
    await asked(local, "DELETE", f"{path}/👍")
    await asked(local, "DELETE", path)
    await rig.event(ReactionsCleared, lambda event: event.emoji is None)
    assert [(event.message_id, event.emoji) for event in rig.events(ReactionsCleared)] == [
        (int(message), "👍"),
        (int(message), None),
    ]


async def test_members_who_come_change_and_go_arrive(local, rig):
    await rig.start()
    guild = local.guild().id
    user = (await local.post("users", {"name": "grendel"}))["id"]
    await local.post("members", {"guild": str(guild), "user": user, "action": "join"})
    joined = await rig.event(MemberJoined)
    assert (joined.user_id, joined.guild_id, joined.name) == (int(user), guild, "grendel")
    await asked(local, "PATCH", f"/guilds/{guild}/members/{user}", {"nick": "The Uninvited"})
    await rig.event(MemberUpdated, lambda event: event.nick == "The Uninvited" and event.user_id == int(user))
    await local.post("members", {"guild": str(guild), "user": user, "action": "leave"})
    assert (await rig.event(MemberLeft)).user_id == int(user)


async def test_channels_and_threads_that_come_change_and_go_arrive(local, rig):
    await rig.start()
    channel = (await asked(local, "POST", f"/guilds/{local.guild().id}/channels", {"name": "hearth"}))["id"]
    await rig.event(ChannelSeen, lambda event: event.name == "hearth" and event.kind == 0)
    await asked(local, "PATCH", f"/channels/{channel}", {"name": "high-seat"})
    await rig.event(ChannelSeen, lambda event: event.name == "high-seat" and event.id == int(channel))
    thread = (await asked(local, "POST", f"/channels/{channel}/threads", {"name": "boasts", "type": 11}))["id"]
    seen = await rig.event(ChannelSeen, lambda event: event.name == "boasts")
    assert (seen.id, seen.kind, seen.parent_id, seen.is_archived) == (int(thread), 11, int(channel), False)
    await asked(local, "PATCH", f"/channels/{thread}", {"archived": True})
    await rig.event(ChannelSeen, lambda event: event.id == int(thread) and event.is_archived)
    for place in (thread, channel):
        await asked(local, "DELETE", f"/channels/{place}")
        await rig.event(ChannelDeleted, lambda event, place=place: event.id == int(place))


async def test_roles_that_come_change_and_go_arrive(local, rig):
    await rig.start()
    roles = f"/guilds/{local.guild().id}/roles"
    role = (await asked(local, "POST", roles, {"name": "thane"}))["id"]
    await rig.event(RoleSeen, lambda event: event.name == "thane")
    await asked(local, "PATCH", f"{roles}/{role}", {"name": "ring-giver"})
    await rig.event(RoleSeen, lambda event: event.name == "ring-giver" and event.id == int(role))
    await asked(local, "DELETE", f"{roles}/{role}")
    assert (await rig.event(RoleDeleted)).id == int(role)


async def test_invites_that_come_and_go_arrive(local, rig):
    await rig.start()
    made = await asked(local, "POST", f"/channels/{local.channel()}/invites", {"max_uses": 3})
    created = await rig.event(InviteCreated)
    assert (created.code, created.channel_id, created.max_uses) == (made["code"], local.channel(), 3)
    await asked(local, "DELETE", f"/invites/{made['code']}")
    assert (await rig.event(InviteDeleted)).code == made["code"]


async def test_guilds_that_come_change_and_go_arrive(local, rig):
    await rig.start()
    made = await local.post("guilds", {"name": "Geatland"})
    guild = int(made.get("id") or made["guild"]["id"])
    await rig.event(GuildSeen, lambda event: event.guild_id == guild)
    changed = {"id": str(guild), "name": "Sweden", "owner_id": str(local.user()), "roles": [], "emojis": []}
    await local.post("dispatch", {"event": "GUILD_UPDATE", "data": changed})
    await rig.event(GuildSeen, lambda event: event.guild_id == guild and event.name == "Sweden")
    members.leave(local.box, local.box.world.guilds[guild], local.box.world.application.id)
    assert (await rig.event(GuildLeft)).guild_id == guild
