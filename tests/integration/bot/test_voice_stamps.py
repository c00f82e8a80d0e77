"""The bot tells every half minute where it hears who is in voice, and only what it is sure of."""

import pytest

from app.activity.guilds.messages import GuildSeen
from app.activity.voice.messages import VoiceHeard, VoiceListed
from app.bot import stamps
from tests.factories.bots import until


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(stamps, "_SECONDS", 0.05)
    monkeypatch.setattr(stamps, "_SETTLED_SECONDS", 0.0)


async def settled(runtime) -> None:
    runtime.buffer.flush()
    await until(lambda: runtime.publisher.buffered == 0, "everything is in the ledger")


async def test_stamps_follow_the_list_of_those_present(local, rig, soon):
    await rig.start()
    heard = await rig.event(VoiceHeard)
    assert local.guild().id in heard.guild_ids
    assert set(heard.guild_ids) == {event.guild_id for event in rig.events(VoiceListed)}
    assert heard.seq > rig.events(VoiceListed)[0].seq
    await until(lambda: len(rig.events(VoiceHeard)) > 3, "more stamps")


async def test_a_guild_that_was_just_listed_is_not_stamped_yet(local, rig, monkeypatch):
    monkeypatch.setattr(stamps, "_SECONDS", 0.05)
    runtime = await rig.start()
    await rig.event(GuildSeen)
    runtime.stamps.stamp()
    await settled(runtime)
    assert rig.events(VoiceHeard) == []
    monkeypatch.setattr(stamps, "_SETTLED_SECONDS", 0.0)
    await rig.event(VoiceHeard)


async def test_nothing_is_stamped_while_the_connection_is_lost(local, rig, soon):
    runtime = await rig.start()
    await rig.event(VoiceHeard)
    await runtime.bot.leave_gateway()
    await settled(runtime)
    told = len(rig.events(VoiceHeard))
    for _ in range(5):
        runtime.stamps.stamp()
    await settled(runtime)
    assert len(rig.events(VoiceHeard)) == told


async def test_the_channel_of_those_away_is_told_with_the_guild(local, rig):
    away = next(channel.id for channel in local.guild().channels.values() if channel.kind == 2)
    local.guild().afk_channel_id = away
    await rig.start()
    assert (await rig.event(GuildSeen)).afk_channel_id == away
