"""What becomes of connections that died while nobody used them, and what asking costs."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core import db
from tests.factories.hall import rows

KILL = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'heorot' AND pid = %s"


def used(pool):
    """The number of the server's process behind the pool's connection."""
    with pool().connect() as connection:
        return connection.scalar(text("SELECT pg_backend_pid()"))


@pytest.fixture(params=["engine", "reader"])
def pool(request, database):
    return getattr(db, request.param)


def test_one_that_died_in_a_pause_is_replaced_unseen(pool, monkeypatch):
    monkeypatch.setattr(db, "_ASKED_AFTER_SECONDS", 0.0)
    first = used(pool)
    assert used(pool) == first
    assert rows(KILL, first) == [(True,)]
    assert used(pool) != first


def test_one_that_died_while_it_was_busy_fails_once(pool, monkeypatch):
    monkeypatch.setattr(db, "_ASKED_AFTER_SECONDS", 3600.0)
    first = used(pool)
    assert rows(KILL, first) == [(True,)]
    with pytest.raises(OperationalError):
        used(pool)
    assert used(pool) != first


@pytest.mark.parametrize(("pause", "trips"), [(0.0, 3), (3600.0, 0)])
def test_asking_is_a_trip_that_only_a_pause_is_worth(pool, monkeypatch, pause, trips):
    monkeypatch.setattr(db, "_ASKED_AFTER_SECONDS", pause)
    used(pool)
    asked = []
    monkeypatch.setattr(pool().dialect, "do_ping", lambda connection: asked.append(connection) or True)
    for _ in range(3):
        used(pool)
    assert len(asked) == trips


def test_nobody_waits_long_for_more_than_a_process_may_have(database, monkeypatch):
    monkeypatch.setenv("DB_MAX_CONNECTIONS", "1")
    monkeypatch.setenv("DB_CONNECTION_TIMEOUT", "100")
    db.settings.cache_clear()
    with db.reader().connect(), pytest.raises(db.OUTAGES, match="timed out"):
        db.reader().connect()
