"""Documents in stores elsewhere: the real library, a real socket, and a server that fails where it hurts."""

import itertools
import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.cli.main import main
from app.clients import openai
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.errors import BadInput, ConfigurationError, RemoteUnavailable
from app.core.settings import settings
from app.knowledge.documents import queries, service
from app.knowledge.embeddings import providers
from app.knowledge.vectors import removals, stores, uploads
from app.knowledge.vectors.managed import MANAGED
from tests.contract.vectors.openai_document import check_exchanges, here
from tests.factories.knowledge import (
    ANNA,
    BORIS,
    ELSEWHERE,
    GUILD,
    OTHER_GUILD,
    PRIVATE,
    PUBLIC,
    delete,
    edit,
    embed_all,
    opt_out,
    rows,
    write,
)
from tests.factories.openai_server import OpenAIServer
from tests.factories.outages import line

_numbers = itertools.count(1)
FILES = "SELECT state, file_id FROM store_files ORDER BY id"


def agree(*guilds, is_on=True):
    with unit_of_work() as uow:
        for guild in guilds:
            uow.session.execute(
                text(
                    "INSERT INTO guild_settings (guild_id, features) VALUES (:guild, CAST(:features AS jsonb))"
                    " ON CONFLICT (guild_id) DO UPDATE SET features = excluded.features"
                ),
                {"guild": guild, "features": json.dumps({"openai": is_on})},
            )
        uow.commit()


def forget_processes():
    settings.cache_clear()
    openai.client.cache_clear()
    providers.provider.cache_clear()


@pytest.fixture
def server(index, monkeypatch):
    """The store elsewhere; embedding stays here. Whatever is asked of it and answered is what OpenAI's document says."""
    with OpenAIServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("VECTOR_STORE", "openai")
        forget_processes()
        yield running
        openai.client().close()
        forget_processes()
        if (document := here()) is not None:
            check_exchanges(document, running.exchanges)


def settle():
    """The days have settled, and claims of workers that are gone have run out."""
    sql(
        "UPDATE documents SET claimed_until = NULL,"
        " stale_at = CASE WHEN stale_at IS NULL THEN NULL ELSE CAST('-infinity' AS timestamptz) END"
    )


def sql(statement, **values):
    with unit_of_work() as uow:
        uow.session.execute(text(statement), values)
        uow.commit()


def sync():
    embed_all()
    settle()
    return MANAGED.sync()


def scope(*channels, guild=GUILD, **more):
    return stores.Scope(guild, channels or (PUBLIC, PRIVATE), **more)


def there(server):
    """What lies there: the names of files, without the mark."""
    return sorted(file["filename"].rsplit("_", 1)[0] for file in server.files.values())


def test_a_day_becomes_a_log_and_a_summary_in_the_guilds_store(server):
    agree(GUILD)
    first = write("the dragon sleeps below the mountain")
    write("the dragon woke up and flew away", author=BORIS)
    assert sync() == {"uploaded": 2, "batches": 1, "attached": 2}
    day = now().date().isoformat()
    assert there(server) == [f"chatlog_{PUBLIC}_{day}", f"summary_{PUBLIC}_{day}"]
    ((_, entries),) = server.entries.items()
    attributes = sorted((entry["attributes"] for entry in entries.values()), key=lambda one: one["category"])
    log, summary = attributes
    assert (log["source"], log["category"], log["section"], log["version"]) == ("discord", "chat", "daily-log", "v1")
    assert (log["guild_id"], log["channel_id"], log["date"]) == (str(GUILD), str(PUBLIC), day)
    assert log["url"] == f"discord://chatlog/{GUILD}/{PUBLIC}/{day}"
    assert (summary["category"], summary["section"]) == ("summary", "daily-chat")
    chat = next(json.loads(content) for content in server.contents.values() if content.startswith(b"{"))
    assert chat["header"]["channel_category"] == "general"
    assert chat["chat_log"][0]["message"] == str(first)
    assert [line["author"] for line in chat["chat_log"]] == [str(ANNA), str(BORIS)]
    assert rows("SELECT DISTINCT stored_model, messages, stale_at IS NULL FROM documents") == [("openai", 2, True)]


