"""Logging in, resuming, intents and faults with the real client and with a raw socket."""

import asyncio
import zlib

import aiohttp
import discord
import orjson
import pytest

from app.sandbox.box import BOX, Tuning
from app.sandbox.server import create_app, start
from tests.integration.sandbox.clients import Heard


@pytest.fixture
async def raw(local):
    """A plain websocket that has read HELLO."""
    socket = await local.http.ws_connect(f"{local.base}/gateway?v=10&encoding=json")
    hello = await socket.receive_json()
    assert hello["op"] == 10
    assert hello["d"]["heartbeat_interval"] == 41250
    yield socket
    await socket.close()


def identify(**changes):
    properties = {"os": "linux", "browser": "x", "device": "x"}
    return {"op": 2, "d": {"token": "sandbox", "intents": 33281, "properties": properties, **changes}}


async def receive_until(socket, name):
    while True:
        frame = await asyncio.wait_for(socket.receive_json(), 5)
        if frame["t"] == name:
            return frame


async def closed_with(socket):
    while not socket.closed:
        message = await asyncio.wait_for(socket.receive(), 5)
        if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
            return socket.close_code
    return socket.close_code


async def test_a_wrong_token_opens_neither_rest_nor_gateway(local, connect, raw):
    with pytest.raises(discord.LoginFailure):
        await connect(Heard(), token="wrong")
    await raw.send_json(identify(token="wrong"))
    assert await closed_with(raw) == 4004


async def test_a_privileged_intent_that_was_not_granted_is_refused(local, connect):
    await local.post("application", {"message_content": False})
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await connect()
    status, body = await local.rest("GET", "/applications/@me")
    assert status == 200
    assert not body["flags"] & (1 << 19)


async def test_without_the_content_intent_text_comes_only_where_the_bot_is_meant(local, connect):
    await local.post("application", {"message_content": False})
    intents = discord.Intents.all()
    intents.message_content = False
    client = await connect(intents=intents)
    await local.say("secret")
    assert (await client.next("message")).content == ""
    await local.say(f"<@{client.user.id}> hello")
    assert "hello" in (await client.next("message")).content
    place = await local.post("channels", {"type": "dm", "user": str(local.user())})
    await local.post("messages", {"channel": place["id"], "author": str(local.user()), "content": "psst"})
    assert (await client.next("message")).content == "psst"
    own = await client.get_channel(local.channel()).send("mine")
    assert own.content == "mine"
    assert (await client.next("message")).content == "mine"


async def test_a_dropped_socket_is_resumed_and_the_missed_messages_follow(local, connect):
    client = await connect()
    await local.say("before")
    assert (await client.next("message")).content == "before"
    await local.post("faults", {"kind": "drop"})
    for number in range(5):
        await local.say(str(number))
    await client.next("resumed")
    assert [(await client.next("message")).content for _ in range(5)] == ["0", "1", "2", "3", "4"]
    assert client.heard["ready"].empty()


async def test_reconnect_resumes_and_an_invalid_session_logs_in_anew(local, connect):
    client = await connect()
    await local.post("faults", {"kind": "reconnect"})
    await client.next("resumed")
    before = client.ws.session_id
    await local.post("faults", {"kind": "invalid_session"})
    await client.next("ready")
    assert client.ws.session_id != before
    await local.say("again")
    assert (await client.next("message")).content == "again"


async def resume(local, session, sequence):
    socket = await local.http.ws_connect(f"{local.base}/gateway")
    await socket.receive_json()
    await socket.send_json({"op": 6, "d": {"token": "sandbox", "session_id": session, "seq": sequence}})
    return socket, await socket.receive_json()


async def test_a_resume_replays_what_is_kept_and_is_refused_beyond(local, raw):
    local.box.tuning.replay_limit = 3
    await raw.send_json(identify())
    ready = await receive_until(raw, "READY")
    session = ready["d"]["session_id"]
    for _ in range(2):
        last = await receive_until(raw, "GUILD_CREATE")
    await raw.close()
    for number in range(3):
        await local.say(str(number))
    socket, first = await resume(local, session, last["s"])
    assert (first["t"], first["s"], first["d"]["content"]) == ("MESSAGE_CREATE", last["s"] + 1, "0")
    assert [(await socket.receive_json())["t"] for _ in range(3)] == ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
    await socket.close()
    for number in range(4):
        await local.say(str(number))
    socket, refused = await resume(local, session, last["s"])
    assert (refused["op"], refused["d"]) == (9, False)
    await socket.close()
    socket, refused = await resume(local, "nobody", 1)
    assert (refused["op"], refused["d"]) == (9, False)
    await socket.close()


async def test_an_outage_refuses_sockets_until_it_is_over(local, connect):
    client = await connect()
    await local.post("faults", {"kind": "drop", "seconds": 0.3})
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await local.http.ws_connect(f"{local.base}/gateway")
    await local.say("meanwhile")
    assert (await client.next("message")).content == "meanwhile"


