"""Documents in PostgreSQL: made by the embedding worker, found by their passages, gone with their messages."""

import json
import random
import threading
from datetime import timedelta

import pytest

from app.cli.main import main
from app.clients import minilm
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.errors import BadInput, Unavailable
from app.core.redis import cache_redis
from app.knowledge.documents import rules, service
from app.knowledge.documents.days import cut_author
from app.knowledge.embeddings import pipeline
from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.vectors import stores
from app.knowledge.vectors.pgvector import DOCUMENTS, PGVECTOR
from tests.factories.knowledge import (
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

VECTORS = "SELECT count(*) FROM document_vectors"
SOURCES = (MESSAGES, DOCUMENTS)


def settle():
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(
            "UPDATE documents SET claimed_until = NULL, stale_at = '-infinity' WHERE stale_at IS NOT NULL"
        )
        uow.commit()


def make():
    embed_all()
    settle()
    while pipeline.refresh(sources=SOURCES):
        pass


def find(question, *channels, guild=GUILD, **more):
    return PGVECTOR.search(stores.Scope(guild, channels or (PUBLIC, PRIVATE), **more), question)


def test_a_day_is_found_by_its_passages(index):
    for n in range(30):
        write(f"we talked about the weather in town number {n} and nothing else happened there")
    write("the treasure is buried below the old oak behind the mill")
    make()
    found = find("where is the gold hidden", section=rules.LOG)
    assert "old oak" in found[0].text
    assert found[0].url == f"discord://chatlog/{GUILD}/{PUBLIC}/{now().date().isoformat()}"
    assert rows("SELECT DISTINCT stored_model, stale_at IS NULL FROM documents") == [("all-minilm-l6-v2/int8", True)]


def test_a_day_that_goes_on_is_not_made_before_it_has_settled(index):
    write("good morning")
    embed_all()
    while pipeline.refresh(sources=SOURCES):
        pass
    assert rows(VECTORS) == [(0,)]
    with unit_of_work() as uow:
        assert service.due(uow.session) == 0
        assert service.due(uow.session, now() + timedelta(hours=2)) == 2


@pytest.mark.parametrize("happening", ["delete", "edit", "opt out"])
def test_what_goes_is_not_found_from_its_commit_on(index, happening):
    secret = write("the password is swordfish", author=BORIS)
    write("the weather is fine")
    make()
    assert any("swordfish" in found.text for found in find("swordfish password"))
    if happening == "delete":
        delete(secret)
    elif happening == "edit":
        edit(secret, "never mind")
    else:
        opt_out(BORIS)
        with unit_of_work() as uow:
            cut_author(uow.session, GUILD, BORIS)
            uow.commit()
    assert not any("swordfish" in found.text for found in find("swordfish password"))
    make()
    assert not any("swordfish" in found.text for found in find("swordfish password"))
    assert any("weather" in found.text for found in find("weather"))


@pytest.mark.parametrize("happening", ["deletions", "pruning"])
def test_what_goes_from_a_day_takes_every_cached_vector_of_its_passages_along(index, happening):
    """Also those of passages as they were before something was added to the day."""
    written = []
    for content in ("the treasure lies below the old oak", "nobody has dug there yet", "and nobody shall"):
        written.append(write(content, author=BORIS))
        make()
    write("an island", guild=OTHER_GUILD, channel=ELSEWHERE)
    make()
    assert len(cache_redis().keys(f"vector:{GUILD}:*")) >= 5
    if happening == "pruning":
        with unit_of_work() as uow:
            uow.session.connection().exec_driver_sql(
                "UPDATE documents SET day = day - 40 WHERE guild_id = %s", (GUILD,)
            )
            uow.commit()
        assert service.prune(0, GUILD, older_than=timedelta(days=30)) == 2
        assert len(cache_redis().keys(f"vector:{GUILD}:*")) == len(written)
    for message in written:
        delete(message)
    assert cache_redis().keys(f"vector:{GUILD}:*") == []
    assert len(cache_redis().keys(f"vector:{OTHER_GUILD}:*")) == 3


def test_a_deletion_while_the_model_works_leaves_nothing(index, monkeypatch):
    secret = write("a secret that must go")
    write("something else")
    embed_all()
    settle()
    real, done = minilm.embed, []

    def embed(texts):
        if not done and any("secret" in one for one in texts):
            done.append(True)
            delete(secret)
        return real(texts)

    monkeypatch.setattr(minilm, "embed", embed)
    pipeline.refresh(sources=SOURCES)
    assert done
    assert not any("secret" in found.text for found in find("secret"))
    assert rows("SELECT count(*) FROM documents WHERE stale_at IS NOT NULL AND section = 'daily-log'") == [(1,)]


def test_a_model_that_is_away_leaves_documents_marked_and_counts_no_attempt(index, monkeypatch):
    write("words")
    embed_all()
    settle()

    def away(texts):
        raise Unavailable("away")

    monkeypatch.setattr(minilm, "embed", away)
    assert pipeline.refresh(sources=SOURCES) is False
    assert rows("SELECT DISTINCT attempts, stale_at IS NULL FROM documents") == [(0, False)]


def test_a_document_that_always_fails_is_given_up_and_comes_back_with_a_change(index, monkeypatch):
    write("poison")
    embed_all()

    def refused(texts):
        raise BadInput("refused")

    monkeypatch.setattr(minilm, "embed", refused)
    for _ in range(pipeline.REFUSALS_MAX):
        settle()
        pipeline.refresh(sources=SOURCES)
    assert rows("SELECT source, count(*) FROM embedding_failures GROUP BY 1") == [("documents", 2)]
    monkeypatch.undo()
    write("another word")
    make()
    assert rows("SELECT count(DISTINCT document_id) FROM document_vectors") == [(2,)]


def test_a_document_that_was_given_up_is_tried_again_at_once_when_asked(index, monkeypatch, capsys):
    write("poison")
    embed_all()

    def refused(texts):
        raise BadInput("refused")

    with monkeypatch.context() as patched:
        patched.setattr(minilm, "embed", refused)
        for _ in range(pipeline.REFUSALS_MAX):
            settle()
            pipeline.refresh(sources=SOURCES)
    assert rows("SELECT source, count(*) FROM embedding_failures GROUP BY 1") == [("documents", 2)]
    assert main(["vectors", "failures", "--retry"]) == 0
    assert "2 texts are tried again" in capsys.readouterr().out
    while pipeline.refresh(sources=SOURCES):
        pass
    assert rows("SELECT count(DISTINCT document_id) FROM document_vectors") == [(2,)]
    assert rows("SELECT count(*) FROM embedding_failures") == [(0,)]


def test_no_message_of_a_channel_that_may_not_be_read_is_ever_found(index):
    """Random channels, random readers."""
    dice = random.Random(7)
    channels = [9_000 + n for n in range(8)]
    for n in range(60):
        channel = channels[n % len(channels)]
        write(f"story {n} told in place{channel}", channel=channel)
    write("story told elsewhere", guild=OTHER_GUILD, channel=ELSEWHERE)
    make()
    for _ in range(30):
        readable = dice.sample(channels, dice.randint(0, 4))
        found = PGVECTOR.search(stores.Scope(GUILD, tuple(readable)), "a story", 50)
        assert {one.channel_id for one in found} <= set(readable)
        assert bool(found) == bool(readable)
        for one in found:
            assert f"place{one.channel_id}" in one.text
    assert find("a story", ELSEWHERE) == []


def test_days_and_sections_filter(index):
    write("long ago there was a king", message_id=snowflake_at(now() - timedelta(days=4)))
    write("today there is a king")
    make()
    today = now().date()
    assert {one.day for one in find("king", since=today)} == {today}
    assert {one.day for one in find("king", until=today - timedelta(days=1))} == {today - timedelta(days=4)}
    assert {one.url.split("/")[2] for one in find("king", section=rules.SUMMARY)} == {"summary"}


def test_pruning_takes_the_oldest_days_and_their_vectors(index):
    for days in (6, 4, 2):
        for n in range(3):
            write(f"message {n}", message_id=snowflake_at(now() - timedelta(days=days)) + n)
    make()
    assert service.prune(6, chunk=1) == 1
    assert service.prune(6) == 0
    assert rows("SELECT count(*) FROM documents WHERE section = 'daily-log'") == [(2,)]
    assert service.prune(0, older_than=timedelta(days=3)) == 3
    assert rows("SELECT count(DISTINCT document_id) FROM document_vectors") == [(2,)]


def test_texts_that_retention_takes_take_their_documents_along(index, monkeypatch):
    from app.upkeep.retention import texts

    write("a word of long ago", message_id=snowflake_at(now() - timedelta(days=5)))
    kept = write("a word of today")
    make()
    texts.expire(now(), 3, 100)
    assert {found.day for found in find("word")} == {now().date()}
    make()
    assert rows("SELECT count(*) FROM documents") == [(2,)]
    assert kept


def test_the_job_takes_documents_that_are_older_than_any_text(index):
    from tasks.vectors import prune

    write("old", channel=PRIVATE)
    write("young")
    make()
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(f"UPDATE documents SET day = day - 95 WHERE channel_id = {PRIVATE}")
        uow.commit()
    prune()
    assert rows("SELECT DISTINCT day FROM documents") == [(now().date(),)]
    assert rows("SELECT count(DISTINCT document_id) FROM document_vectors") == [(2,)]


def test_two_workers_make_each_document_once(index):
    for channel in range(9_000, 9_012):
        write("hello there", channel=channel)
    embed_all()
    settle()
    threads = [threading.Thread(target=lambda: pipeline.refresh(seconds=20, sources=SOURCES)) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert rows("SELECT count(*), count(DISTINCT document_id) FROM document_vectors") == [(24, 24)]
    assert rows("SELECT count(*) FROM documents WHERE stale_at IS NOT NULL") == [(0,)]


def test_documents_follow_their_guild_to_another_model(index):
    write("a word")
    make()
    with unit_of_work() as uow:
        connection = uow.session.connection()
        connection.exec_driver_sql("UPDATE documents SET stored_model = 'old/1'")
        connection.exec_driver_sql("UPDATE document_vectors SET model = 'old/1'")
        uow.commit()
    with pytest.raises(Unavailable, match="not configured any more"):
        find("word")
    while pipeline.refresh(sources=SOURCES):
        pass
    assert find("word")
    assert rows("SELECT DISTINCT model FROM document_vectors") == [("all-minilm-l6-v2/int8",)]


def test_rebuilding_makes_what_was_destroyed(index):
    write("a word")
    make()
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("TRUNCATE documents, document_vectors")
        uow.commit()
    assert PGVECTOR.rebuild(OTHER_GUILD) == 0
    assert PGVECTOR.rebuild(None) == 2
    while pipeline.refresh(sources=SOURCES):
        pass
    assert find("word")


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("messages", (1, 3, 3)),
        (rules.LOG, (3, 1, 3)),
        (rules.SUMMARY, (3, 3, 1)),
        (None, (1, 1, 1)),
    ],
)
def test_pruning_takes_of_the_source_that_was_named_alone(index, capsys, source, left):
    for days in (5, 3, 1):
        write("words of that day", message_id=snowflake_at(now() - timedelta(days=days)) + 1)
    make()
    command = ["vectors", "prune", "--older-than", "2", *(["--source", source] if source else [])]
    counts = (
        "SELECT (SELECT count(*) FROM message_vectors), count(*) FILTER (WHERE section = 'daily-log'),"
        " count(*) FILTER (WHERE section = 'daily-chat') FROM documents"
    )
    assert main([*command, "--dry-run"]) == 0
    assert rows(counts) == [(3, 3, 3)]
    assert main(command) == 0
    assert rows(counts) == [left]
    told = capsys.readouterr().out.splitlines()
    would, did = told[: len(told) // 2], told[len(told) // 2 :]
    assert [line.replace("would delete", "deleted") for line in would] == did


def test_a_dry_run_tells_what_pruning_by_source_then_takes(index, capsys):
    for days in (5, 3, 1):
        write("words of that day", message_id=snowflake_at(now() - timedelta(days=days)) + 1)
    make()

    def prune(*more):
        arguments = ["vectors", "prune", "--source", rules.LOG, "--older-than", "2", "--json"]
        assert main([*arguments, *more]) == 0
        return json.loads(capsys.readouterr().out)["documents"]

    sections = "SELECT section, count(*) FROM documents GROUP BY 1 ORDER BY 1"
    before = rows(sections), rows(VECTORS)
    assert before[0] == [(rules.SUMMARY, 3), (rules.LOG, 3)]
    assert prune("--dry-run") == 2
    assert (rows(sections), rows(VECTORS)) == before
    assert prune() == 2
    assert rows(sections) == [(rules.SUMMARY, 3), (rules.LOG, 1)]
    assert prune("--dry-run") == prune() == 0
