"""Posts that the bot owes, sent to the sandbox by a real worker or by the task in this process."""

import asyncio
import json
from datetime import timedelta

import pytest

from app.clients import discord_rest
from app.core import db, posts, queue
from app.core.clock import now
from app.core.errors import BadInput, RemoteUnavailable
from app.core.redis import broker_redis
from app.upkeep.outbound import queries, service
from tasks import outbound as tasks
from tests.factories.hall import rows


def owe(channel=None, user=None, key="k", **more) -> int | None:
    post = {"guild_id": 7, "kind": "test", "dedupe_key": key, "body": {"content": "Hwæt!"}, **more}
    with db.unit_of_work() as uow:
        post_id = posts.enqueue(uow.session, channel_id=channel, user_id=user, **post)
        uow.commit()
    return post_id


def state(post_id) -> dict:
    names = "attempts", "sent_at", "failed_at", "message_id", "last_error", "confirmed_at", "due_at", "nonce"
    return dict(
        zip(names, rows(f"SELECT {', '.join(names)} FROM outbound_posts WHERE id = %s", post_id)[0], strict=True)
    )


async def send(post_id: int) -> None:
    await asyncio.to_thread(tasks.send, post_id)


async def said(hall, channel) -> list[str]:
    return [m["content"] for m in await hall.local.get(f"channels/{channel}/messages") if m["author"].get("bot")]


async def test_a_post_is_sent_once_and_remembers_its_message(hall):
    channel = hall.local.channel()
    before = await said(hall, channel)
    post = owe(channel)
    await send(post)
    await send(post)
    assert (await said(hall, channel)).count("Hwæt!") == before.count("Hwæt!") + 1
    found = state(post)
    assert found["sent_at"]
    assert found["message_id"]
    assert found["attempts"] == 1


async def test_a_post_is_owed_once_for_its_key_in_its_guild(hall):
    assert owe(hall.local.channel()) is not None
    assert owe(hall.local.channel()) is None
    assert owe(hall.local.channel(), guild_id=8) is not None


async def test_a_post_goes_to_a_channel_or_a_person_and_nowhere_else(hall):
    for where in ({}, {"channel": 1, "user": 2}):
        with pytest.raises(BadInput):
            owe(**where)


async def test_nobody_is_mentioned_unless_the_post_says_so(hall):
    channel = hall.local.channel()
    await send(owe(channel, body={"content": "@everyone"}))
    await send(owe(channel, key="loud", body={"content": "<@5>", "allowed_mentions": {"users": ["5"]}}))
    quiet, loud = (json.loads(body) for method, path, body in hall.requests if method == "POST" and "messages" in path)
    assert quiet["allowed_mentions"] == {"parse": []}
    assert quiet["enforce_nonce"] is True
    assert loud["allowed_mentions"] == {"users": ["5"]}


async def test_a_direct_message_reaches_the_person(hall):
    user = hall.local.user("beowulf")
    post = owe(user=user)
    await send(post)
    channel = next(int(path.split("/")[-2]) for _, path, _ in hall.requests if path.endswith("/messages"))
    direct = hall.local.box.world.channels[channel]
    assert direct.guild_id == 0
    assert direct.history.get(state(post)["message_id"]).content == "Hwæt!"


async def test_an_attempt_that_died_after_sending_finds_its_message(hall):
    channel = hall.local.channel()
    post = owe(channel)
    with db.unit_of_work() as uow:
        taken = service.take(uow.session, post)
        uow.commit()
    first = await asyncio.to_thread(discord_rest.create_message, channel, taken.body, nonce=taken.nonce)
    # The worker is gone before it wrote that down, and Discord's own memory of nonces has passed.
    hall.local.box.world.nonces.clear()
    rows("UPDATE outbound_posts SET due_at = now() WHERE id = %s", post)
    await send(post)
    assert state(post)["message_id"] == first
    assert (await said(hall, channel)).count("Hwæt!") == 1


async def test_the_same_nonce_posts_once(hall):
    channel = hall.local.channel()
    first = await asyncio.to_thread(discord_rest.create_message, channel, {"content": "once"}, nonce="n1")
    second = await asyncio.to_thread(discord_rest.create_message, channel, {"content": "once"}, nonce="n1")
    assert first == second


