"""What happened while the bot was away is told late, and nothing else is."""

import asyncio

from app.activity.ingest.messages import WatermarkAdvanced
from app.activity.messages.messages import ChannelListed, MessageSeen
from app.activity.reactions.messages import ReactionAdded, ReactionRemoved
from app.bot import backfill, barrier
from app.core.clock import snowflake_time
from app.core.policy import PolicyData
from tests.factories.bots import texts, until


async def backfilled(rig, runtime):
    """Wait until no gap is open and what the backfill told is in the ledger."""
    await until(lambda: runtime.watermarks.open_channels == 0, "no gap is open")
    runtime.buffer.flush()
    await runtime.publisher.submit(lambda: None, after_batches=True)


async def settle(rig, runtime, text):
    await rig.event(MessageSeen, lambda event: event.content == text)
    await backfilled(rig, runtime)


async def test_what_was_written_before_the_first_contact_stays_out(local, rig):
    await local.say("old history")
    runtime = await rig.start()
    await local.say("new")
    await settle(rig, runtime, "new")
    await rig.stop(runtime)
    successor = await rig.start()
    await backfilled(rig, successor)
    assert set(texts(rig.events(MessageSeen))) == {"new"}


async def test_messages_of_an_absence_are_told_late_and_in_order(local, rig):
    runtime = await rig.start()
    await local.say("live")
    await settle(rig, runtime, "live")
    await rig.stop(runtime)
    missed = [f"missed {number}" for number in range(250)]
    for text in missed:
        await local.say(text)
    successor = await rig.start()
    await settle(rig, successor, missed[-1])
    late = [event for event in rig.events(MessageSeen) if event.is_late]
    assert [event.content for event in late] == missed


async def test_the_watermark_follows_the_messages_it_covers(local, rig):
    runtime = await rig.start()
    await local.say("live")
    await settle(rig, runtime, "live")
    await rig.stop(runtime)
    said = await local.say("missed")
    successor = await rig.start()
    await settle(rig, successor, "missed")
    mine = [e for e in rig.events(MessageSeen, WatermarkAdvanced) if e.channel_id == local.channel()]
    kinds = [(type(event).__name__, getattr(event, "complete_to", None)) for event in mine]
    assert kinds[-2:] == [("MessageSeen", None), ("WatermarkAdvanced", int(said["id"]))]


async def test_edits_and_deletions_of_an_absence_are_told(local, rig):
    runtime = await rig.start()
    said = [await local.say(f"message {number}") for number in range(5)]
    await settle(rig, runtime, "message 4")
    await rig.stop(runtime)
    channel = str(local.channel())
    await local.post("messages/edit", {"channel": channel, "message": said[1]["id"], "content": "edited"})
    await local.post("messages/delete", {"channel": channel, "messages": [said[3]["id"], said[4]["id"]]})
    successor = await rig.start()
    edited = await rig.event(MessageSeen, lambda event: event.content == "edited")
    await backfilled(rig, successor)
    assert edited.id == int(said[1]["id"])
    assert edited.edited_at is not None
    listed = [event for event in rig.events(ChannelListed) if event.channel_id == local.channel()]
    gone = [int(said[number]["id"]) for number in (3, 4)]
    for message in gone:
        assert any(e.after_id < message <= e.up_to_id and message not in e.ids for e in listed)
    for number in (0, 1, 2):
        message = int(said[number]["id"])
        assert all(message in e.ids for e in listed if e.after_id < message <= e.up_to_id)


async def test_a_message_that_came_and_went_in_the_absence_leaves_a_listing_without_it(local, rig):
    runtime = await rig.start()
    await local.say("live")
    await settle(rig, runtime, "live")
    await rig.stop(runtime)
    said = await local.say("short-lived")
    await local.post("messages/delete", {"channel": str(local.channel()), "messages": [said["id"]]})
    successor = await rig.start()
    await backfilled(rig, successor)
    assert "short-lived" not in texts(rig.events(MessageSeen))
    covering = [e for e in rig.events(ChannelListed) if e.after_id < int(said["id"]) <= e.up_to_id]
    assert any(e.channel_id == local.channel() for e in covering)


