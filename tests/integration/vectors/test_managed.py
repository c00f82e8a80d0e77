"""Documents in stores elsewhere: the real library, a real socket, and what lies there afterwards."""

import json
from datetime import timedelta

import pytest

from app.cli.main import main
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.core.settings import settings
from app.knowledge.documents import queries, service
from app.knowledge.documents.days import cut_author
from app.knowledge.vectors import stores, uploads
from app.knowledge.vectors.managed import MANAGED
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
from tests.factories.managed import FILES, agree, day_before, lives, scope, settle, sql, sync, there


def test_a_day_becomes_a_log_and_a_summary_in_the_guilds_store(server):
    agree(GUILD)
    sql("INSERT INTO channels (id, guild_id, name) VALUES (:id, :guild, 'harbour')", id=PUBLIC, guild=GUILD)
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
    assert (log["title"], log["tags"]) == (f"Chat of #harbour on {day}", f"chatlog channel:{PUBLIC} date:{day}")
    assert (summary["title"], summary["messages"]) == (f"Summary of #harbour on {day}", 2)
    assert sum(one["tokens"] > 0 for one in attributes) == 2
    assert log["url"] == f"discord://chatlog/{GUILD}/{PUBLIC}/{day}"
    assert (summary["category"], summary["section"]) == ("summary", "daily-chat")
    chat = next(json.loads(content) for content in server.contents.values() if content.startswith(b"{"))
    assert chat["header"] == {"channel_name": "harbour", "channel_category": "general", "date": day}
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
            cut_author(uow.session, GUILD, BORIS)
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
    assert log["title"] == f"Chat of #{PUBLIC} on {now().date().isoformat()}"
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