async def test_a_post_that_came_too_late_is_given_up(hall):
    post = owe(hall.local.channel(), due_at=now() - timedelta(hours=2), lifetime=timedelta(hours=1))
    await send(post)
    found = state(post)
    assert found["sent_at"] is None
    assert found["failed_at"]
    assert found["last_error"].startswith("expired")


async def test_a_post_waits_until_it_is_due(hall):
    post = owe(hall.local.channel(), due_at=now() + timedelta(hours=1))
    await send(post)
    assert state(post)["attempts"] == 0


async def test_a_channel_that_is_gone_ends_the_post_with_the_reason(hall):
    post = owe(123456789)
    await send(post)
    found = state(post)
    assert found["failed_at"]
    assert found["last_error"].startswith("404 10003")


async def test_a_forbidden_person_or_channel_ends_the_post_with_the_reason(hall):
    post = owe(user=hall.local.user("scop"))
    await send(post)
    assert state(post)["failed_at"]
    assert state(post)["last_error"].startswith(("400", "403", "404"))


async def test_a_fault_at_discord_puts_the_post_off_and_the_sweep_sends_it(hall, workers):
    channel = hall.local.channel()
    await hall.local.post("faults", {"kind": "5xx", "count": 1, "seconds": 0})
    post = owe(channel)
    await send(post)
    found = state(post)
    assert (found["sent_at"], found["failed_at"], found["attempts"]) == (None, None, 1)
    assert found["due_at"] > now()
    rows("UPDATE outbound_posts SET due_at = now() WHERE id = %s", post)
    workers.start("outbound")
    queue.send("outbound.sweep")
    await hall.until(lambda: state(post)["sent_at"], "the sweep's task sends it")
    assert (await said(hall, channel)).count("Hwæt!") == 1


async def test_a_limit_that_discord_sets_is_kept_by_every_sender(hall):
    channel = hall.local.channel()
    await hall.local.post("faults", {"kind": "429", "count": 1, "seconds": 5})
    post = owe(channel)
    await send(post)
    assert state(post)["last_error"].startswith("rate limited")
    assert state(post)["due_at"] > now() + timedelta(seconds=1)
    other = owe(channel, key="other")
    await send(other)
    assert state(other)["last_error"].startswith("rate limited"), "another process asks Redis, not Discord"


async def test_a_bucket_that_is_empty_is_waited_for(hall):
    broker_redis().set("limit:messages:5", 0, px=60_000)
    with pytest.raises(discord_rest.RateLimited) as limit:
        discord_rest.create_message(5, {"content": "x"}, nonce="x")
    assert 50 < limit.value.retry_after <= 60


async def test_a_discord_that_is_away_costs_a_retry(hall, monkeypatch):
    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:9/api/v10")
    from app.core.settings import settings

    settings.cache_clear()
    with pytest.raises(RemoteUnavailable):
        discord_rest.create_message(6, {"content": "x"}, nonce="y")


async def test_our_own_nonce_confirms_the_post_once(hall):
    post = owe(hall.local.channel())
    nonce = state(post)["nonce"]
    with db.unit_of_work() as uow:
        assert service.confirm(uow.session, nonce, 77)
        assert not service.confirm(uow.session, nonce, 77)
        assert not service.confirm(uow.session, "nobody's", 77)
        uow.commit()
    found = state(post)
    assert found["confirmed_at"]
    assert found["sent_at"]
    assert found["message_id"] == 77
    await send(post)
    assert state(post)["attempts"] == 0


async def test_two_workers_do_not_take_one_post(hall):
    post = owe(hall.local.channel())
    with db.unit_of_work() as first, db.unit_of_work() as second:
        assert service.take(first.session, post) is not None
        assert service.take(second.session, post) is None
        first.commit()
        assert service.take(second.session, post) is None, "the lease is on it"
    with db.unit_of_work() as uow:
        assert queries.due(uow.session) == []
        assert queries.waiting(uow.session) == 1
