"""A message in a queue that is not one of Celery's costs only itself: the worker goes on."""

import base64
import json
import time

from app.core import ledger, queue
from app.core.redis import broker_redis
from tests.factories.events import Events, payload
from tests.factories.hall_fixtures import workers  # noqa: F401 - a fixture.

SECRET = "what somebody wrote"


def task_message(body: object, task: str = "ingest.apply") -> str:
    place = {"exchange": "", "routing_key": "ingest"}
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"lang": "py", "task": task, "id": "a"},
            "properties": {"delivery_tag": "t", "delivery_info": place, "body_encoding": "base64"},
        }
    )


MALFORMED = (
    b"\xff\x00" + SECRET.encode(),
    "{" + SECRET,
    "7",
    "{}",
    json.dumps({"body": SECRET, "properties": {"delivery_tag": "t", "delivery_info": {}}}),
    task_message(7),
    task_message([[SECRET], {}]),
    task_message([[], {}, {}]),
    task_message([[None], {}, {}]),
    task_message([[{"a": SECRET}], {}, {}]),
    task_message([["x", "y", "z"], {}, {}]),
    task_message([["x"], {}, {}], "ingest.never_heard_of"),
)


def test_a_worker_outlives_whatever_lies_in_its_queue(workers, rows, monkeypatch):  # noqa: F811
    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:1/api/v10")
    client, name = broker_redis(), "7:1"
    worker = workers.start("ingest")
    for bad in MALFORMED:
        client.lpush("ingest", bad)
    ledger.put(client, "ingest", [(name, payload(name, Events().seen("still here")))])
    queue.send("ingest.apply", name)
    end = time.monotonic() + 30
    while ledger.depth(client, "ingest"):
        assert worker.poll() is None, workers.log()[-2000:]
        assert time.monotonic() < end, "the worker takes nothing more"
        time.sleep(0.1)
    assert rows("SELECT content FROM messages") == [("still here",)]
    assert worker.poll() is None
    assert client.llen("ingest") == 0
    assert "a message in queue ingest was dropped: its body is no signature" in workers.log()
