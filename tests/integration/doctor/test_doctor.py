"""The doctor names what is wrong, and how to mend it."""

import json
import sqlite3
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from sqlalchemy import text

from app.cli import main
from app.cli.checks import accounts, machine, servers, work
from app.core import db, ledger
from app.core.queue import QUEUE_NAMES
from app.core.redis import broker_redis
from app.upkeep.health.service import stamp_beat, stamp_workers
from tests.conftest import reset_process_state
from tests.factories import ports


def states(check) -> dict[str, str]:
    return {f"{finding.part}: {finding.says}": finding.state for finding in check()}


def only(check, part: str):
    (found,) = [finding for finding in check() if finding.part == part]
    return found


def execute(statement: str) -> None:
    with db.unit_of_work() as uow:
        uow.session.execute(text(statement))
        uow.commit()


@pytest.fixture
def use(monkeypatch):
    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        reset_process_state()

    yield set_variables
    monkeypatch.undo()
    reset_process_state()


def test_good_servers_are_good(database):
    assert set(states(servers.database).values()) == {"ok"}
    assert set(states(servers.queue).values()) == {"ok"}


def test_migrations_that_lag_are_named(database):
    execute("UPDATE alembic_version SET version_num = '0001_activity'")
    found = only(servers.database, "migrations")
    assert found.state == "fault"
    assert "at 0001_activity" in found.says
    assert found.mend == "Run `python -m app migrate up`."


def test_a_database_without_pgvector_is_a_fault(database):
    execute("DROP EXTENSION vector CASCADE")
    assert only(servers.database, "pgvector").state == "fault"


def test_unreachable_servers_are_faults_without_their_passwords(use):
    closed = ports.unused()
    use(DATABASE_URL=f"postgresql://u:hunter2@127.0.0.1:{closed}/d", REDIS_URL=f"redis://:hunter2@127.0.0.1:{closed}/0")
    for check in (servers.database, servers.queue, work.backlog, work.records):
        (found,) = check()
        assert found.state == "fault"
        assert "connect" in found.says.lower()
        assert "hunter2" not in found.says + found.mend


def test_a_queue_that_may_forget_is_a_fault(database):
    broker_redis().config_set("maxmemory-policy", "allkeys-lru")
    try:
        found = [finding for finding in servers.queue() if finding.state == "fault"]
        assert [finding.says for finding in found] == ["maxmemory-policy is allkeys-lru"]
        assert "noeviction" in found[0].mend
    finally:
        broker_redis().config_set("maxmemory-policy", "noeviction")


def test_silent_workers_and_an_old_ledger_are_named(database):
    stamp_beat()
    stamp_workers(set(QUEUE_NAMES) - {"chat"})
    assert only(work.backlog, "workers").says == "no progress on: chat (not seen)"
    stamp_workers(["chat"])
    ledger.put(broker_redis(), "ingest", [("batch-1", b"{}")])
    assert set(states(work.backlog).values()) == {"ok"}
    broker_redis().zadd(ledger.born_key("ingest"), {"batch-1": time.time() - 600})
    assert only(work.backlog, "ledger").state == "warning"
    broker_redis().set("status:beat", time.time() - 600)
    assert only(work.backlog, "beat").says == "beat sent nothing (for 600 s)"


def test_jobs_that_failed_are_named(database):
    assert set(states(work.records).values()) == {"ok"}
    execute("INSERT INTO job_runs VALUES ('retention', now(), now(), now(), 'failed', 1, '{}', 'ValueError')")
    found = only(work.records, "jobs")
    assert (found.state, found.says) == ("warning", "the last run failed: retention (ValueError)")


def test_batches_on_disk_are_counted(use, tmp_path):
    use(DATA_DIR=str(tmp_path))
    assert only(work.spool, "spool").says == "empty"
    (tmp_path / "spool").mkdir()
    connection = sqlite3.connect(tmp_path / "spool" / "spool.sqlite3")
    connection.execute("CREATE TABLE entries (place INTEGER)")
    connection.execute("INSERT INTO entries VALUES (1), (2)")
    connection.commit()
    connection.close()
    assert only(work.spool, "spool").says == "2 batches wait on disk"
    (tmp_path / "spool" / "spool.sqlite3").write_text("this is no database, and longer than its header would be")
    assert "cannot be read" in only(work.spool, "spool").says


