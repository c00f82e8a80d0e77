"""Whatever a client sends, the gateway answers it or closes with one of Discord's codes."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.gateway.connection import Connection, Refused
from app.sandbox.seed import new_box

CODES = {4001, 4002, 4003, 4004, 4005, 4010, 4013, 4014}
LOGIN = {"op": 2, "d": {"token": "sandbox", "intents": 3276799, "properties": {}}}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    [
        "token",
        "intents",
        "shard",
        "seq",
        "session_id",
        "guild_id",
        "channel_id",
        "limit",
        "query",
        "user_ids",
        "nonce",
        "large_threshold",
    ],
)
frames = st.fixed_dictionaries({"op": st.integers(0, 12) | anything, "d": st.dictionaries(fields, anything) | anything})


class Wire:
    def __init__(self):
        self.sent = []

    def send(self, payload):
        self.sent.append(json.loads(payload))

    def send_later(self, seconds, payload):
        self.send(payload)

    def send_many(self, payloads):
        self.sent += [json.loads(p) for p in payloads]

    def abort(self):
        self.sent.clear()


class Request:
    host = "127.0.0.1:8000"


def connection():
    made = Connection(new_box("sandbox"), Request(), Wire())
    made.hello()
    return made


@given(st.lists(frames, max_size=4), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_frame_breaks_the_gateway(sent, logs_in):
    made = connection()
    codes = set()

    async def receive_all() -> None:
        for frame in [LOGIN, *sent] if logs_in else sent:
            try:
                made.receive(json.dumps(frame))
            except Refused as refused:
                codes.add(refused.code)

    # A heartbeat is answered by the event loop.
    asyncio.run(receive_all())
    assert codes <= CODES


@given(st.text(max_size=40))
def test_text_that_is_no_json_object_is_refused(text):
    made = connection()
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        with pytest.raises(Refused) as refused:
            made.receive(text)
        assert refused.value.code == 4002


def test_a_login_is_greeted_with_ready_and_every_guild():
    made = connection()
    made.receive(json.dumps(LOGIN))
    assert [frame.get("t") for frame in made.wire.sent] == [None, "READY", "GUILD_CREATE", "GUILD_CREATE"]
    assert [frame["s"] for frame in made.wire.sent] == [None, 1, 2, 3]