async def test_a_channel_born_in_the_absence_is_told_from_its_beginning(local, rig):
    runtime = await rig.start()
    await local.say("live")
    await settle(rig, runtime, "live")
    await rig.stop(runtime)
    made = await local.post("channels", {"guild": str(local.guild().id), "name": "newborn"})
    channel = made.get("id") or made["channel"]["id"]
    await local.post("messages", {"channel": channel, "author": str(local.user()), "content": "first words"})
    successor = await rig.start()
    await settle(rig, successor, "first words")


async def test_an_invalid_session_opens_the_gap_and_fills_it(local, rig):
    runtime = await rig.start()
    await local.say("before")
    await settle(rig, runtime, "before")
    await runtime.bot.leave_gateway()
    await local.say("while away")
    await runtime.bot.return_to_gateway()
    late = await rig.event(MessageSeen, lambda event: event.content == "while away")
    assert late.is_late


async def test_a_resume_brings_what_was_missed_without_a_backfill(local, rig):
    runtime = await rig.start()
    await local.say("before")
    await settle(rig, runtime, "before")
    await local.post("faults", {"kind": "drop", "count": 1, "seconds": 0})
    await local.say("during")
    seen = await rig.event(MessageSeen, lambda event: event.content == "during")
    assert not seen.is_late


async def test_whoever_opted_out_stays_out_of_the_backfill(local, rig):
    runtime = await rig.start()
    await local.say("live")
    await settle(rig, runtime, "live")
    await rig.stop(runtime)
    await local.say("not for you")
    await local.say("for you", author="wiglaf")
    rig.policy = PolicyData(default_mode="store", opted_out=frozenset({(local.guild().id, local.user("beowulf"))}))
    successor = await rig.start()
    await settle(rig, successor, "for you")
    assert "not for you" not in texts(rig.events(MessageSeen))


async def test_channels_that_the_bot_may_not_read_are_not_listed(local, rig):
    runtime = await rig.start()
    await backfilled(rig, runtime)
    unreadable = {
        channel.id
        for guild in runtime.bot.guilds
        for channel in guild.text_channels
        if not channel.permissions_for(guild.me).read_message_history
    }
    asked = {event.channel_id for event in rig.events(ChannelListed, WatermarkAdvanced)}
    assert unreadable, "the sandbox has a channel that the bot may not read"
    assert not unreadable & asked


async def test_old_commands_are_never_run(local, rig):
    runtime = await rig.start()
    await local.say("live")
    await settle(rig, runtime, "live")
    await rig.stop(runtime)
    await local.say("!ping")
    successor = await rig.start()
    await settle(rig, successor, "!ping")
    history = await local.get(f"channels/{local.channel()}/messages")
    messages = history["messages"] if isinstance(history, dict) else history
    assert not [m for m in messages if m["author"].get("bot")]


async def test_direct_messages_are_backfilled_too(local, rig):
    runtime = await rig.start()
    status, dm = await local.rest("POST", "/users/@me/channels", {"recipient_id": str(local.user())})
    assert status == 200
    body = {"channel": dm["id"], "author": str(local.user())}
    await local.post("messages", {**body, "content": "psst"})
    await settle(rig, runtime, "psst")
    await rig.stop(runtime)
    await local.post("messages", {**body, "content": "are you there?"})
    successor = await rig.start()
    await settle(rig, successor, "are you there?")
    assert {event.guild_id for event in rig.events(MessageSeen)} == {0}


async def test_an_edit_from_before_the_first_contact_is_history(local, rig):
    old = await local.say("old")
    runtime = await rig.start()
    await local.say("live")
    await settle(rig, runtime, "live")
    await rig.stop(runtime)
    await local.post("messages/edit", {"channel": str(local.channel()), "message": old["id"], "content": "rewritten"})
    successor = await rig.start()
    await until(lambda: not successor.backfill.is_busy, "the backfill is complete")
    await asyncio.sleep(0.15)
    assert texts(rig.events(MessageSeen)) == ["live"]


