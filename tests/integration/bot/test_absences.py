"""What ended while the bot was away is found at its next start, and nothing that is merely hidden or out of reach."""

import asyncio

import pytest

from app.activity.guilds.messages import ChannelDeleted, ChannelSeen, GuildLeft, GuildSeen
from app.activity.members.messages import MemberLeft
from app.sandbox.actions import channels, members
from tests.factories.bots import until


@pytest.fixture(autouse=True)
def forget_guilds(rig):
    """Valkey outlives the test, and the sandbox's application has one id."""
    keys = rig.redis.keys("bot:*:guilds")
    if keys:
        rig.redis.delete(*keys)


async def compared(runtime):
    await asyncio.gather(*runtime.absences._tasks.values())
    runtime.buffer.flush()
    await runtime.publisher.submit(lambda: None, after_batches=True)


async def restart(rig, meanwhile):
    """Be away while that happens; the next bot, when it has compared."""
    first = await rig.start()
    await rig.event(GuildSeen)
    await compared(first)
    await rig.stop(first)
    meanwhile()
    successor = await rig.start()
    await until(lambda: len(successor.absences._tasks) > 1, "the guilds are compared")
    await compared(successor)
    return successor


def removed_from(local, guild):
    members.leave(local.box, guild, local.box.world.application.id)


async def test_a_guild_that_removed_the_bot_meanwhile_is_left(local, rig):
    gone = local.guild("Mead Hall")
    await restart(rig, lambda: removed_from(local, gone))
    assert [event.guild_id for event in rig.events(GuildLeft)] == [gone.id]


async def test_a_guild_that_was_left_is_told_once(local, rig):
    gone = local.guild("Mead Hall")
    second = await restart(rig, lambda: removed_from(local, gone))
    await rig.stop(second)
    third = await rig.start()
    await compared(third)
    assert len(rig.events(GuildLeft)) == 1


async def test_guilds_of_another_bot_with_this_database_are_none_of_ours(local, rig):
    rig.redis.sadd("bot:1:guilds", 4242)
    runtime = await rig.start()
    await rig.event(GuildSeen)
    await compared(runtime)
    assert rig.events(GuildLeft) == []


async def test_a_guild_that_is_missing_in_a_session_but_answers_is_not_left(local, rig):
    runtime = await rig.start()
    await rig.event(GuildSeen)
    await compared(runtime)
    runtime.absences.session({"guilds": []})
    await compared(runtime)
    assert rig.events(GuildLeft) == []


async def test_a_channel_and_a_thread_that_were_deleted_meanwhile_are_told(local, rig):
    guild, kept = local.guild(), local.channel("general")
    made = await local.post("channels", {"guild": str(guild.id), "name": "doomed"})
    doomed = int(made.get("id") or made["channel"]["id"])
    unknown_thread = doomed + 1
    rig.channels = {guild.id: [doomed, unknown_thread, kept]}
    await restart(rig, lambda: channels.delete(local.box, local.box.world.channels[doomed]))
    assert {event.id for event in rig.events(ChannelDeleted)} == {doomed, unknown_thread}


async def test_a_channel_that_is_hidden_from_the_bot_is_not_taken_for_deleted(local, rig, monkeypatch):
    guild, hidden = local.guild(), local.channel("general")
    rig.channels = {guild.id: [hidden]}
    runtime = await rig.start()
    await rig.event(ChannelSeen, lambda event: event.id == hidden)
    await compared(runtime)
    # As if Discord no longer listed it, which answers all the same.
    shown = runtime.bot.get_guild(guild.id)
    monkeypatch.delitem(shown._channels, hidden)
    runtime.absences.guild(guild.id)
    await compared(runtime)
    assert rig.events(ChannelDeleted) == []


async def test_a_member_who_left_meanwhile_is_told(local, rig):
    guild, wiglaf = local.guild(), local.user("wiglaf")
    rig.members = {guild.id: sorted(guild.members)}
    await restart(rig, lambda: members.leave(local.box, guild, wiglaf))
    assert [event.user_id for event in rig.events(MemberLeft)] == [wiglaf]


async def test_nobody_of_a_guild_that_does_not_list_everybody_is_taken_for_gone(local, rig, monkeypatch):
    guild = local.guild()
    rig.members = {guild.id: [*guild.members, 4242]}
    runtime = await rig.start()
    await rig.event(MemberLeft, lambda event: event.user_id == 4242)
    shown = runtime.bot.get_guild(guild.id)
    monkeypatch.setattr(shown, "_member_count", 100_000)
    rig.members = {guild.id: [4243]}
    runtime.absences.guild(guild.id)
    await compared(runtime)
    assert {event.user_id for event in rig.events(MemberLeft)} == {4242}
