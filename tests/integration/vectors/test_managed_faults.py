"""Stores elsewhere that fail where it hurts: killed, refused, lost and away, with nothing lost or doubled."""

import json

import pytest
from sqlalchemy.exc import OperationalError

from app.cli.main import main
from app.core.errors import ConfigurationError, RemoteUnavailable
from app.knowledge.documents import service
from app.knowledge.vectors import removals, uploads
from app.knowledge.vectors.managed import MANAGED
from tests.factories.knowledge import (
    ELSEWHERE,
    GUILD,
    OTHER_GUILD,
    PRIVATE,
    PUBLIC,
    embed_all,
    rows,
    write,
)
from tests.factories.managed import FILES, agree, scope, settle, sql, sync
from tests.factories.outages import line


class Killed(BaseException):
    """The process ends here."""


def an_hour_later(server):
    """What was interrupted is done again, and what nobody knows of is cleared away."""
    sql("UPDATE store_files SET created_at = created_at - interval '1 hour'")
    for _ in range(2):
        settle()
        MANAGED.sync()
    for file in server.files.values():
        file["created_at"] -= 3600
    MANAGED.clean()


@pytest.mark.parametrize("place", ["create_store", "upload", "attach", "batch_states", "detach", "delete_file"])
@pytest.mark.parametrize("is_after", [False, True])
def test_killed_at_any_request_the_next_run_ends_where_it_would_have(server, monkeypatch, place, is_after):
    agree(GUILD)
    write("first words about otters")
    if place in {"detach", "delete_file"}:
        sync()
        write("more words about otters")
    module = removals.remote
    real = getattr(module, place)

    def killed(*arguments):
        if is_after:
            real(*arguments)
        raise Killed

    monkeypatch.setattr(module, place, killed)
    embed_all()
    settle()
    with pytest.raises(Killed):
        MANAGED.sync()
    monkeypatch.setattr(module, place, real)
    # Time passes: what was on its way has arrived or never will.
    an_hour_later(server)
    assert len(server.stores) == 1
    assert len(server.files) == 2
    assert [state for state, _ in rows(FILES)] == ["attached", "attached"]
    assert {row[1] for row in rows(FILES)} == set(server.files)
    assert [len(entries) for entries in server.entries.values()] == [2]
    assert "otters" in MANAGED.search(scope(), "otters")[0].text


@pytest.mark.parametrize("place", ["create_store", "upload", "attach", "batch_states"])
def test_a_database_that_goes_between_a_request_and_its_bookkeeping_doubles_nothing(
    server, database, monkeypatch, place
):
    agree(GUILD)
    write("first words about otters")
    embed_all()
    settle()
    real = getattr(removals.remote, place)
    with line(monkeypatch, "DATABASE_URL", database) as postgres:

        def losing(*arguments):
            answer = real(*arguments)
            postgres.cut()
            return answer

        monkeypatch.setattr(removals.remote, place, losing)
        with pytest.raises(OperationalError):
            MANAGED.sync()
        monkeypatch.setattr(removals.remote, place, real)
        postgres.mend()
        an_hour_later(server)
        assert (len(server.stores), len(server.files)) == (1, 2)
        assert {row[1] for row in rows(FILES)} == set(server.files)
        assert "otters" in MANAGED.search(scope(), "otters")[0].text


