"""Real prefork workers, killed with -9 in the middle of batches."""

import time

import pytest

from app.core import ledger, queue
from app.core.db import engine
from app.core.redis import broker_redis
from tests.factories.events import Events, payload
from tests.factories.hall_fixtures import workers  # noqa: F401 - a fixture.


def until(condition, what, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still waiting: {what}"
        time.sleep(0.1)


def in_progress() -> int:
    """How many batches are inside a transaction, held up by the lock that the test holds."""
    with engine().connect() as connection:
        statement = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return connection.exec_driver_sql(statement).scalar_one()


@pytest.mark.slow
def test_batches_under_way_in_killed_workers_are_swept_up_and_applied_once(workers, rows):  # noqa: F811
    from tasks.ledger import sweep

    events, client = Events(), broker_redis()
    names = []
    for number in range(30):
        name = f"7:{number:019d}"
        ledger.put(client, "ingest", [(name, payload(name, *(events.seen(f"text {number}") for _ in range(50))))])
        queue.send("ingest.apply", name)
        names.append(name)
    with engine().begin() as gate:
        # Batches stop in the middle of their transaction, after they claimed their id.
        gate.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('ingest', 0))")
        killed = workers.start("ingest")
        until(lambda: in_progress() > 0, "a batch that is under way")
        workers.kill(killed)
        assert rows("SELECT count(*) FROM messages") == [(0,)]
    assert ledger.depth(client, "ingest") == 30
    # What was lost with the worker is offered again once its time has come.
    client.delete("ingest")
    client.zadd(ledger.due_key("ingest"), dict.fromkeys(names, 1.0))
    workers.start("ingest")
    sweep()
    until(lambda: ledger.depth(client, "ingest") == 0, "an empty ledger")
    assert rows("SELECT count(*) FROM messages") == [(1500,)]
    assert rows("SELECT sum(message_count) FROM members") == [(1500,)]
    assert rows("SELECT count(*) FROM ingest_batches") == [(30,)]
    assert rows("SELECT count(*) FROM dead_letters") == [(0,)]