def test_a_summary_names_nobody(server):
    agree(GUILD)
    write("dragons are asleep", author=ANNA)
    write("dragons are hungry", author=BORIS)
    sync()
    summary = next(content.decode() for content in server.contents.values() if not content.startswith(b"{"))
    assert "2 messages by 2 people" in summary
    assert "Talked about: dragons." in summary
    assert str(ANNA) not in summary
    assert str(BORIS) not in summary


def test_files_are_put_into_stores_in_batches_of_one_guild_each(server, monkeypatch):
    monkeypatch.setattr(uploads, "_ATTACHED_AT_ONCE", 4)
    agree(GUILD, OTHER_GUILD)
    for days in range(3):
        day_before(days, "words")
        day_before(days, "words", guild=OTHER_GUILD, channel=ELSEWHERE)
    assert sync() == {"uploaded": 12, "batches": 4, "attached": 12}
    batches = [one.sent["files"] for one in server.asked("POST", "/file_batches")]
    assert sorted(map(len, batches)) == [2, 2, 4, 4]
    assert all(len({entry["attributes"]["guild_id"] for entry in batch}) == 1 for batch in batches)
    assert len({entry["file_id"] for batch in batches for entry in batch}) == 12
    assert sorted(map(len, server.entries.values())) == [6, 6]


def test_doing_it_twice_sends_nothing(server):
    agree(GUILD)
    write("once")
    sync()
    before = len(server.exchanges)
    assert sync() == {}
    assert [one.path for one in server.exchanges[before:]] == []


def test_without_consent_nothing_is_sent_and_direct_messages_never(server):
    agree(OTHER_GUILD, is_on=False)
    write("private talk")
    write("also private", guild=OTHER_GUILD, channel=ELSEWHERE)
    agree(0)
    write("to the bot", guild=0, channel=3)
    sync()
    assert server.exchanges == []
    assert rows("SELECT count(*) FROM documents WHERE guild_id = 0") == [(0,)]


def test_consent_that_is_taken_back_takes_everything_back(server):
    agree(GUILD, OTHER_GUILD)
    write("here")
    write("elsewhere", guild=OTHER_GUILD, channel=ELSEWHERE)
    sync()
    assert len(server.stores) == 2
    agree(GUILD, is_on=False)
    assert MANAGED.search(scope(), "here") == []
    sync()
    assert len(server.stores) == 1
    assert '"here"' not in server.text()
    assert rows("SELECT DISTINCT guild_id FROM store_files") == [(OTHER_GUILD,)]
    agree(GUILD)
    sql("UPDATE documents SET stale_at = now(), content_hash = NULL WHERE guild_id = :guild", guild=GUILD)
    sync()
    assert len(server.stores) == 2


def test_a_store_that_is_not_used_any_more_is_emptied(server, monkeypatch):
    agree(GUILD)
    write("here for a while")
    sync()
    monkeypatch.setenv("VECTOR_STORE", "pgvector")
    settings.cache_clear()
    assert MANAGED.is_needed()
    MANAGED.sync()
    assert server.files == server.stores == {}
    assert not MANAGED.is_needed()


def test_an_addition_keeps_the_old_version_until_the_new_one_is_found(server):
    agree(GUILD)
    write("first sighting of whales")
    sync()
    old = set(server.files)
    write("second sighting of whales")
    server.outcome = "in_progress"
    sync()
    assert old < set(server.files)
    assert [found.text for found in MANAGED.search(scope(), "sighting")]
    server.outcome = "completed"
    for entries in server.entries.values():
        for entry in entries.values():
            entry["status"] = "completed"
    MANAGED.sync()
    assert old.isdisjoint(server.files)
    assert len(server.files) == 2
    assert "second sighting" in server.text()


@pytest.mark.parametrize("happening", ["delete", "edit", "opt out"])
def test_what_goes_here_goes_there_at_once(server, happening):
    agree(GUILD)
    secret = write("the password is swordfish", author=BORIS)
    write("harmless talk", author=ANNA)
    sync()
    assert "swordfish" in server.text()
    if happening == "delete":
        delete(secret)
    elif happening == "edit":
        edit(secret, "never mind")
    else:
        opt_out(BORIS)
        with unit_of_work() as uow:
            service.cut_author(uow.session, GUILD, BORIS)
            uow.commit()
    # From the commit on nothing of it is found, before anything was asked of the server.
    assert MANAGED.search(scope(), "swordfish") == []
    MANAGED.sync()
    assert "swordfish" not in server.text()
    sync()
    assert "swordfish" not in server.text()
    assert "harmless talk" in server.text()