async def test_messages_before_identify_and_unknown_opcodes_end_the_socket(local, raw):
    await raw.send_json({"op": 8, "d": {}})
    assert await closed_with(raw) == 4003
    second = await local.http.ws_connect(f"{local.base}/gateway")
    await second.send_json(identify())
    await second.send_json({"op": 99, "d": {}})
    assert await closed_with(second) == 4001


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{not json", 4002),
        ("[]", 4002),
        (orjson.dumps(identify(intents=-1)).decode(), 4013),
        (orjson.dumps(identify(intents=1 << 40)).decode(), 4013),
        (orjson.dumps(identify(shard=[2, 2])).decode(), 4010),
    ],
)
async def test_broken_logins_are_closed_with_discords_codes(raw, sent, code):
    await raw.send_str(sent)
    assert await closed_with(raw) == code


async def test_a_second_identify_is_refused(raw):
    await raw.send_json(identify())
    await raw.send_json(identify())
    assert await closed_with(raw) == 4005


async def test_heartbeats_are_acknowledged_and_counted(local, raw):
    await raw.send_json(identify())
    await receive_until(raw, "READY")
    await raw.send_json({"op": 1, "d": 1})
    while (await raw.receive_json())["op"] != 11:
        pass
    session = (await local.get("sessions"))["sessions"][0]
    assert session["heartbeats"] == 1
    assert session["connected"] is True


async def test_ready_names_our_own_resume_address_and_unwanted_events_stay_away(local, raw):
    await raw.send_json(identify(intents=1))
    ready = await receive_until(raw, "READY")
    assert ready["d"]["resume_gateway_url"] == f"ws://127.0.0.1:{local.port}/gateway"
    guild = (await receive_until(raw, "GUILD_CREATE"))["d"]
    assert [m["user"]["id"] for m in guild["members"]] == [str(local.box.world.application.id)]
    await receive_until(raw, "GUILD_CREATE")
    await local.say("not for you")
    await raw.send_json({"op": 1, "d": None})
    assert (await raw.receive_json())["op"] == 11


async def test_members_are_chunked_on_request(local, connect):
    client = await connect()
    guild = client.get_guild(local.guild().id)
    found = await guild.query_members("beo", limit=5)
    assert [m.name for m in found] == ["beowulf"]
    assert {m.id for m in await guild.query_members(user_ids=[local.user(), 1])} == {local.user()}
    assert len(await guild.chunk(cache=False)) == guild.member_count


async def test_shards_get_the_guilds_that_are_theirs(local, raw):
    await raw.send_json(identify(shard=[0, 2]))
    ready = await receive_until(raw, "READY")
    here = {g["id"] for g in ready["d"]["guilds"]}
    assert here == {str(g.id) for g in local.box.world.guilds.values() if (g.id >> 22) % 2 == 0}


async def test_a_client_that_asks_for_compression_gets_one_zlib_stream(monkeypatch):
    app = create_app(tuning=Tuning(compress=True))
    runner, port = await start("127.0.0.1", 0, app)
    inflate = zlib.decompressobj()
    async with aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"http://127.0.0.1:{port}/gateway?v=10&encoding=json&compress=zlib-stream")
        hello = await socket.receive()
        assert hello.type is aiohttp.WSMsgType.BINARY
        assert hello.data.endswith(b"\x00\x00\xff\xff")
        assert orjson.loads(inflate.decompress(hello.data))["op"] == 10
        await socket.send_json(identify())
        assert orjson.loads(inflate.decompress((await socket.receive()).data))["t"] == "READY"
        await socket.close()
    await runner.cleanup()


async def test_rate_limits_and_server_errors_are_survived(local, connect):
    client = await connect()
    channel = client.get_channel(local.channel())
    await local.post("faults", {"kind": "429", "count": 1, "seconds": 0.05})
    assert (await channel.send("after 429")).content == "after 429"
    await local.post("faults", {"kind": "429", "count": 1, "seconds": 0.05, "scope": "global"})
    assert (await channel.send("after global 429")).content == "after global 429"
    await local.post("faults", {"kind": "delay", "count": 1, "seconds": 0.1})
    assert (await channel.send("after delay")).content == "after delay"
    await local.post("faults", {"kind": "5xx", "count": 1})
    assert (await channel.send("after 502")).content == "after 502"
    assert (await local.get("faults"))["faults"] == []


