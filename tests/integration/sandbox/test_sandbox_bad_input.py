"""Whatever is sent to the control API or the REST API, the answer is a clear refusal and never a crash."""

import random

import pytest

from app.sandbox.control.routes import ROUTES as CONTROL
from app.sandbox.rest.routes import ROUTES as REST

ODD = [
    None,
    True,
    False,
    0,
    -1,
    1 << 70,
    1.5,
    "",
    "x",
    "\x00",
    "1",
    "٣",
    [],
    [1],
    [None],
    ["a"],
    {},
    {"a": 1},
    "é" * 3000,
]
NAMES = [
    *(
        "channel",
        "author",
        "content",
        "attachments",
        "reply_to",
        "nonce",
        "message",
        "messages",
        "user",
        "emoji",
        "action",
    ),
    *("guild", "name", "type", "topic", "parent", "private", "roles", "owner", "locale", "bot", "invite", "nick"),
    *(
        "timeout_until",
        "custom_id",
        "options",
        "values",
        "fields",
        "target",
        "kind",
        "count",
        "seconds",
        "event",
        "data",
        "text",
    ),
    *(
        "authors",
        "per_second",
        "embeds",
        "components",
        "message_reference",
        "flags",
        "permission_overwrites",
        "applied_tags",
        "available_tags",
        "tags",
    ),
]


USEFUL = ("user", "channel", "type", "name", "options", "custom_id", "message")


def body(source, real, path=""):
    names = source.sample(NAMES, source.randint(0, 8))
    if path.endswith("interactions"):
        # Most of what is odd lies behind a user, a channel and a command that exist.
        return {name: source.choice(real[name]) for name in USEFUL} | {n: source.choice(ODD) for n in names[:1]}
    return {name: source.choice([*ODD, *real.get(name, [])]) for name in names}


COMMANDS = [
    {
        "name": "all",
        "description": "d",
        "options": [{"type": t, "name": f"o{t}", "description": "d", "autocomplete": t == 3} for t in range(3, 12)],
    },
    {
        "name": "set",
        "description": "d",
        "options": [
            {"type": 2, "name": "it", "description": "d", "options": [{"type": 1, "name": "now", "description": "d"}]}
        ],
    },
]
PARTS = [
    {"type": 1, "components": [{"type": 2, "style": 1, "label": "b", "custom_id": "press"}]},
    {"type": 1, "components": [{"type": 5, "custom_id": "pick"}]},
]


@pytest.fixture
async def real(local):
    application = local.box.world.application.id
    assert (await local.rest("PUT", f"/applications/{application}/commands", COMMANDS))[0] == 200
    panel = {"content": "x", "components": PARTS}
    _, message = await local.rest("POST", f"/channels/{local.channel()}/messages", panel)
    ids = {
        "channel": [str(local.channel()), str(local.channel("Hearth"))],
        "guild": [str(local.guild().id)],
        "user": [str(local.user())],
        "author": [str(local.user())],
        "owner": [str(local.user())],
        "type": ["command", "button", "modal", "autocomplete", "user_command", "text", "dm", "thread", 2, 3],
        "kind": ["429", "delay"],
        "action": ["add", "join", "update"],
        "count": [1],
        "seconds": [0],
        "name": ["name", "all", "set it now", "set"],
        "message": [message["id"]],
        "custom_id": ["press", "pick"],
        "values": [[str(local.user())]],
        "options": [{f"o{t}": odd} for t in range(3, 12) for odd in ODD]
        + [[{"name": "it", "options": odd}] for odd in ODD],
    }
    return {**ids, "parent": ids["channel"], "target": ids["user"]}


@pytest.mark.parametrize("path", [p for method, p, _ in CONTROL if method == "POST"])
async def test_the_control_api_refuses_clearly(local, real, path):
    source = random.Random(path)
    for _ in range(200 if path.endswith("interactions") else 60):
        sent = body(source, real, path)
        async with local.http.post(f"{local.base}{path}", json=sent) as response:
            answer = await response.json()
            assert response.status in {200, 400, 403, 404}, (sent, answer)
            assert response.status == 200 or answer["error"], (sent, answer)
    async with local.http.post(f"{local.base}{path}", data=b"{") as response:
        assert response.status == 400
        assert "not valid JSON" in (await response.json())["error"]
    async with local.http.post(f"{local.base}{path}", data=b"[]") as response:
        assert "must be a JSON object" in (await response.json())["error"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
async def test_the_rest_api_refuses_as_discord_does(local, real, method):
    source = random.Random(method)
    places = {
        "{channel}": str(local.channel()), "{guild}": str(local.guild().id), "{user}": str(local.user("wiglaf")),
        "{application}": str(local.box.world.application.id), "{emoji}": "x", "{target}": str(local.user()),
    }  # fmt: skip
    for path in [p for m, p, _ in REST if m == method]:
        real_path = path
        for name, value in places.items():
            real_path = real_path.replace(name, value)
        for _ in range(15):
            sent = body(source, real)
            headers = {"Authorization": "Bot sandbox"}
            url = f"{local.base}/api/v10{real_path}".replace("{", "").replace("}", "")
            async with local.http.request(method, url, json=sent, headers=headers) as response:
                assert response.status < 500, (method, path, sent, await response.text())
                if response.status >= 400:
                    assert "code" in await response.json()
