"""What the transport takes for one of Celery's messages."""

import base64
import json
from typing import Any

import pytest

from app.core.transport import fault_of
from tasks.celery import app

PLACE = {"exchange": "", "routing_key": "ingest"}


def encoded(body: object) -> str:
    return base64.b64encode(json.dumps(body).encode()).decode()


def message(**changes: Any) -> dict[str, Any]:
    """A task message as Celery writes it, with these parts changed."""
    return {
        "body": encoded([["7:1"], {}, {"callbacks": None}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "ingest.apply", "id": "a"},
        "properties": {"delivery_tag": "t", "delivery_info": PLACE, "body_encoding": "base64"},
        **changes,
    }


def test_a_task_message_and_a_message_of_control_pass():
    assert fault_of(message()) is None
    assert fault_of(message(headers={}, body=encoded({"method": "ping"}))) is None
    assert fault_of(message(headers=None)) is None


def test_what_celery_itself_writes_passes():
    written = app.amqp.as_task_v2("a", "ingest.apply", ("7:1",), {})
    assert fault_of(message(headers=written.headers, body=encoded(written.body))) is None


@pytest.mark.parametrize(
    "wrong",
    [
        7,
        None,
        [],
        {},
        {"body": "e30=", "properties": []},
        message(properties={"delivery_info": PLACE}),
        message(properties={"delivery_tag": "t", "delivery_info": {}}),
        message(properties={"delivery_tag": "t"}),
        message(headers=[1]),
        message(headers={"task": 7, "id": "a"}),
        message(headers={"task": "ingest.apply"}),
        message(body=None),
        message(body="%%%"),
        message(body=encoded(7)),
        message(body=encoded([])),
        message(body=encoded([["a"], {}])),
        message(body=encoded(["a", {}, {}])),
        message(body=encoded([[], [], {}])),
        message(body=encoded([[], {}, 7])),
        message(body=base64.b64encode(b"{no json").decode()),
        message(body=base64.b64encode(b"\xff\xfe\x00").decode()),
        {**message(), "content-type": "application/x-python-serialize"},
    ],
)
def test_anything_else_is_named(wrong):
    assert fault_of(wrong)
