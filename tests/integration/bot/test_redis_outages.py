"""Redis refuses, hangs or is full: events wait in the spool, and the gateway notices nothing."""

import asyncio
import time

import pytest

from app.activity.messages.messages import MessageSeen
from app.core.db import unit_of_work
from app.core.errors import QueueUnavailable
from app.upkeep.privacy import service as privacy
from tests.factories.bots import texts, until
from tests.factories.hall import rows
from tests.integration.ingest.test_any_order import apply_batch


async def say(local, first: int, last: int) -> list[str]:
    said = [f"message {number}" for number in range(first, last)]
    for text in said:
        await local.say(text)
    return said


async def assert_all_arrive_in_order(rig, runtime, said):
    await until(lambda: len(rig.events(MessageSeen)) >= len(said), "every message is in the ledger")
    assert texts(rig.events(MessageSeen)) == said
    order = [seen.content for batch in rig.batches() for seen in batch.events if isinstance(seen, MessageSeen)]
    assert order == said, "batches sort as their events happened"
    await until(lambda: runtime.publisher.spool.entries == 0, "the spool is empty")


async def test_a_refusing_redis_fills_the_spool_which_is_replayed_in_order(local, rig, proxy):
    runtime = await rig.start()
    said = await say(local, 0, 5)
    await rig.event(MessageSeen, lambda event: event.content == said[-1])
    await proxy.refuse()
    said += await say(local, 5, 10)
    await until(lambda: runtime.publisher.spool.entries > 0, "events are in the spool")
    said += await say(local, 10, 15)
    assert runtime.bot.connected_since is not None
    await proxy.start()
    said += await say(local, 15, 20)
    await assert_all_arrive_in_order(rig, runtime, said)


@pytest.mark.alone
async def test_a_hung_redis_delays_neither_heartbeats_nor_the_loop(local, rig, proxy):
    runtime = await rig.start()
    await local.say("before")
    await rig.event(MessageSeen)
    session = next(iter(local.box.hub.sessions.values()))
    proxy.swallow()
    beats, worst = session.heartbeats, 0.0
    said = ["before", *await say(local, 0, 30)]
    end = time.monotonic() + 4
    while time.monotonic() < end:
        asked = time.monotonic()
        await asyncio.sleep(0.02)
        worst = max(worst, time.monotonic() - asked - 0.02)
    assert session.heartbeats - beats >= 6, "one every half second"
    assert session.longest_silence < 1.5
    assert worst < 0.5, "the loop was never held up"
    assert runtime.publisher.spool.entries > 0
    proxy.answer()
    await assert_all_arrive_in_order(rig, runtime, said)


@pytest.fixture
def full_redis(rig):
    """Valkey with no memory left."""
    limit = rig.redis.config_get("maxmemory")["maxmemory"]
    yield lambda: rig.redis.config_set("maxmemory", 1)
    rig.redis.config_set("maxmemory", limit)


async def test_a_redis_without_memory_fills_the_spool(local, rig, full_redis):
    runtime = await rig.start()
    limit = rig.redis.config_get("maxmemory")["maxmemory"]
    said = await say(local, 0, 2)
    await rig.event(MessageSeen, lambda event: event.content == said[-1])
    full_redis()
    said += await say(local, 2, 6)
    await until(lambda: runtime.publisher.spool.entries > 0, "events are in the spool")
    rig.redis.config_set("maxmemory", limit)
    await assert_all_arrive_in_order(rig, runtime, said)


async def test_a_command_is_refused_while_redis_is_away_and_never_spooled(local, rig, proxy):
    runtime = await rig.start()
    await runtime.publisher.publish("commands.test", "1", b"{}")
    assert rig.redis.hget("ledger:commands", "1") == b"{}"
    await proxy.refuse()
    with pytest.raises(QueueUnavailable):
        await runtime.publisher.publish("commands.test", "2", b"{}")
    assert runtime.publisher.spool.entries == 0
    await proxy.start()
    await until(lambda: not runtime.publisher.is_redis_away, "Redis may be asked again")
    await runtime.publisher.publish("commands.test", "3", b"{}")
    assert rig.redis.hkeys("ledger:commands") == [b"1", b"3"]


async def test_stopping_keeps_what_was_just_heard(local, rig, proxy):
    runtime = await rig.start()
    await proxy.refuse()
    said = await say(local, 0, 3)
    await until(lambda: local.box.hub.sessions, "the session lives")
    await until(lambda: runtime.publisher.buffered + len(runtime.buffer) + runtime.publisher.spool.entries > 0, "heard")
    await rig.stop(runtime)
    assert rig.events(MessageSeen) == []
    await proxy.start()
    await rig.start()
    await until(lambda: len([e for e in rig.events(MessageSeen) if not e.is_late]) == 3, "the spool is replayed")
    assert texts([event for event in rig.events(MessageSeen) if not event.is_late]) == said


async def test_a_full_spool_leaves_the_gateway_and_backfill_brings_the_rest(local, rig, proxy, monkeypatch):
    monkeypatch.setenv("SPOOL_MAX_MB", "1")
    runtime = await rig.start()
    await local.say("before")
    await rig.event(MessageSeen)
    await proxy.refuse()
    said = ["before"]
    number = 0
    while runtime.publisher.full_since is None:
        said += [text := f"{number} {'x' * 1900}"]
        await local.say(text)
        number += 1
        assert number < 2000, "the spool never filled"
    await until(lambda: runtime.bot.connected_since is None, "the gateway is left")
    said += await say(local, 0, 5)
    await proxy.start()
    await until(lambda: runtime.bot.connected_since is not None, "the gateway is back")
    await until(lambda: {e.content for e in rig.events(MessageSeen)} >= set(said), "every message is in the ledger")
    assert runtime.publisher.full_since is None


async def test_what_hears_redis_says_once_that_it_is_away_and_once_that_it_is_back(local, rig, proxy, caplog):
    await rig.start()
    lost = ("the subscription for answers was lost", "changes of settings are not heard")
    back = ("the subscription for answers is there again", "changes of settings are heard at once again")

    def lines(start):
        return [message for message in caplog.messages if message.startswith(start)]

    await proxy.refuse()
    await until(lambda: all(lines(start) for start in lost), "both say that Redis is away")
    # Long enough for several more attempts of either.
    await asyncio.sleep(5)
    await proxy.start()
    await until(lambda: all(lines(start) for start in back), "both say that it is back")
    assert [len(lines(start)) for start in (*lost, *back)] == [1, 1, 1, 1]


async def test_what_waits_in_the_spool_stays_out_when_its_author_erases_meanwhile(local, rig, proxy):
    runtime = await rig.start()
    await proxy.refuse()
    await say(local, 0, 3)
    await local.say("kept", author="wiglaf")
    await until(lambda: runtime.publisher.spool.entries and not len(runtime.buffer), "all of it is in the spool")

    def erase() -> None:
        with unit_of_work() as uow:
            assert privacy.erase(uow, local.user("beowulf"), local.guild().id)
            uow.commit()

    await asyncio.to_thread(erase)
    await proxy.start()
    await until(lambda: len(rig.events(MessageSeen)) == 4, "the spool is replayed")
    for batch in rig.batches():
        await asyncio.to_thread(apply_batch, batch.id, list(batch.events))
    assert rows("SELECT content FROM messages") == [("kept",)]
    assert rows("SELECT sum(message_count) FROM members WHERE guild_id = %s", local.guild().id) == [(1,)]