def test_a_hint_comes_with_what_is_to_go(server):
    from app.core.redis import broker_redis

    agree(GUILD)
    message = write("to be deleted")
    sync()
    broker_redis().delete("embeddings")
    delete(message)
    waiting = [json.loads(one)["headers"]["task"] for one in broker_redis().lrange("embeddings", 0, -1)]
    assert service.SYNC in waiting


def test_an_empty_day_goes_altogether(server):
    agree(GUILD)
    only = write("the only message")
    sync()
    delete(only)
    sync()
    assert server.files == server.stores == {}
    assert rows("SELECT count(*) FROM documents") == rows("SELECT count(*) FROM vector_stores") == [(0,)]


def test_a_deletion_during_the_upload_leaves_nothing_there(server, monkeypatch):
    agree(GUILD)
    secret = write("a secret that goes while it is uploaded")
    embed_all()
    settle()
    real = uploads.remote.upload

    def upload(*arguments):
        file_id = real(*arguments)
        delete(secret)
        return file_id

    monkeypatch.setattr(uploads.remote, "upload", upload)
    MANAGED.sync()
    assert server.files == {}
    assert rows(FILES) == []


class Killed(BaseException):
    """The process ends here."""


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
    sql("UPDATE store_files SET created_at = created_at - interval '1 hour'")
    for _ in range(2):
        settle()
        MANAGED.sync()
    for file in server.files.values():
        file["created_at"] -= 3600
    MANAGED.clean()
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
        sql("UPDATE store_files SET created_at = created_at - interval '1 hour'")
        for _ in range(2):
            settle()
            MANAGED.sync()
        for file in server.files.values():
            file["created_at"] -= 3600
        MANAGED.clean()
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
@pytest.mark.parametrize("status", [429, 500, 503])
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
    sql("UPDATE store_files SET created_at = created_at - interval '1 hour'")
    for _ in range(2):
        settle()
        MANAGED.sync()
    for file in server.files.values():
        file["created_at"] -= 3600
    MANAGED.clean()
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


def test_only_channels_that_may_be_read_are_searched(server):
    agree(GUILD, OTHER_GUILD)
    write("treasure in public", channel=PUBLIC)
    write("treasure in private", channel=PRIVATE)
    write("treasure of others", guild=OTHER_GUILD, channel=ELSEWHERE)
    sync()
    assert {found.channel_id for found in MANAGED.search(scope(PUBLIC), "treasure")} == {PUBLIC}
    assert {found.channel_id for found in MANAGED.search(scope(), "treasure")} == {PUBLIC, PRIVATE}
    # It is part of what is asked, so that what may not be read takes no place among the best.
    (first, second) = (one.sent["filters"]["filters"] for one in server.asked("POST", "/search"))
    assert {"type": "eq", "key": "guild_id", "value": str(GUILD)} in first
    assert {"type": "in", "key": "channel_id", "value": [str(PUBLIC)]} in first
    assert {"type": "in", "key": "channel_id", "value": [str(PUBLIC), str(PRIVATE)]} in second
    # A channel of another guild opens nothing.
    assert MANAGED.search(scope(ELSEWHERE), "treasure") == []
    assert MANAGED.search(stores.Scope(GUILD, ()), "treasure") == []


def test_filters_are_part_of_the_question(server):
    agree(GUILD)
    old = snowflake_at(now() - timedelta(days=3))
    write("treasure long ago", message_id=old)
    write("treasure today")
    sync()
    today = now().date()
    found = MANAGED.search(scope(since=today), "treasure")
    assert {one.day for one in found} == {today}
    found = MANAGED.search(scope(until=today - timedelta(days=1), section="daily-log"), "treasure")
    assert [one.text.count("long ago") for one in found] == [1]