def test_a_data_directory_that_is_a_file_is_a_fault(use, tmp_path):
    (tmp_path / "data").write_text("")
    use(DATA_DIR=str(tmp_path / "data"))
    assert only(machine.data_dir, "data").state == "fault"


def test_servers_elsewhere_are_said_to_be_out_of_sight(use, tmp_path):
    use(DATA_DIR=str(tmp_path), DATABASE_URL="postgresql://u:p@db.example/d?sslmode=require", REDIS_URL="")
    found = {finding.part: finding for finding in machine.storage()}
    assert found["encryption: data (PostgreSQL)"].state == "note"
    assert "cannot be seen from here" in found["encryption: data (PostgreSQL)"].says
    assert "another server" not in found["encryption: ledger (Valkey)"].says
    assert set(found) == {
        "encryption: data (PostgreSQL)",
        "encryption: ledger (Valkey)",
        "encryption: spool",
        "encryption: backups",
    }


def test_a_port_of_another_program_is_named(use, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        use(DATA_DIR=str(tmp_path), FLOWER_PORT=str(other.server_port))
        found = [finding for finding in machine.listening() if finding.state == "fault"]
    assert [finding.says for finding in found] == [f"FLOWER_PORT {other.server_port} is taken by another program"]


@contextmanager
def discord(status: int, body: dict[str, object]):
    """A Discord that answers one thing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = json.dumps(body).encode()
            is_right = self.path == "/api/v10/applications/@me" and self.headers["Authorization"] == "Bot a.b.c"
            self.send_response(status if is_right else 404)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://0.0.0.0:{server.server_port}/api/v10"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {}, {"discord: DISCORD_TOKEN is not valid": "fault"}),
        (502, {}, {"discord: Discord answers 502": "fault"}),
        (
            200,
            {"flags": 0},
            {
                "discord: the token is valid": "ok",
                "intents: Server Members Intent is off": "fault",
                "intents: Message Content Intent is off": "fault",
            },
        ),
        (
            200,
            {"flags": 1 << 15 | 1 << 19},
            {
                "discord: the token is valid": "ok",
                "intents: Server Members Intent is on": "ok",
                "intents: Message Content Intent is on": "ok",
            },
        ),
    ],
)
def test_what_discord_says_is_translated(use, status, body, expected):
    with discord(status, body) as url:
        use(DISCORD_API_URL=url, DISCORD_TOKEN="a.b.c")
        assert states(accounts.discord) == expected


def test_an_unreachable_discord_is_a_fault(use):
    use(DISCORD_API_URL=f"http://0.0.0.0:{ports.unused()}/api/v10", DISCORD_TOKEN="a.b.c")
    assert only(accounts.discord, "discord").state == "fault"


def test_the_sandbox_is_a_note(use):
    use(DISCORD_TOKEN="")
    assert only(accounts.discord, "discord").state == "note"


def test_openai_needs_a_key(use):
    use(EMBEDDINGS_PROVIDER="openai", OPENAI_API_KEY="")
    assert only(accounts.model, "embeddings").state == "fault"
    use(EMBEDDINGS_PROVIDER="openai", OPENAI_API_KEY="sk-1")
    assert only(accounts.model, "embeddings").state == "ok"


def test_the_report_is_json_and_its_code_says_whether_all_is_well(database, capsys):
    assert main.main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    parts = {finding["part"] for finding in report["findings"]}
    assert {"python", "packages", "database", "redis", "workers", "beat", "ledger", "spool", "bot", "discord"} <= parts
    for finding in report["findings"]:
        assert finding["state"] in {"ok", "note", "warning", "fault"}
        assert finding["mend"] or finding["state"] == "ok"


def test_the_report_for_people_names_the_mend_below_each_fault(database, capsys):
    assert main.main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("FAULT workers"))
    assert lines[place + 1].strip().startswith("-> ")
