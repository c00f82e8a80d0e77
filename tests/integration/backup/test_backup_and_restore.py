"""A backup holds everything; a restore puts it back, or changes nothing."""

import json
import os
import stat
from contextlib import closing

import psycopg2
import pytest

from app.cli import main, pg_programs
from app.core import db
from tests.conftest import reset_process_state

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"


def execute(url: str, statement: str, *values: object) -> list[tuple]:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def content(url: str) -> dict[str, list[tuple]]:
    return {name: sorted(map(str, execute(url, f'SELECT * FROM "{name}"'))) for (name,) in execute(url, TABLES)}


def run(*words: str) -> int:
    code = main.main(words)
    db.dispose()
    return code


@pytest.fixture
def filled(database) -> str:
    execute(database, "INSERT INTO guild_settings (guild_id, content_mode) VALUES (1, 'store'), (2, 'counts')")
    execute(database, "INSERT INTO opt_outs (guild_id, user_id) VALUES (1, 10)")
    execute(
        database,
        "INSERT INTO job_runs VALUES ('retention', now(), now(), now(), 'done', 1, %s, NULL)",
        json.dumps({"messages": 3, "text": "ünïcode ✓"}),
    )
    db.dispose()
    return database


def test_a_restore_brings_back_every_row(filled, tmp_path, capsys):
    before = content(filled)
    file = tmp_path / "kept" / "one.dump"
    assert run("backup", "--to", str(file), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"file": str(file), "bytes": file.stat().st_size}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    execute(filled, "DELETE FROM guild_settings; DELETE FROM job_runs")
    assert content(filled) != before
    assert run("restore", str(file)) == 0
    assert content(filled) == before
    assert execute(filled, "SELECT counts->>'text' FROM job_runs") == [("ünïcode ✓",)]


def test_a_restore_into_an_empty_database_brings_the_schema_too(filled, tmp_path):
    before = content(filled)
    file = tmp_path / "one.dump"
    assert run("backup", "--to", str(file)) == 0
    name = f"{filled.rsplit('/', 1)[1]}_empty"
    execute_outside(filled, f"CREATE DATABASE {name} TEMPLATE template0")
    empty = f"{filled.rsplit('/', 1)[0]}/{name}"
    try:
        os.environ["DATABASE_URL"] = empty
        reset_process_state()
        assert run("restore", str(file)) == 0
        assert content(empty) == before
    finally:
        execute_outside(filled, f"DROP DATABASE {name} WITH (FORCE)")


def execute_outside(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def test_numbers_of_events_that_were_given_out_are_not_given_again(filled, tmp_path):
    file = tmp_path / "one.dump"
    execute(filled, "INSERT INTO bot_sequences VALUES (1, 100)")
    assert run("backup", "--to", str(file)) == 0
    execute(filled, "UPDATE bot_sequences SET reserved = 500; INSERT INTO bot_sequences VALUES (2, 7)")
    assert run("restore", str(file), "--yes") == 0
    assert execute(filled, "SELECT * FROM bot_sequences ORDER BY 1") == [(1, 500), (2, 7)]


def test_messages_are_not_replaced_without_agreement(filled, tmp_path, capsys):
    file = tmp_path / "one.dump"
    execute(
        filled,
        "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq) "
        "VALUES (snowflake_at(now()), 1, 2, 3, 'a word', 1)",
    )
    assert run("backup", "--to", str(file)) == 0
    assert run("restore", str(file)) == 1
    assert "holds 1 messages; `--yes` replaces it" in capsys.readouterr().err
    before = content(filled)
    assert run("restore", str(file), "--yes") == 0
    assert content(filled) == before


def test_a_restore_does_not_bring_back_what_members_had_erased_since(filled, tmp_path):
    file = tmp_path / "one.dump"
    assert run("backup", "--to", str(file)) == 0
    execute(filled, "INSERT INTO opt_outs (guild_id, user_id) VALUES (1, 11)")
    execute(
        filled,
        "INSERT INTO erasures (guild_id, user_id, erased_at, below_id, finished_at) VALUES (1, 11, now(), 99, now())",
    )
    assert run("restore", str(file), "--yes") == 0
    assert execute(filled, "SELECT user_id FROM opt_outs ORDER BY 1") == [(10,), (11,)]
    # It is to be done again, because the rows of before are back.
    assert execute(filled, "SELECT user_id, below_id, finished_at FROM erasures") == [(11, 99, None)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["restore", "{folder}/missing.dump"], "does not exist"),
        (["restore", "{folder}/text.dump"], "is not a backup"),
        (["backup", "--to", "{folder}/text.dump"], "exists already"),
        (["backup", "--to", "{folder}/text.dump/below"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(filled, tmp_path, capsys, words, said):
    (tmp_path / "text.dump").write_text("not a dump")
    before = content(filled)
    assert run(*(word.format(folder=tmp_path) for word in words)) != 0
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error
    assert content(filled) == before


def test_a_restore_is_refused_while_somebody_uses_the_database(filled, tmp_path, capsys):
    file = tmp_path / "one.dump"
    assert run("backup", "--to", str(file)) == 0
    with closing(psycopg2.connect(filled)):
        assert run("restore", str(file), "--yes") == 1
    assert "1 connections use the database: stop Heorot" in capsys.readouterr().err


def test_a_backup_of_an_unknown_version_changes_nothing(filled, tmp_path, capsys):
    file = tmp_path / "one.dump"
    ((newest,),) = execute(filled, "SELECT version_num FROM alembic_version")
    execute(filled, "UPDATE alembic_version SET version_num = '9999_future'")
    assert run("backup", "--to", str(file)) == 0
    execute(filled, "UPDATE alembic_version SET version_num = %s", newest)
    before = content(filled)
    assert run("restore", str(file), "--yes") == 1
    assert "9999_future" in capsys.readouterr().err
    assert content(filled) == before
    left = execute(filled, "SELECT datname FROM pg_database WHERE datname LIKE '%\\_restore'")
    assert left == []


def test_a_backup_that_fails_leaves_no_file(filled, tmp_path, monkeypatch, capsys):
    broken = tmp_path / "pg_dump"
    broken.write_text("#!/bin/sh\necho 'pg_dump: error: the disk is full' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(pg_programs, "find", lambda *_: broken)
    assert run("backup", "--to", str(tmp_path / "kept" / "one.dump")) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert list((tmp_path / "kept").iterdir()) == []


def test_no_password_stands_on_a_command_line(filled, tmp_path, monkeypatch):
    spy = tmp_path / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\n')
    spy.chmod(0o755)
    monkeypatch.setattr(pg_programs, "find", lambda *_: spy)
    run("backup", "--to", str(tmp_path / "one.dump"))
    password = filled.split(":")[2].split("@")[0]
    assert password not in (tmp_path / "words").read_text()