@pytest.mark.parametrize("limit", [0, -1, 51, 10**9])
def test_a_limit_out_of_bounds_is_refused(server, limit):
    with pytest.raises(BadInput, match="must lie between 1 and 50"):
        MANAGED.search(scope(), "x", limit)


@pytest.mark.parametrize("question", ["", "   ", "\0", "x" * 100_000, "'); DROP TABLE documents; --"])
def test_any_text_is_a_question(server, question):
    agree(GUILD)
    write("words")
    sync()
    assert MANAGED.search(scope(), question) == []


def test_files_of_others_in_the_account_are_left_alone(server):
    agree(GUILD)
    write("ours")
    sync()
    mark = rows("SELECT mark FROM vector_stores")[0][0]
    old = 1_600_000_000
    for name in ("thesis.pdf", "chatlog_1_2026-01-01_abcdefabcdef-1.json", f"chatlog_1_2026-01-01_{mark}-999.json"):
        file_id = server.number("file-")
        server.files[file_id] = {
            "id": file_id,
            "object": "file",
            "bytes": 1,
            "created_at": old,
            "filename": name,
            "purpose": "assistants",
            "status": "processed",
        }
        server.contents[file_id] = b"x"
    assert MANAGED.clean() == 1
    names = {file["filename"] for file in server.files.values()}
    assert {"thesis.pdf", "chatlog_1_2026-01-01_abcdefabcdef-1.json"} < names
    assert len(names) == 4


def day_before(days, content, **more):
    """A message of so many days ago."""
    return write(content, message_id=snowflake_at(now() - timedelta(days=days)) + next(_numbers), **more)


def lives(server):
    """For how long each file that was uploaded may be there."""
    return [timedelta(seconds=int(one.sent["expires_after[seconds]"])) for one in server.asked("POST", "/files")]


@pytest.mark.parametrize(("kept", "age"), [(90, 88), (90, 70), (7, 5), (7, 0), (30, 31)])
def test_a_file_never_outlives_what_its_guild_keeps_and_is_not_sent_again_and_again(server, kept, age):
    agree(GUILD, OTHER_GUILD)
    sql("UPDATE guild_settings SET retention_days = :days WHERE guild_id = :guild", days=kept, guild=GUILD)
    day_before(age, "an old story")
    sync()
    start = now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=age)
    left = start + timedelta(days=kept) - now()
    assert len(lives(server)) == 2
    assert all(
        timedelta(hours=1) <= life <= max(left + timedelta(minutes=5), timedelta(hours=1)) for life in lives(server)
    )
    for _ in range(3):
        assert sync() == {}
    assert len(lives(server)) == 2


def test_a_guild_that_changes_its_mind_while_it_is_sent_has_no_more_sent(server, monkeypatch):
    agree(GUILD, OTHER_GUILD)
    for days in range(3):
        day_before(days, "words of this guild")
    write("words of the other guild", guild=OTHER_GUILD, channel=ELSEWHERE)
    embed_all()
    settle()
    real, sent = uploads.remote.upload, []

    def upload(name, *arguments):
        file_id = real(name, *arguments)
        sent.append(name.split("_")[1])
        if sent[-1] == str(PUBLIC):
            agree(GUILD, is_on=False)
        return file_id

    monkeypatch.setattr(uploads.remote, "upload", upload)
    MANAGED.sync()
    assert sorted(sent) == [str(PUBLIC), str(ELSEWHERE), str(ELSEWHERE)]
    # What was under way is taken back, and not a word about it is put into a store.
    assert "this guild" not in server.text()
    assert str(PUBLIC) not in json.dumps([one.sent for one in server.asked("POST", "/file_batches")])
    assert [state for state, _ in rows(FILES)] == ["attached", "attached"]


def test_a_guild_that_changes_its_mind_before_its_store_is_made_has_none(server, monkeypatch):
    agree(GUILD)
    write("words")
    embed_all()
    settle()
    claimed = uploads.claim()
    agree(GUILD, is_on=False)
    assert uploads.upload(claimed) == 0
    assert server.exchanges == []
    assert rows("SELECT count(*) FROM vector_stores") == rows("SELECT count(*) FROM store_files") == [(0,)]


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