async def test_every_answer_carries_rate_limit_headers_and_the_bare_content_type(local):
    local.box.tuning.rate_limit = 2
    headers = {"Authorization": "Bot sandbox"}
    for left in ("1", "0"):
        async with local.http.get(f"{local.base}/api/v10/users/@me", headers=headers) as response:
            assert response.headers["Content-Type"] == "application/json"
            assert response.headers["X-RateLimit-Limit"] == "2"
            assert response.headers["X-RateLimit-Remaining"] == left
            assert 0 < float(response.headers["X-RateLimit-Reset-After"]) <= 1
            assert response.headers["X-RateLimit-Bucket"]
    async with local.http.get(f"{local.base}/api/v10/users/@me", headers=headers) as response:
        assert response.status == 429
        body = await response.json()
        assert body["global"] is False
        assert 0 < body["retry_after"] <= 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"kind": "flood"}, "allowed: drop, invalid_session, reconnect, 429, 5xx, delay"),
        ({"kind": "429", "count": 0}, "count is 0; it must be a whole number from 1"),
        ({"kind": "delay", "seconds": -1}, "seconds is -1"),
        ({"kind": "429", "scope": "galaxy"}, "allowed: user, global, shared"),
        ({"kind": "429", "colour": 1}, "unknown field 'colour'"),
    ],
)
async def test_bad_faults_are_refused(local, body, told):
    assert told in (await local.post("faults", body, 400))["error"]
    assert (await local.get("faults"))["faults"] == []


async def test_a_flood_arrives_whole_in_order_and_in_the_history(local, connect):
    client = await connect()
    authors = [str(local.user("beowulf")), str(local.user("wiglaf"))]
    body = {"channel": str(local.channel()), "authors": authors, "count": 1200, "content": "100% sure"}
    done = await local.post("flood", body)
    assert done["count"] == 1200
    seen = [await client.next("message") for _ in range(1200)]
    assert [m.content for m in seen] == [f"100% sure {n}" for n in range(1200)]
    assert [m.id for m in seen] == sorted(m.id for m in seen)
    assert {str(m.author.id) for m in seen[::2]} == {authors[0]}
    rows = await local.get(f"channels/{local.channel()}/messages?limit=2000")
    assert [r["id"] for r in reversed(rows)] == [str(m.id) for m in seen]
    assert all(abs((m.created_at - discord.utils.utcnow()).total_seconds()) < 60 for m in seen)


async def test_the_page_hears_what_its_user_may_see_and_nothing_else(local):
    async with local.http.get(f"{local.base}/sandbox/events?user={local.user('beowulf')}") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert await stream.content.readline() == b"retry: 1000\n"
        await local.say("for moderators", channel="staff", author="wealhtheow")
        await local.post("typing", {"channel": str(local.channel()), "user": str(local.user("wiglaf"))})
        await local.say("for all", author="wiglaf")
        seen = []
        while len(seen) < 2:
            line = await asyncio.wait_for(stream.content.readline(), 5)
            if line.startswith(b"data: "):
                seen.append(orjson.loads(line[6:]))
    assert [e["type"] for e in seen] == ["typing_start", "message_create"]
    assert seen[1]["data"]["content"] == "for all"
    assert local.box.hub.watchers == {} or await asyncio.sleep(0.1) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"Origin": "https://evil.example"},
        {"Host": "127.0.0.1.evil.example"},
    ],
)
async def test_other_names_and_origins_are_refused(local, headers):
    async with local.http.get(f"{local.base}/sandbox/state", headers=headers) as response:
        assert response.status == 403
        assert "this machine only" in (await response.json())["error"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.org", "::"])
async def test_it_does_not_listen_beyond_loopback(host):
    with pytest.raises(Exception, match="this machine only"):
        await start(host, 0)


async def test_a_taken_port_is_one_clear_error(local):
    with pytest.raises(Exception, match=f"cannot listen on 127.0.0.1:{local.port}"):
        await start("127.0.0.1", local.port)


async def test_tests_can_send_events_and_frames_of_their_own(local, raw):
    await raw.send_json(identify())
    await receive_until(raw, "READY")
    await local.post("dispatch", {"event": "SOMETHING_NEW", "data": {"a": 1}})
    event = await receive_until(raw, "SOMETHING_NEW")
    assert event["d"] == {"a": 1}
    assert event["s"] == next(iter(local.box.hub.sessions.values())).sequence
    await local.post("dispatch", {"text": "{broken"})
    assert (await raw.receive()).data == "{broken"
    assert "event is 'no event'" in (await local.post("dispatch", {"event": "no event"}, 400))["error"]


async def test_a_bulk_with_one_bad_message_writes_none(local):
    good = {"channel": str(local.channel()), "author": str(local.user()), "content": "x"}
    body = {"messages": [good, {**good, "content": ""}]}
    assert "empty message" in (await local.post("messages", body, 400))["error"]
    assert await local.get(f"channels/{local.channel()}/messages") == []


@pytest.mark.alone
async def test_stopping_lets_pages_and_clients_go_at_once():
    runner, port = await start("127.0.0.1", 0, create_app())
    async with aiohttp.ClientSession() as http:
        user = runner.app[BOX].world.application.owner_id
        stream = await http.get(f"http://127.0.0.1:{port}/sandbox/events?user={user}")
        await stream.content.readline()
        began = asyncio.get_running_loop().time()
        await runner.cleanup()
        assert asyncio.get_running_loop().time() - began < 1
        stream.close()
