"""Migrations move one process at a time, wait for nobody for long, and say in one line why they did not."""

import subprocess
import sys
import threading
import time
from datetime import timedelta

import psycopg2
import pytest

from app.cli import migrate
from app.cli.main import main
from app.core.clock import now, snowflake_at
from app.core.settings import PROJECT
from tests.factories.hall import rows


def revision():
    return migrate.status()["current"]


@pytest.fixture
def reader(database):
    """Somebody who reads a table and does not finish."""
    connection = psycopg2.connect(database)
    connection.cursor().execute("SELECT count(*) FROM messages")
    yield connection
    connection.close()


def test_only_one_process_migrates_at_a_time(database):
    migrate.down("base")
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    command = [sys.executable, "-m", "app", "migrate", "up"]
    with migrate._locked():
        others = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL) for _ in range(3)]
        deadline = time.monotonic() + 60
        while rows(waiting) != [(3,)]:
            assert time.monotonic() < deadline, "the processes do not wait for each other"
            time.sleep(0.05)
        assert rows("SELECT to_regclass('messages')") == [(None,)]
    assert [other.wait(120) for other in others] == [0, 0, 0]
    assert migrate.status()["current"] == migrate.status()["head"]


def test_a_table_that_stays_in_use_is_told_in_one_line_and_nothing_is_done_by_halves(reader, monkeypatch, capsys):
    monkeypatch.setattr(migrate, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(migrate, "_ATTEMPTS", 2)
    assert main(["migrate", "down", "--revision", "base"]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "a table stays in use" in said
    assert revision() is not None
    assert rows("SELECT count(*) FROM messages") == [(0,)]


def test_a_table_that_is_free_again_is_migrated(reader, monkeypatch):
    monkeypatch.setattr(migrate, "_PAUSE_SECONDS", 0.01)
    moving = threading.Thread(target=migrate.down, args=("base",))
    moving.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
    deadline = time.monotonic() + 30
    while rows(waiting) == [(0,)]:
        assert time.monotonic() < deadline, "the migration does not wait for the table"
        time.sleep(0.05)
    reader.close()
    moving.join(60)
    assert revision() is None


def test_who_wrote_before_it_was_noted_has_the_time_of_their_newest_stored_message(database):
    migrate.down("0023_tags")
    written = now().replace(microsecond=0)
    for guild, user, minutes in ((1, 7, 5), (1, 7, 3), (1, 7, 4), (2, 7, 1)):
        message = snowflake_at(written - timedelta(minutes=minutes))
        rows(
            "INSERT INTO messages (id, guild_id, channel_id, author_id, seq) VALUES (%s, %s, 5, %s, 1)",
            message,
            guild,
            user,
        )
    rows("INSERT INTO members (guild_id, user_id, message_count) VALUES (1, 7, 9), (2, 7, 9), (1, 8, 9)")
    migrate.up()
    assert rows("SELECT guild_id, user_id, last_message_at FROM members ORDER BY 1, 2") == [
        (1, 7, written - timedelta(minutes=3)),
        (1, 8, None),
        (2, 7, written - timedelta(minutes=1)),
    ]


@pytest.mark.parametrize(("action", "wanted"), [("down", "nonsense"), ("down", "+1")])
def test_a_revision_that_is_not_there_is_named(database, capsys, action, wanted):
    before = revision()
    assert main(["migrate", action, "--revision", wanted]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert wanted in said
    assert revision() == before


def test_a_schema_that_is_newer_than_this_version_is_told(database, capsys):
    rows("UPDATE alembic_version SET version_num = '9999_later'")
    assert main(["migrate", "up"]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "9999_later" in said