def test_files_expire_before_their_texts_must_go_and_are_renewed(server):
    agree(GUILD)
    write("words")
    sync()
    (upload, _) = server.asked("POST", "/files")[:2]
    assert 3600 <= int(upload.sent["expires_after[seconds]"]) <= 30 * 86_400
    (made,) = (one for one in server.asked("POST", "/vector_stores") if one.path == "/vector_stores")
    assert made.sent["expires_after"] == {"anchor": "last_active_at", "days": 30}
    old = set(server.files)
    sql("UPDATE store_files SET expires_at = now() + interval '1 day'")
    sync()
    assert old.isdisjoint(server.files)
    assert len(server.files) == 2


def test_a_guild_that_is_purged_leaves_nothing_there(server):
    agree(GUILD)
    write("words")
    sync()
    sql("DELETE FROM documents WHERE guild_id = :guild", guild=GUILD)
    sql("DELETE FROM guild_settings WHERE guild_id = :guild", guild=GUILD)
    MANAGED.sync()
    assert server.files == server.stores == {}


def test_logs_are_pruned_to_so_many_messages_and_by_age(server):
    agree(GUILD)
    for days in (5, 3, 1):
        for n in range(4):
            write(f"message {n}", message_id=snowflake_at(now() - timedelta(days=days)) + n)
    sync()
    assert len(server.files) == 6
    assert service.prune(8) == 1
    MANAGED.sync()
    assert len(server.files) == 5
    assert service.prune(0, older_than=timedelta(days=4)) == 1
    assert service.prune(0, older_than=timedelta(days=2), section="daily-chat") == 1
    MANAGED.sync()
    assert len(server.files) == 3
    with pytest.raises(BadInput, match=r"no source\. Allowed: messages, daily-log, daily-chat"):
        service.prune(0, section="nonsense")


def test_the_job_keeps_to_the_limit_of_the_store_and_files_go_with_it(server, monkeypatch):
    from tasks.vectors import prune

    agree(GUILD, OTHER_GUILD)
    for days in (5, 3, 1):
        for n in range(4):
            write(f"message {n}", message_id=snowflake_at(now() - timedelta(days=days)) + n)
    write("elsewhere", guild=OTHER_GUILD, channel=ELSEWHERE)
    sync()
    assert len(server.files) == 8
    # Nothing was chosen: what managed stores keep by default is more than this.
    assert settings().vector_limit == 2000
    monkeypatch.setenv("CHAT_VECTOR_MAX", "8")
    settings.cache_clear()
    prune()
    MANAGED.sync()
    oldest = (now() - timedelta(days=5)).date().isoformat()
    assert len(server.files) == 7
    assert f"chatlog_{PUBLIC}_{oldest}" not in there(server)
    assert f"summary_{PUBLIC}_{oldest}" in there(server)


def test_documents_are_listed_with_their_metadata(server, capsys):
    agree(GUILD)
    write("words")
    sync()
    assert main(["vectors", "list", "--documents", "--json"]) == 0
    log, _ = sorted(json.loads(capsys.readouterr().out), key=lambda one: one["section"], reverse=True)
    assert (log["guild_id"], log["channel_id"], log["source"], log["model"]) == (GUILD, PUBLIC, "discord", "openai")
    assert log["tags"] == ["chatlog", f"channel:{PUBLIC}", f"date:{now().date().isoformat()}"]
    assert log["tokens"] > 0
    assert main(["vectors", "prune", "--source", "daily-log", "--older-than", "1", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["documents"] == 0
    with unit_of_work() as uow:
        assert [one.section for one in queries.listed(uow.session, OTHER_GUILD)] == []


def test_the_task_syncs_and_is_quiet_about_outages(server):
    from tasks.embeddings import store_documents

    agree(GUILD)
    write("words")
    embed_all()
    settle()
    server.fault("POST", "/vector_stores", 503)
    store_documents()
    assert server.files == {}
    settle()
    store_documents()
    assert len(server.files) == 2


def test_the_bot_commands_channel_is_left_out(server):
    agree(GUILD)
    sql("INSERT INTO channels (id, guild_id, name) VALUES (:id, :guild, 'bot-commands')", id=PUBLIC, guild=GUILD)
    write("!profile")
    sync()
    assert server.files == {}