def test_without_redis_everything_is_sent_all_the_same(server, servers, monkeypatch):
    agree(GUILD)
    write("words about voles")
    with line(monkeypatch, "REDIS_URL", servers.redis_url) as redis:
        redis.cut()
        sync()
        assert [state for state, _ in rows(FILES)] == ["attached", "attached"]
        assert "voles" in MANAGED.search(scope(), "voles")[0].text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/files"),
        ("POST", "/vector_stores"),
        ("POST", "/file_batches"),
        ("GET", "/file_batches"),
        ("DELETE", "/files"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("is_after", [False, True])
def test_an_answer_that_fails_or_is_lost_doubles_nothing(server, method, path, status, is_after):
    agree(GUILD)
    write("words about badgers")
    if method == "DELETE":
        sync()
        write("more words about badgers")
    server.fault(method, path, status, is_after=is_after)
    embed_all()
    settle()
    with pytest.raises(RemoteUnavailable, match=f"HTTP {status}"):
        MANAGED.sync()
    an_hour_later(server)
    assert (len(server.stores), len(server.files)) == (1, 2)
    assert {row[1] for row in rows(FILES)} == set(server.files)


def test_a_429_for_an_hour_is_asked_once(server):
    agree(GUILD)
    write("words that can wait")
    embed_all()
    settle()
    server.fault("POST", "/vector_stores", 429, count=1000, Retry_After=3600)
    for _ in range(20):
        with pytest.raises(RemoteUnavailable):
            MANAGED.sync()
    assert len(server.asked("POST", "/vector_stores")) == 1
    with pytest.raises(RemoteUnavailable, match=r"left alone for 3[56]\d\d s"):
        MANAGED.sync()


def test_a_refused_document_holds_up_no_others_and_is_given_up(server):
    agree(GUILD)
    write("words", channel=PUBLIC)
    embed_all()
    for _ in range(service.ATTEMPTS_MAX + 2):
        server.faults.clear()
        server.fault("POST", "/files", 400, count=10)
        settle()
        MANAGED.sync()
    assert server.files == {}
    assert len(server.asked("POST", "/files")) == 2 * service.ATTEMPTS_MAX
    server.faults.clear()
    write("new words change it")
    sync()
    assert len(server.files) == 2


def test_a_file_that_the_store_cannot_read_is_removed_and_tried_again_later(server):
    agree(GUILD)
    write("words that cannot be read")
    server.outcome = "failed"
    sync()
    MANAGED.sync()
    assert server.files == {}
    server.outcome = "completed"
    sync()
    assert len(server.files) == 2


def test_a_wrong_key_is_named(server):
    agree(GUILD)
    write("words")
    embed_all()
    settle()
    server.fault("POST", "/vector_stores", 401)
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY is refused"):
        MANAGED.sync()


@pytest.mark.parametrize("loss", ["expired", "deleted", "file deleted", "entry deleted"])
def test_what_was_lost_there_is_made_anew(server, loss):
    agree(GUILD)
    write("words that survive")
    sync()
    (store_id,) = server.stores
    if loss == "expired":
        server.stores[store_id]["status"] = "expired"
    elif loss == "deleted":
        del server.stores[store_id], server.entries[store_id]
    else:
        file_id = next(iter(server.files))
        server.entries[store_id].pop(file_id)
        if loss == "file deleted":
            server.files.pop(file_id)
            server.contents.pop(file_id)
    sql("UPDATE vector_stores SET checked_at = now() - interval '2 hours'")
    MANAGED.sync()
    sync()
    alive = [one for one, store in server.stores.items() if store["status"] != "expired"]
    assert [len(server.entries[one]) for one in alive] == [2]
    assert len(server.files) == 2
    assert MANAGED.search(scope(), "survive")


def test_a_store_that_is_destroyed_is_rebuilt_from_the_rows_by_command(server, capsys):
    agree(GUILD)
    for n in range(3):
        write(f"story {n} of the lighthouse", channel=PUBLIC if n else PRIVATE)
    sync()
    old = set(server.files)
    server.stores.clear()
    server.entries.clear()
    assert main(["vectors", "rebuild", "--json"]) == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert "4 documents sent" in told.err
    assert (report["documents"], report["uploaded"], report["attached"]) == (4, 4, 4)
    assert len(server.files) == 4
    assert [len(entries) for entries in server.entries.values()] == [4]
    assert old.isdisjoint(server.files)
    assert MANAGED.search(scope(), "lighthouse")


def test_a_file_that_went_before_it_was_put_into_the_store_holds_up_no_others(server, monkeypatch):
    agree(GUILD, OTHER_GUILD)
    write("words of this guild")
    write("words of the other guild", guild=OTHER_GUILD, channel=ELSEWHERE)
    embed_all()
    settle()
    real = uploads.remote.upload

    def upload(name, content, life):
        file_id = real(name, content, life)
        if b"this guild" in content:
            server.files.pop(file_id)
            server.contents.pop(file_id)
        return file_id

    monkeypatch.setattr(uploads.remote, "upload", upload)
    MANAGED.sync()
    assert [one.channel_id for one in MANAGED.search(scope(ELSEWHERE, guild=OTHER_GUILD), "words")] == [ELSEWHERE]
    assert MANAGED.search(scope(), "words") == []
    # Not at once, but later it is sent again.
    monkeypatch.setattr(uploads.remote, "upload", real)
    asked = len(server.asked("POST", "/files"))
    MANAGED.sync()
    assert len(server.asked("POST", "/files")) == asked
    sync()
    assert MANAGED.search(scope(), "words")


def test_two_processes_make_one_store_and_send_each_document_once(server, monkeypatch):
    agree(GUILD)
    write("words")
    embed_all()
    settle()
    real, counts = uploads.remote.create_store, []

    def create_store(*arguments):
        # What a second process does meanwhile, a worker or `vectors rebuild`.
        counts.append(MANAGED.sync())
        return real(*arguments)

    monkeypatch.setattr(uploads.remote, "create_store", create_store)
    assert MANAGED.sync() == {"uploaded": 2, "batches": 1, "attached": 2}
    assert counts == [None]
    assert (len(server.stores), len(server.files)) == (1, 2)
