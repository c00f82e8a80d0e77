"""Whatever order, duplication and division into batches: the same history ends in the same rows."""

import threading
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.activity.ingest.service import Ports, apply
from app.activity.messages.rules import created_ms
from app.core import clock
from app.core.db import engine, unit_of_work
from tests.factories.events import Events, millis

STATE = {
    "messages": "id, guild_id, channel_id, author_id, content, kind, attachments, seq, edited_at, deleted_at,"
    " embedding_stale_at IS NULL",
    "message_revisions": "message_id, written_at, content, seq",
    "reactions": "message_id, user_id, emoji, reacted_at, removed_at, seq",
    "reaction_clears": "message_id, emoji, cleared_at, seq",
    "voice_sessions": "user_id, seq, channel_id, flags, started_at, ended_at",
    "members": "user_id, nick, roles, joined_at, left_at, invite_code, first_seen, message_count, voice_seconds, seq,"
    " presence_seq, invite_seq, last_message_at",
    "daily_activity": "user_id, day, messages, voice_seconds",
    "users": "id, name, display_name, seq",
    "channels": "id, name, kind, deleted_at, seq, presence_seq",
    "guilds": "id, name, left_at, seq, presence_seq",
    "roles": "id, name, deleted_at, seq",
    "invites": "code, deleted_at, max_uses, seq",
    "channel_watermarks": "channel_id, complete_to",
}
TABLES = (*STATE, "ingest_batches", "event_outcomes", "dead_letters")
PORTS = Ports("store", lambda *_: None, lambda *_: None, lambda *_: lambda: None, lambda *_: None)


def apply_batch(name: str, batch: list[Any]) -> None:
    with unit_of_work() as uow:
        apply(uow.session, name, batch, ports=PORTS, now=clock.now())
        uow.commit()


def state() -> dict[str, list[tuple[Any, ...]]]:
    with engine().connect() as connection:
        return {
            table: sorted((tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table}"))), key=repr)
            for table, columns in STATE.items()
        }


def outcome(batches: list[list[Any]]) -> dict[str, list[tuple[Any, ...]]]:
    with engine().begin() as connection:
        # Faster than TRUNCATE, which rewrites every partition.
        for table in TABLES:
            connection.execute(text(f"DELETE FROM {table}"))
    for number, batch in enumerate(batches):
        apply_batch(f"1:{number}", batch)
    return state()


def _event(draw: st.DrawFn, events: Events, target: int, author: int, maker: int) -> Any:
    written = {"id": target, "author_id": author, "author_name": f"n{events.at}"}
    makers = (
        lambda: events.seen(f"text of {target}", **written),
        lambda: events.seen(f"late {events.at}", edited_at=events.at, is_late=True, **written),
        lambda: events.edited(target, f"edit {events.at}", author_id=author),
        lambda: events.edited(target, None, author_id=author, attachments=1),
        lambda: events.deleted(target),
        lambda: events.reacted(target),
        lambda: events.unreacted(target),
        lambda: events.cleared(target, draw(st.sampled_from([None, "👍"]))),
        lambda: events.voice(draw(st.sampled_from([None, 71, 72])), self_mute=draw(st.booleans())),
        lambda: events.joined(nick="new", invite_code="abc"),
        lambda: events.updated(nick=f"nick {events.at}", roles=(1, 2)),
        events.left,
        draw(st.sampled_from([events.guild_seen, events.guild_left])),
        draw(st.sampled_from([events.channel_seen, events.channel_deleted])),
        draw(st.sampled_from([events.role_seen, events.role_deleted])),
        draw(st.sampled_from([events.invited, events.uninvited])),
        lambda: events.watermark(target),
    )
    return makers[maker]()


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """What one channel, two people and three messages go through, in the order of `seq`."""
    events = Events(at=1_790_000_000_000)
    # Written a second apart.
    ids = [events.new_id() + (number * 1000 << 22) for number in range(3)]
    history: list[Any] = []
    message = st.sampled_from(ids)
    for _ in range(draw(st.integers(1, 14))):
        # Clocks stand still and go back.
        events.at += draw(st.sampled_from([-1500, 0, 700, 90_000, 50_000_000]))
        # A message has one author; what belongs to it says so each time.
        target = draw(message)
        author = 3000 + target % 2
        events.user = draw(st.sampled_from([3000, 3001]))
        maker = draw(st.integers(0, 16))
        history.append(_event(draw, events, target, author, maker))
    return history


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Any], list[list[Any]]]:
    history = draw(histories())
    again = draw(st.lists(st.sampled_from(history), max_size=4))
    shuffled = draw(st.permutations(history + again))
    batches: list[list[Any]] = []
    while shuffled:
        size = draw(st.integers(1, len(shuffled)))
        batches.append(list(shuffled[:size]))
        shuffled = shuffled[size:]
    return history, batches


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(delivery=deliveries())
def test_any_delivery_ends_in_the_same_rows(database, delivery):
    history, batches = delivery
    expected = outcome([[event] for event in history])
    assert outcome(batches) == expected
    counted = {(row[0]): row[7] for row in expected["members"] if row[7]}
    stored: dict[int, list[int]] = {}
    for row in expected["messages"]:
        if row[3] is not None:
            stored.setdefault(row[3], []).append(row[0])
    assert counted == {author: len(ids) for author, ids in stored.items()}
    last = {row[0]: millis(row[12]) for row in expected["members"] if row[12]}
    assert last == {author: created_ms(max(ids)) for author, ids in stored.items()}


def test_concurrent_workers_over_the_same_rows_neither_deadlock_nor_count_twice(database):
    events = Events()
    ids = [events.new_id() for _ in range(60)]
    batches: list[list[Any]] = []
    for round_ in range(12):
        batch: list[Any] = []
        for message in ids:
            events.user = 3000 + message % 7
            batch.append(events.seen("text", id=message))
            batch.append(events.edited(message, f"edit {round_}", edited_at=events.at + round_))
            batch.append(events.reacted(message, user_id=3000 + (message + round_) % 7))
            batch.append(events.voice(71 + round_ % 2, user_id=3000 + (message * 3 + round_) % 7))
            batch.append(events.updated(nick=f"n{round_}", user_id=3000 + (message * 5) % 7))
        batch.append(events.deleted(*ids[round_ * 2 : round_ * 2 + 2]))
        batch.append(events.cleared(ids[-round_ - 1]))
        batches.append(batch[:: 1 if round_ % 2 else -1])
    failures: list[BaseException] = []

    def work(mine: list[tuple[int, list[Any]]]) -> None:
        try:
            for number, batch in mine:
                apply_batch(f"1:{number}", batch)
        except BaseException as error:  # noqa: BLE001 - the test shows whatever a thread failed with.
            failures.append(error)

    numbered = list(enumerate(batches))
    threads = [threading.Thread(target=work, args=(numbered[n::3] + numbered[(n + 1) % 3 :: 3],)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timedelta(minutes=2).total_seconds())
    assert failures == []
    concurrent = state()
    assert concurrent == outcome(batches)
    assert sum(row[7] for row in concurrent["members"]) == len(ids)
