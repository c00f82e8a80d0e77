"""Whatever the gateway sends, the bot goes on, and loses nothing but what cannot be understood."""

import json
import logging
from datetime import timedelta

import pytest

from app.activity.ingest.messages import WatermarkAdvanced
from app.activity.messages.messages import MessageSeen
from app.core.clock import now, snowflake_at
from app.core.policy import PolicyData
from tests.factories.bots import until

SECRET = "do not log me"


def frame(event, data, number=10_000):
    return json.dumps({"t": event, "s": number, "op": 0, "d": data}).encode()


def message(local, **more):
    author = {"id": str(local.user()), "username": "beowulf", "discriminator": "0", "avatar": None}
    base = {"id": "1500000000000000001", "channel_id": str(local.channel()), "guild_id": str(local.guild().id)}
    rest = {"mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "type": 0, "tts": False}
    return {**base, **rest, "author": author, "content": SECRET, "timestamp": "2026-01-01T00:00:00+00:00", **more}


FRAMES = {
    "no JSON": b"{" + SECRET.encode(),
    "no object": b"[1, 2]",
    "a number": b"7",
    "null": b"null",
    "an empty object": b"{}",
    "an unknown opcode": b'{"op": 99, "d": {}}',
    "an unknown event": frame("NEVER_HEARD_OF", {"content": SECRET}),
    "an event without data": b'{"op": 0, "t": "MESSAGE_CREATE", "s": 9}',
    "an event whose data is a list": frame("MESSAGE_CREATE", [SECRET]),
    "an event whose data is text": frame("MESSAGE_UPDATE", SECRET),
    "a message of nothing": frame("MESSAGE_CREATE", {}),
    "a reaction of nothing": frame("MESSAGE_REACTION_ADD", {"emoji": SECRET}),
    "a guild of nothing": frame("GUILD_CREATE", {"name": SECRET}),
    "a member of nothing": frame("GUILD_MEMBER_ADD", {"nick": SECRET}),
    "a voice state of nothing": frame("VOICE_STATE_UPDATE", {"session_id": SECRET}),
    "a channel of nothing": frame("CHANNEL_CREATE", {"name": SECRET}),
    "an interaction of nothing": frame("INTERACTION_CREATE", {"data": SECRET}),
}


async def wire_of(local, rig):
    await rig.start()
    session = next(iter(local.box.hub.sessions.values()))
    return session.wire


async def test_a_malformed_frame_costs_only_itself(local, rig, caplog):
    caplog.set_level(logging.INFO)
    wire = await wire_of(local, rig)
    sessions = set(local.box.hub.sessions)
    for name, bad in FRAMES.items():
        wire.send(bad)
        await local.say(f"after {name}")
        await rig.event(MessageSeen, lambda event, name=name: event.content == f"after {name}")
        assert set(local.box.hub.sessions) == sessions, f"the connection was kept after {name}"
    assert len(rig.events(MessageSeen)) == len(FRAMES)
    assert SECRET not in caplog.text


async def test_a_message_with_a_wrong_field_is_passed_over(local, rig, caplog):
    wire = await wire_of(local, rig)
    for wrong in ({"id": "x"}, {"id": "-5"}, {"id": str(2**70)}, {"author": None}, {"content": 5}):
        wire.send(frame("MESSAGE_CREATE", message(local, **wrong)))
    await local.say("still here")
    await rig.event(MessageSeen, lambda event: event.content == "still here")
    assert len(rig.events(MessageSeen)) == 1
    assert SECRET not in caplog.text


async def test_nul_and_lone_surrogates_become_replacement_characters(local, rig):
    wire = await wire_of(local, rig)
    author = {"id": "7", "username": "sur\ud800", "global_name": "N\x00L", "avatar": None, "discriminator": "0"}
    wire.send(frame("MESSAGE_CREATE", message(local, content="a\x00b\ud83d c", author=author)))
    seen = await rig.event(MessageSeen)
    assert (seen.content, seen.author_name, seen.author_display) == ("a\ufffdb\ufffd c", "sur\ufffd", "N\ufffdL")


async def test_a_message_of_an_unknown_guild_and_channel_is_kept(local, rig):
    wire = await wire_of(local, rig)
    wire.send(frame("MESSAGE_CREATE", message(local, guild_id="42", channel_id="43")))
    assert (await rig.event(MessageSeen)).guild_id == 42


@pytest.mark.parametrize("number", ["1", str(2**63 - 1)], ids=["far past", "far future"])
async def test_ids_from_the_far_past_and_future_are_handed_on(local, rig, number):
    wire = await wire_of(local, rig)
    wire.send(frame("MESSAGE_CREATE", message(local, id=number)))
    assert (await rig.event(MessageSeen)).id == int(number)


async def test_an_id_from_the_future_closes_its_channel_to_no_backfill(local, rig):
    runtime = await rig.start()
    wire = next(iter(local.box.hub.sessions.values())).wire
    for ahead in (timedelta(hours=2), timedelta(days=4000)):
        number = snowflake_at(now() + ahead)
        wire.send(frame("MESSAGE_CREATE", message(local, id=str(number))))
        await rig.event(MessageSeen, lambda event, number=number: event.id == number)
    said = int((await local.say("now"))["id"])
    await rig.event(MessageSeen, lambda event: event.id == said)
    runtime.backfill.advance(at_rest=True)
    runtime.buffer.flush()
    await rig.event(WatermarkAdvanced, lambda event: event.complete_to == said)
    assert max(event.complete_to for event in rig.events(WatermarkAdvanced)) == said


async def test_a_guild_that_wants_nothing_kept_keeps_nothing_of_its_people(local, rig):
    rig.policy = PolicyData(default_mode="store", modes={local.guild().id: "off"})
    wire = await wire_of(local, rig)
    wire.send(frame("MESSAGE_CREATE", message(local)))
    other = next(g for g in local.box.world.guilds.values() if g.id != local.guild().id)
    wire.send(frame("MESSAGE_CREATE", message(local, id="1500000000000000002", guild_id=str(other.id))))
    await rig.event(MessageSeen)
    assert [event.guild_id for event in rig.events(MessageSeen)] == [other.id]
    payloads = b"".join([*rig.redis.hvals("ledger:ingest"), *rig.applied.values()])
    assert payloads.count(SECRET.encode()) == 1


async def test_a_change_of_settings_reaches_the_bot_at_once(local, rig):
    runtime = await rig.start()
    rig.policy = PolicyData(default_mode="counts")
    rig.redis.publish("invalidate", json.dumps({"ns": "settings", "guild": str(local.guild().id)}))
    await until(lambda: runtime.policy.data is rig.policy, "the new settings are in force", 5)
    await local.say(SECRET)
    assert (await rig.event(MessageSeen)).content is None
