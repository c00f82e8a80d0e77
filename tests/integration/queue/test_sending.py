"""Sending tasks: alone, and in one transaction with what the ledger keeps."""

import base64
import json

import pytest
import redis

from app.bot.publisher import Publisher
from app.bot.spool import Spool
from app.core import ledger, queue
from app.core.errors import QueueUnavailable
from app.core.redis import broker_redis
from tests.conftest import reset_process_state

TASK = "commands.settings_set"


def waiting(client=None, name="commands"):
    """The messages in a queue as (task, arguments), oldest first."""
    raw = [json.loads(message) for message in reversed((client or broker_redis()).lrange(name, 0, -1))]
    return [(one["headers"]["task"], *json.loads(base64.b64decode(one["body"]))[0]) for one in raw]


def shape(message: bytes) -> dict:
    """A message without what differs between any two."""
    found = json.loads(message)
    for name in ("id", "root_id"):
        found["headers"].pop(name)
    for name in ("correlation_id", "delivery_tag"):
        found["properties"].pop(name)
    return found


@pytest.fixture
def other_broker(database, servers, monkeypatch):
    """Celery's messages lie in another database than the ledger."""
    url = f"{servers.redis_url.rpartition('/')[0]}/1"
    monkeypatch.setenv("CELERY_BROKER_URL", url)
    reset_process_state()
    client = redis.Redis.from_url(url)
    yield client
    client.close()


@pytest.fixture
async def publisher(database, tmp_path):
    found = Publisher(Spool(tmp_path / "spool", max_bytes=1 << 20), max_events=100, on_full=lambda _: None)
    found.start()
    yield found
    await found.close()


def test_a_staged_task_is_sent_with_its_pipeline_and_not_before(database):
    pipe = broker_redis().pipeline(transaction=True)
    ledger.stage(pipe, "commands", "7", b"{}")
    queue.stage(pipe, TASK, "7")
    assert waiting() == []
    assert ledger.depth(broker_redis(), "commands") == 0
    pipe.execute()
    assert waiting() == [(TASK, "7")]
    assert ledger.fetch(broker_redis(), "commands", "7") == b"{}"


def test_a_pipeline_that_is_given_up_sends_nothing(database):
    pipe = broker_redis().pipeline(transaction=True)
    queue.stage(pipe, TASK, "7")
    pipe.reset()
    queue.send(TASK, "8")
    assert waiting() == [(TASK, "8")], "what is sent later is not held back either"


def test_staged_or_sent_a_message_is_the_same(database):
    queue.send(TASK, "7")
    pipe = broker_redis().pipeline(transaction=True)
    queue.stage(pipe, TASK, "7")
    pipe.execute()
    staged, sent = broker_redis().lrange("commands", 0, -1)
    assert shape(staged) == shape(sent)


def test_flower_hears_of_every_task_that_is_sent(database):
    listening = broker_redis().pubsub()
    listening.psubscribe("*task.sent")
    assert listening.get_message(timeout=5)["type"] == "psubscribe"
    pipe = broker_redis().pipeline(transaction=True)
    queue.stage(pipe, TASK, "7")
    pipe.execute()
    queue.send(TASK, "8")
    heard = [json.loads(base64.b64decode(json.loads(listening.get_message(timeout=5)["data"])["body"]))]
    heard += [json.loads(base64.b64decode(json.loads(listening.get_message(timeout=5)["data"])["body"]))]
    assert [(event["type"], event["name"], event["queue"]) for event in heard] == [("task-sent", TASK, "commands")] * 2
    listening.close()


@pytest.mark.parametrize("send", [queue.send, lambda *words: queue.stage(broker_redis().pipeline(), *words)])
def test_a_broker_that_is_away_is_named_at_once(database, monkeypatch, send):
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    reset_process_state()
    with pytest.raises(QueueUnavailable, match=TASK):
        send(TASK, "7")


async def test_the_publisher_keeps_and_enqueues_in_one_transaction(publisher):
    def exchanges():
        stats = broker_redis().info("commandstats")
        return {name: stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("exec", "lpush", "publish")}

    # The first one connects.
    await publisher.publish(TASK, "1", b"{}")
    before = exchanges()
    await publisher.publish(TASK, "2", b"{}")
    assert {name: calls - before[name] for name, calls in exchanges().items()} == {"exec": 1, "lpush": 1, "publish": 1}
    assert waiting() == [(TASK, "1"), (TASK, "2")]
    assert sorted(ledger.ids(broker_redis(), "commands")) == ["1", "2"]


async def test_a_broker_of_its_own_is_sent_to_behind_the_ledger(other_broker, publisher):
    await publisher.publish(TASK, "1", b"{}")
    assert waiting(other_broker) == [(TASK, "1")]
    assert waiting() == []
    assert ledger.fetch(broker_redis(), "commands", "1") == b"{}"


async def test_a_broker_of_its_own_that_is_away_leaves_the_command_to_the_sweep(publisher, monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    reset_process_state()
    await publisher.publish(TASK, "1", b"{}")
    assert ledger.fetch(broker_redis(), "commands", "1") == b"{}"
