"""What the gateway sends has at least the fields of real captures."""

import json

import pytest

from app.sandbox.actions import messages
from app.sandbox.actions.drafts import Draft
from app.sandbox.gateway import payloads
from app.sandbox.interactions.begin import begin
from app.sandbox.render import messages as render
from app.sandbox.seed import new_box

# Fields of the captures that Discord has since stopped sending, or sends to user accounts only.
_GONE = {
    "READY": {"email"},
    "GUILD_CREATE": {"premium_since"},
    "MESSAGE_CREATE": {"avatar_decoration", "nonce"},
}
# Lists and objects whose contents depend on the guild, not on the protocol.
_OPEN = {"emojis", "tags", "available_tags", "presences", "guild_hashes", "unavailable"}


@pytest.fixture
def box():
    return new_box("sandbox")


def missing(captured, sent, gone, path=""):
    """The paths of the capture's fields that are not sent."""
    found = []
    if isinstance(captured, dict) and isinstance(sent, dict):
        for key, value in captured.items():
            place = f"{path}.{key}"
            if key in gone or key in _OPEN:
                continue
            if key not in sent:
                found.append(place)
            else:
                found += missing(value, sent[key], gone, place)
    elif isinstance(captured, list) and isinstance(sent, list) and captured and sent:
        found += missing(captured[0], sent[0], gone, f"{path}[0]")
    return found


def capture(shared_dir, name):
    return json.loads((shared_dir / "fixtures" / "gateway" / f"{name}.json").read_text())


def test_ready_has_the_fields_of_a_real_one(shared_dir, box):
    sent = payloads.ready(box.world, "s", "127.0.0.1:1", (0, 1), list(box.world.guilds))
    assert missing(capture(shared_dir, "READY")["d"], sent, _GONE["READY"] | {"application_id"}) == []


def test_guild_create_has_the_fields_of_a_real_one(shared_dir, box):
    guild = next(iter(box.world.guilds.values()))
    sent = payloads.guild_create(box.world, guild, (1 << 26) - 1)
    wanted = capture(shared_dir, "GUILD_CREATE")["d"]
    assert missing(wanted, sent, _GONE["GUILD_CREATE"]) == []


def test_message_create_has_the_fields_of_a_real_one(shared_dir, box):
    channel = next(c for c in box.world.channels.values() if c.name == "general")
    author = next(u for u in box.world.users.values() if u.username == "beowulf")
    row = messages.create(box, channel, author.id, Draft(content="x"))
    sent = render.dispatched(box.world, row)
    assert missing(capture(shared_dir, "MESSAGE_CREATE")["d"], sent, _GONE["MESSAGE_CREATE"]) == []


@pytest.mark.parametrize(
    ("file", "kind", "number"),
    [("slash", "command", 1), ("user", "user_command", 2), ("message", "message_command", 3)],
)
def test_interactions_have_the_fields_of_the_documented_ones(shared_dir, box, file, kind, number):
    world = box.world
    channel = next(c for c in world.channels.values() if c.name == "general")
    author = next(u for u in world.users.values() if u.username == "beowulf")
    command = {"id": "5", "type": number, "name": "cardsearch", "description": "d", "default_member_permissions": None}
    command["options"] = [{"type": 3, "name": "cardname", "description": "d"}] if number == 1 else []
    world.commands[5] = command
    row = messages.create(box, channel, author.id, Draft(content="x"))
    sent = []
    box.hub.publish = sent.append
    target = {"user_command": {"target": str(author.id)}, "message_command": {"message": str(row.id)}}
    body = {"type": kind, "user": str(author.id), "channel": str(channel.id), "name": "cardsearch"}
    options = {"options": {"cardname": "The Gitrog Monster"}} if number == 1 else target[kind]
    begin(box, {**body, **options}, "http://127.0.0.1:1")
    wanted = capture(shared_dir, f"application-commands__{file}-commands__example-interaction")
    resolved = wanted["data"].pop("resolved", {})
    gone = {"is_pending", "edited_timestamp", "email", "avatar_decoration"}
    assert missing(wanted, sent[0].data, gone) == []
    for name, rows in resolved.items():
        have = sent[0].data["data"]["resolved"][name]
        assert missing(next(iter(rows.values())), next(iter(have.values())), gone) == []
