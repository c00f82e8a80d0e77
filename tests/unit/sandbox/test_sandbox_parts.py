"""Small parts of the sandbox: ids, frames, faults, sessions, drafts, seeds."""

import struct
import zlib

import pytest

from app.sandbox import ids
from app.sandbox.actions.drafts import Draft, check, finished_components
from app.sandbox.constants import Intent
from app.sandbox.errors import DiscordError, invalid_form
from app.sandbox.faults import Faults
from app.sandbox.files import Files, StoredFile, avatar, describe
from app.sandbox.gateway.session import Session
from app.sandbox.gateway.wire import frame
from app.sandbox.hub import Event, intent_of
from app.sandbox.interactions.catalogue import check as check_commands
from app.sandbox.interactions.catalogue import localized
from app.sandbox.seed import new_box


def test_snowflakes_rise_even_when_the_clock_steps_back():
    times = iter([1_700_000_000.0, 1_700_000_000.0, 1_600_000_000.0, 1_700_000_001.0])
    source = ids.Snowflakes(lambda: next(times))
    made = [source.next() for _ in range(4)]
    assert made == sorted(set(made))
    assert ids.moment_of(made[0]).timestamp() == 1_700_000_000.0
    assert ids.moment_of(made[3]).timestamp() == 1_700_000_001.0


def test_two_sandboxes_are_seeded_alike():
    first, second = new_box("a").world, new_box("b").world
    assert list(first.channels) == list(second.channels)
    assert list(first.users) == list(second.users)
    assert {g.name: g.locale for g in first.guilds.values()} == {"Mead Hall": "en-US", "L'Atelier": "fr"}


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_have_the_header_of_their_size(size):
    made = frame(b"x" * size)
    short = made[1]
    assert made[0] == 0x81
    length = {126: lambda: struct.unpack(">H", made[2:4])[0], 127: lambda: struct.unpack(">Q", made[2:10])[0]}
    assert length.get(short, lambda: short)() == size
    assert made.endswith(b"x" * size)


class Now:
    time = 0.0

    def __call__(self) -> float:
        return self.time


def test_faults_strike_as_often_or_as_long_as_asked():
    now = Now()
    faults = Faults(now)
    faults.add("429", 2, 0.5)
    assert [len(faults.hit("/x")) for _ in range(3)] == [1, 1, 0]
    faults.add("5xx", None, 10)
    assert len(faults.hit("/x")) == 1
    now.time = 11
    assert faults.hit("/x") == []
    faults.add("delay", 1, 1, route="/messages")
    assert faults.hit("/users") == []
    assert len(faults.hit("/channels/1/messages")) == 1


def test_a_delay_and_one_failure_strike_together():
    faults = Faults(Now())
    for kind in ("delay", "429", "5xx"):
        faults.add(kind, 1, 0)
    assert [f.kind for f in faults.hit("/x")] == ["delay", "429"]
    assert [f.kind for f in faults.hit("/x")] == ["5xx"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("drop the socket", "drop"),
        ("Invalid Session", "invalid_session"),
        ("rate-limit", "429"),
        ("503", "5xx"),
        ("http_500", "5xx"),
        ("REST 429", "429"),
        ("rate limited", "429"),
        ("disconnect", "drop"),
        ("gateway drop", "drop"),
        ("latency", "delay"),
        ("x", None),
    ],
)
def test_faults_have_plain_names(word, kind):
    assert Faults.kind_of(word) == kind


class Wire:
    def __init__(self):
        self.sent = []

    def send(self, payload):
        self.sent.append(payload)

    def send_many(self, payloads):
        self.sent += payloads

    def backlog(self):
        return 0


def test_a_session_numbers_keeps_and_replays():
    session = Session("s", 0, (0, 1), replay_limit=3)
    for number in range(5):
        session.dispatch("A", str(number).encode())
    assert not session.can_resume(1, 60)
    assert session.can_resume(2, 60)
    assert not session.can_resume(6, 60)
    assert not session.can_resume(2, -1)
    wire = Wire()
    session.attach(wire)
    session.replay(3)
    assert wire.sent == [b'{"t":"A","s":4,"op":0,"d":3}', b'{"t":"A","s":5,"op":0,"d":4}']
    session.dispatch_many("B", [b"x", b"y"])
    assert wire.sent[-1] == b'{"t":"B","s":7,"op":0,"d":y}'
    other = Wire()
    session.attach(other)
    session.detach(wire)
    assert session.wire is other


