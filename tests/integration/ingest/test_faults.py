"""One bad event costs none of the others, and nothing crashes for ever."""

import json

import pytest
import sqlalchemy.exc

from app.activity.deadletters.rules import as_entry
from app.cli import deadletter
from app.core import ledger
from app.core.errors import BadInput
from app.core.redis import broker_redis
from tests.factories.events import payload

LETTERS = "SELECT event_type, guild_id, user_id, reason FROM dead_letters ORDER BY id"


def drain(hand_in, limit=200):
    """Run everything that is in the ledger, again and again, as sweeps would."""
    for _ in range(limit):
        left = hand_in.left()
        if not left:
            return
        for entry_id in left:
            try:
                hand_in.run(entry_id)
            except Exception:  # noqa: BLE001 - a task that asks to be retried raises the fault when called directly.
                continue
    raise AssertionError(f"still in the ledger: {hand_in.left()}")


def test_an_event_that_the_database_refuses_is_found_and_buried_alone(hand_in, events, rows, execute):
    execute("ALTER TABLE messages ADD CONSTRAINT picky CHECK (content <> 'bad')")
    batch = [events.seen(f"good {n}") for n in range(20)]
    batch.insert(13, events.seen("bad", author_id=3013))
    hand_in.put(*batch)
    drain(hand_in)
    assert rows("SELECT count(*) FROM messages") == [(20,)]
    assert rows("SELECT sum(message_count) FROM members") == [(20,)]
    assert rows(LETTERS) == [("message_seen", 1000, 3013, rows(LETTERS)[0][3])]
    assert "picky" in rows(LETTERS)[0][3]
    assert "bad" not in rows(LETTERS)[0][3]
    assert broker_redis().hlen(ledger.faults_key("ingest")) == 0


def test_a_whole_entry_is_tried_three_times_before_it_is_divided(hand_in, events, rows, execute):
    execute("ALTER TABLE messages ADD CONSTRAINT picky CHECK (content <> 'bad')")
    name = hand_in.put(events.seen("bad"), events.seen("good"))
    for _ in range(2):
        with pytest.raises(sqlalchemy.exc.IntegrityError):
            hand_in.run(name)
        assert hand_in.left() == [name]
    execute("ALTER TABLE messages DROP CONSTRAINT picky")
    hand_in.run(name)
    assert rows("SELECT count(*) FROM messages") == [(2,)]
    assert rows("SELECT count(*) FROM dead_letters") == [(0,)]


def test_an_outage_is_no_fault(hand_in, events, rows, monkeypatch):
    from app.activity.ingest import service

    def away(*_args, **_values):
        raise sqlalchemy.exc.OperationalError("SELECT 1", {}, Exception("gone"))

    name = hand_in.put(events.seen())
    with monkeypatch.context() as patch:
        patch.setattr(service, "apply", away)
        for _ in range(5):
            with pytest.raises(sqlalchemy.exc.OperationalError):
                hand_in.run(name)
    assert broker_redis().hlen(ledger.faults_key("ingest")) == 0
    hand_in.run(name)
    assert rows("SELECT count(*) FROM messages") == [(1,)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a batch"),
        (b"\xff\xfe", "not a batch"),
        (b"[1,2]", "not a batch"),
        (b'{"v":1,"id":"x"}', "missing required field `events`"),
        (b'{"v":2,"id":"x","events":[]}', "version 2"),
        (b'{"v":"1","id":"x","events":[]}', "not a batch"),
    ],
)
def test_a_payload_that_is_no_batch_of_ours_is_a_dead_letter(hand_in, rows, content, reason):
    hand_in.both(content)
    assert hand_in.left() == []
    ((_, _, _, said),) = rows(LETTERS)
    assert reason in said
    assert bytes(rows("SELECT payload FROM dead_letters")[0][0]) == content


