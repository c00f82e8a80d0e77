"""What happens in the sandbox arrives in the ledger, through the real client."""

from app.activity.guilds.messages import ChannelSeen, GuildSeen, RoleSeen
from app.activity.ingest.messages import WatermarkAdvanced
from app.activity.members.messages import MemberUpdated
from app.activity.messages.messages import MessageEdited, MessagesDeleted, MessageSeen
from app.activity.reactions.messages import ReactionAdded, ReactionRemoved
from app.activity.voice.messages import VoiceStateChanged


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