@pytest.mark.parametrize(
    ("name", "guild", "intent"),
    [
        ("MESSAGE_CREATE", 1, Intent.GUILD_MESSAGES),
        ("MESSAGE_CREATE", 0, Intent.DIRECT_MESSAGES),
        ("MESSAGE_REACTION_ADD", 1, Intent.GUILD_MESSAGE_REACTIONS),
        ("GUILD_MEMBER_ADD", 1, Intent.GUILD_MEMBERS),
        ("GUILD_ROLE_CREATE", 1, Intent.GUILDS),
        ("THREAD_CREATE", 1, Intent.GUILDS),
        ("INTERACTION_CREATE", 1, 0),
    ],
)
def test_events_need_their_intent(name, guild, intent):
    assert intent_of(Event(name, {}, guild)) == intent


def fails(draft):
    with pytest.raises(DiscordError) as refused:
        check(draft)
    return refused.value


def test_drafts_keep_discords_limits():
    check(Draft(content="x" * 2000))
    assert fails(Draft(content="x" * 2001)).errors["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"
    assert fails(Draft(content=" \n")).code == 50006
    assert "embeds" in fails(Draft(embeds=[{"title": "x"}] * 11)).errors
    assert "0" in fails(Draft(embeds=[{"description": "x" * 4097}])).errors["embeds"]
    big = [{"description": "x" * 4000}, {"description": "x" * 2001}]
    assert fails(Draft(embeds=big)).errors["embeds"]["_errors"][0]["code"] == "MAX_EMBED_SIZE_EXCEEDED"
    row = {"type": 1, "components": [{"type": 2, "custom_id": "a"}]}
    assert "components" in fails(Draft(components=[row, row])).errors
    assert "components" in fails(Draft(components=[{"type": 1, "components": []}])).errors
    assert "components" in fails(Draft(components=[{"type": 2, "custom_id": "a"}])).errors


def test_components_get_numbers_and_defaults():
    made = finished_components([{"type": 1, "components": [{"type": 3, "custom_id": "s", "placeholder": None}]}])
    assert made == [
        {"type": 1, "id": 1, "components": [{"type": 3, "custom_id": "s", "id": 2, "min_values": 1, "max_values": 1}]}
    ]


def test_form_errors_are_nested():
    assert invalid_form("a.0.b", "C", "m").body["errors"] == {
        "a": {"0": {"b": {"_errors": [{"code": "C", "message": "m"}]}}}
    }


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ({"name": "Upper", "description": "d"}, ("0", "name")),
        ({"name": "no", "description": ""}, ("0", "description")),
        ({"name": "no", "description": "d", "name_localizations": {"fr": "Non"}}, ("0", "name_localizations", "fr")),
        (
            {
                "name": "no",
                "description": "d",
                "options": [
                    {"name": "a", "description": "d", "type": 3},
                    {"name": "b", "description": "d", "type": 3, "required": True},
                ],
            },
            ("0", "options", "1"),
        ),
    ],
)
def test_bad_commands_are_refused_where_they_are_bad(command, place):
    with pytest.raises(DiscordError) as refused:
        check_commands([command])
    errors = refused.value.errors
    for part in place:
        errors = errors[part]
    assert errors["_errors"]


def test_commands_are_shown_in_the_users_language():
    choices = [{"name": "red", "name_localizations": {"fr": "rouge"}, "value": "r"}]
    command = {
        "name": "ping",
        "name_localizations": {"fr": "pouls"},
        "description": "d",
        "options": [{"name": "o", "choices": choices}],
    }
    shown = localized(command, "fr")
    assert (shown["name"], shown["name_localized"], shown["description_localized"]) == ("ping", "pouls", "d")
    assert shown["options"][0]["choices"][0]["name_localized"] == "rouge"
    assert localized(command, "de")["name_localized"] == "ping"


def test_files_are_described_and_the_oldest_go():
    kept = Files(limit=10)
    for number in range(3):
        kept.put(number, StoredFile("a.txt", "text/plain", b"12345"))
    assert kept.get(0) is None
    assert kept.get(2) is not None
    picture = StoredFile("a.png", "image/png", avatar(1, 16))
    body = describe(5, 6, picture, "http://h", "note")
    assert (body["width"], body["height"], body["description"]) == (16, 16, "note")
    assert body["url"] == "http://h/attachments/6/5/a.png"


def test_default_avatars_are_pictures():
    data = avatar(3, 8)
    assert data.startswith(b"\x89PNG")
    start = data.index(b"IDAT") + 4
    size = struct.unpack(">I", data[start - 8 : start - 4])[0]
    assert len(zlib.decompress(data[start : start + size])) == 8 * (8 * 4 + 1)