def _with(event, **changes):
    raw = json.loads(payload("7:1", event))
    raw["events"][0].update(changes)
    return raw["events"][0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"t": "message_sung"}, "t"),
        ({"id": -5}, "id"),
        ({"id": 2**63}, "id"),
        ({"id": "12"}, "id"),
        ({"seq": 0}, "seq"),
        ({"guild_id": -1}, "guild_id"),
        ({"author_id": None}, "author_id"),
        ({"content": "x" * 9000}, "content"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_malformed_event_is_a_dead_letter_and_its_neighbours_are_stored(hand_in, events, rows, changes, reason):
    good, bad = events.seen("good"), _with(events.seen("bad"), **changes)
    batch = {"v": 1, "id": "7:1", "events": [_with(good), bad, _with(events.seen("also good"))]}
    hand_in.both(json.dumps(batch).encode())
    assert rows("SELECT content FROM messages ORDER BY id") == [("good",), ("also good",)]
    ((_, _, _, said),) = rows(LETTERS)
    assert reason in said
    assert "sung" not in said


def test_a_lone_surrogate_that_slipped_through_is_replaced(hand_in, events, rows):
    broken = payload("7:1", events.seen("good"), events.seen("MARK")).replace(b"MARK", rb"\ud800")
    hand_in.both(broken)
    assert rows("SELECT content FROM messages ORDER BY id") == [("good",), ("\ufffd",)]
    assert rows("SELECT count(*) FROM dead_letters") == [(0,)]


def test_dead_letters_are_listed_replayed_and_dropped(hand_in, events, rows, execute, capsys):
    from app.cli.main import main

    execute("ALTER TABLE messages ADD CONSTRAINT picky CHECK (content <> 'bad')")
    for _ in range(2):
        hand_in.put(events.seen("bad"))
    drain(hand_in)
    assert main(["deadletter", "list", "--json"]) == 0
    output = capsys.readouterr().out
    first, second = json.loads(output)["deadletters"]
    assert first["event_type"] == "message_seen"
    assert '"bad"' not in output
    execute("ALTER TABLE messages DROP CONSTRAINT picky")
    assert main(["deadletter", "replay", str(first["id"]), "--json"]) == 0
    drain(hand_in)
    assert rows("SELECT content FROM messages") == [("bad",)]
    assert main(["deadletter", "drop", "--all"]) == 0
    assert "1 dropped" in capsys.readouterr().out
    assert main(["deadletter", "drop", str(second["id"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"dropped": 0}
    assert main(["deadletter", "list"]) == 0
    assert "no dead letters" in capsys.readouterr().out
    assert main(["deadletter", "drop"]) == 1
    assert "--all" in capsys.readouterr().err
    for action in ("drop", "replay"):
        for wrong in ("9" * 30, "0"):
            assert main(["deadletter", action, "1", wrong]) == 1
            assert f"{wrong} is no dead letter's id" in capsys.readouterr().err


def test_a_letter_that_fails_again_is_a_letter_again(hand_in, rows):
    hand_in.both(b'{"v":9,"id":"x","events":[]}')
    assert deadletter.replay(None) == 1
    drain(hand_in)
    assert rows("SELECT count(*) FROM dead_letters") == [(1,)]
    assert as_entry(1, b"nonsense") == ("replay:0000000000000000001", b"nonsense")
    with pytest.raises(BadInput):
        deadletter._chosen(type("Arguments", (), {"ids": [1], "all": True}))


def test_the_ledger_is_shown_and_offered_again(hand_in, events, sent, capsys):
    from app.cli.main import main

    name = hand_in.put(events.seen())
    assert main(["ledger", "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ingest"]["entries"] == 1
    assert main(["ledger", "replay", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"offered": 1, "repaired": 0}
    assert sent == [("ingest.apply", (name,))]
    assert main(["ledger", "status"]) == 0
    assert "ingest: 1 entries" in capsys.readouterr().out


def test_the_sweep_offers_what_is_due_and_what_lost_its_time(hand_in, events, sent):
    from tasks.ledger import sweep

    fresh, due, lost = (hand_in.put(events.seen()) for _ in range(3))
    client = broker_redis()
    client.zadd(ledger.due_key("ingest"), {due: 1})
    client.zrem(ledger.due_key("ingest"), lost)
    sweep()
    assert sorted(sent) == [("ingest.apply", (due,)), ("ingest.apply", (lost,))]
    sent.clear()
    sweep()
    assert sent == []
    assert fresh in hand_in.left()


def test_what_must_wait_takes_effect_after_everything_older(hand_in, events, rows):
    message = events.seen("gone")
    older = hand_in.put(message, entry_id="7:0000000000000000010")
    other_bot = hand_in.put(events.seen("elsewhere"), entry_id="8:0000000000000000001")
    newer = hand_in.put(
        events.seen("new"),
        events.watermark(message.id),
        events.listed(after_id=message.id - 1, up_to_id=message.id),
        entry_id="7:0000000000000000020",
    )
    hand_in.run(newer)
    assert rows("SELECT content FROM messages") == [("new",)]
    assert rows("SELECT count(*) FROM channel_watermarks") == [(0,)]
    assert hand_in.left() == [older, f"{newer}.w", other_bot]
    hand_in.run(f"{newer}.w")
    assert rows("SELECT count(*) FROM channel_watermarks") == [(0,)]
    hand_in.run(older)
    hand_in.run(f"{newer}.w")
    assert rows("SELECT complete_to FROM channel_watermarks") == [(message.id,)]
    assert rows("SELECT content FROM messages ORDER BY id") == [(None,), ("new",)]
    assert hand_in.left() == [other_bot]


def test_watermarks_never_move_back(hand_in, events):
    from app.activity.ingest.queries import watermarks

    hand_in.both(events.watermark(50))
    hand_in.both(events.watermark(40), events.watermark(45, channel_id=2001))
    assert sorted(watermarks()) == [(1000, 2000, 50), (1000, 2001, 45)]


def test_event_numbers_are_given_out_once_and_never_fall_behind_the_clock(database):
    from app.activity.ingest.service import reserve_numbers

    first, second, third = (reserve_numbers(count) for count in (10, 1_000_000_000, 5))
    assert second >= first + 10
    assert third >= second + 1_000_000_000
    assert first > 1_700_000_000_000_000


def test_our_own_post_is_confirmed(hand_in, events, rows, execute):
    execute(
        "INSERT INTO outbound_posts (guild_id, channel_id, nonce, kind, dedupe_key, body, expires_at)"
        " VALUES (1000, 2000, 'abc', 'test', 'x', '{}', now() + interval '1 hour')"
    )
    hand_in.both(events.own_post("abc", 77), events.own_post("unknown", 78))
    assert rows("SELECT message_id, confirmed_at IS NOT NULL FROM outbound_posts") == [(77, True)]
    assert rows("SELECT count(*) FROM messages") == [(0,)]