async def test_reactions_that_came_and_went_in_the_absence_are_told(local, rig):
    runtime = await rig.start()
    said = [await local.say(f"message {number}") for number in range(2)]
    await settle(rig, runtime, "message 1")
    await rig.stop(runtime)
    first, second = (int(message["id"]) for message in said)
    beowulf, wiglaf = local.user("beowulf"), local.user("wiglaf")
    rig.reactions = {(second, "👍"): {beowulf}}
    body = {"channel": str(local.channel()), "action": "add"}
    for user in (beowulf, wiglaf):
        await local.post("reactions", {**body, "message": str(first), "user": str(user), "emoji": "🎉"})
    successor = await rig.start()
    await until(lambda: not successor.backfill.is_busy, "the backfill is complete")
    await rig.event(ReactionRemoved)
    added = {(event.message_id, event.emoji, event.user_id) for event in rig.events(ReactionAdded)}
    removed = {(event.message_id, event.emoji, event.user_id) for event in rig.events(ReactionRemoved)}
    assert added == {(first, "🎉", beowulf), (first, "🎉", wiglaf)}
    assert removed == {(second, "👍", beowulf)}
    # As old as the message: an erasure since then keeps them out.
    assert {event.at for event in rig.events(ReactionAdded)} == {int(snowflake_time(first).timestamp() * 1000)}


async def test_reactions_are_compared_only_once_what_was_heard_of_them_is_stored(local, rig, monkeypatch):
    """One that is not stored yet would not be missed, though it was taken back in the absence."""
    monkeypatch.setattr(barrier, "_LEDGER_SECONDS", 0.3)
    monkeypatch.setattr(backfill, "_SETTLING_SECONDS", 0.05)
    waits = []
    until_committed = backfill.until_committed

    async def counted(publisher):
        waits.append(await until_committed(publisher))
        return waits[-1]

    monkeypatch.setattr(backfill, "until_committed", counted)
    runtime = await rig.start()
    message = int((await local.say("well said"))["id"])
    await settle(rig, runtime, "well said")
    rig.lags = True
    wiglaf = local.user("wiglaf")
    body = {"channel": str(local.channel()), "message": str(message), "user": str(wiglaf), "emoji": "👍"}
    await local.post("reactions", {**body, "action": "add"})
    await rig.event(ReactionAdded)
    await rig.stop(runtime)
    await local.post("reactions", {**body, "action": "remove"})
    await rig.start()
    await until(lambda: waits.count(False) > 2, "the database lags behind for longer than is waited at once")
    assert rig.events(ReactionRemoved) == []
    rig.reactions = {(message, "👍"): {wiglaf}}
    rig.lags = False
    gone = await rig.event(ReactionRemoved)
    assert (gone.message_id, gone.user_id) == (message, wiglaf)


async def test_a_reaction_that_is_heard_meanwhile_does_not_stand_in_for_one_that_was_missed(local, rig, monkeypatch):
    monkeypatch.setattr(barrier, "_LEDGER_SECONDS", 0.3)
    monkeypatch.setattr(backfill, "_SETTLING_SECONDS", 0.05)
    runtime = await rig.start()
    message = int((await local.say("well said"))["id"])
    await settle(rig, runtime, "well said")
    await rig.stop(runtime)
    beowulf, wiglaf = local.user("beowulf"), local.user("wiglaf")
    body = {"channel": str(local.channel()), "message": str(message), "emoji": "👍", "action": "add"}
    await local.post("reactions", {**body, "user": str(beowulf)})
    rig.lags = True
    successor = await rig.start()
    await until(lambda: successor.watermarks.open_channels == 0, "every channel was listed")
    await local.post("reactions", {**body, "user": str(wiglaf)})
    await rig.event(ReactionAdded)
    rig.reactions = {(message, "👍"): {wiglaf}}
    rig.lags = False
    await rig.event(ReactionAdded, lambda event: event.user_id == beowulf)


async def test_the_past_is_closed_before_more_may_be_kept(local, rig):
    rig.policy = PolicyData(default_mode="store", opted_out=frozenset({(local.guild().id, local.user("beowulf"))}))
    runtime = await rig.start()
    await local.say("kept", author="wiglaf")
    await settle(rig, runtime, "kept")
    unheard = await local.say("not for you")
    await until(lambda: runtime.watermarks.newest(local.channel()) == int(unheard["id"]), "the message was heard")
    await runtime.bot.settle()
    complete = [e.complete_to for e in rig.events(WatermarkAdvanced) if e.channel_id == local.channel()]
    assert complete[-1] == int(unheard["id"])
