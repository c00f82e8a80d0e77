"""Another provider or model: every text gets a vector of it in the background, and search goes on meanwhile."""

import hashlib
import struct
import threading

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError

from app.clients import openai
from app.core.db import unit_of_work
from app.core.errors import RemoteUnavailable
from app.core.redis import cache_redis
from app.core.settings import settings
from app.knowledge.embeddings import models, pipeline, providers
from app.knowledge.search import candidates, legs
from app.knowledge.search import queries as search
from app.knowledge.search.legs import Scope
from app.knowledge.vectors import registry
from app.knowledge.vectors.pgvector import PGVECTOR
from app.knowledge.vectors.stores import Scope as Days
from tests.factories.knowledge import ANNA, BORIS, GUILD, OTHER_GUILD, PUBLIC, delete, embed_all, opt_out, rows, write
from tests.factories.outages import line

LOCAL, REMOTE = "all-minilm-l6-v2/int8", "text-embedding-3-small/512"
STATE = "SELECT guild_id, model, target, below, has_leftovers FROM guild_models ORDER BY 1"


def of(model, guild=GUILD):
    found = rows(
        "SELECT message_id FROM message_vectors WHERE model = :m AND guild_id = :g ORDER BY 1", m=model, g=guild
    )
    return [row[0] for row in found]


def vector_of(content):
    """A vector that depends on nothing but the words of a text."""
    sums = [0.001] * 512
    for word in content.lower().split():
        (place,) = struct.unpack("<I", hashlib.sha256(word.encode()).digest()[:4])
        sums[place % 512] += 1
    return sums


@pytest.fixture
def remote(index, monkeypatch):
    """What is sent to OpenAI, whose place a function takes here; the contract tests speak to a server."""
    sent = []

    def embed(texts, model, dimensions):
        sent.extend(texts)
        return [vector_of(text) for text in texts]

    monkeypatch.setattr(openai, "embed", embed)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    settings.cache_clear()
    yield sent
    providers.provider.cache_clear()


def choose(monkeypatch, provider):
    monkeypatch.setenv("EMBEDDINGS_PROVIDER", provider)
    settings.cache_clear()
    providers.provider.cache_clear()


def agree(*guilds, features='{"openai": true}'):
    with unit_of_work() as uow:
        for guild in guilds:
            uow.session.connection().exec_driver_sql(
                "INSERT INTO guild_settings (guild_id, features) VALUES (%s, %s)"
                " ON CONFLICT (guild_id) DO UPDATE SET features = excluded.features",
                (guild, features),
            )
        uow.commit()


def test_the_first_vectors_decide_what_is_searched(remote):
    write("a text")
    embed_all()
    assert rows(STATE) == [(GUILD, LOCAL, None, None, False)]


def test_a_change_re_embeds_everything_then_switches_then_clears_up(remote, monkeypatch):
    agree(GUILD)
    written = [write(f"story number {n} about whales") for n in range(40)]
    embed_all()
    choose(monkeypatch, "openai")
    embed_all()
    assert rows(STATE) == [(GUILD, REMOTE, None, None, False)]
    assert of(REMOTE) == written
    assert of(LOCAL) == []
    assert len(cache_redis().keys(f"vector:*:{REMOTE}:*")) == len(written)
    assert cache_redis().keys(f"vector:*:{LOCAL}:*") == [], "no deletion of a text would find them any more"
    assert rows("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL") == [(0,)]


def test_search_goes_on_at_every_step_of_a_change(remote, monkeypatch):
    monkeypatch.setattr(models, "_STEP_ROWS", 7)
    agree(GUILD)
    target = write("the captain hid the treasure below the old lighthouse")
    for n in range(30):
        write(f"idle talk number {n}")
    embed_all()
    choose(monkeypatch, "openai")
    steps = 0
    while True:
        meaning = candidates.meaning_of(GUILD, "where did the captain hide the gold")
        with unit_of_work() as uow:
            found = legs.by_meaning(uow.session, Scope({"guild_id": GUILD, "channel_ids": [PUBLIC]}), meaning)
        assert found[0] == target
        assert len(found) == 31
        steps += 1
        assert steps < 200
        if not pipeline.refresh(seconds=0.05):
            break
    assert rows(STATE) == [(GUILD, REMOTE, None, None, False)]
    assert steps > 2


def test_days_are_found_at_every_step_of_a_change_too(remote, monkeypatch):
    agree(GUILD)
    places = range(PUBLIC, PUBLIC + 6)
    for channel in places:
        write(f"the captain hid the treasure below lighthouse {channel}", channel=channel)
    write("the captain keeps nothing here", guild=OTHER_GUILD)
    embed_all()

    def step(**more):
        with unit_of_work() as uow:
            uow.session.connection().exec_driver_sql(
                "UPDATE documents SET claimed_until = NULL, stale_at = '-infinity' WHERE stale_at IS NOT NULL"
            )
            uow.commit()
        return pipeline.refresh(sources=registry.SOURCES, **more)

    while step():
        pass
    choose(monkeypatch, "openai")
    steps, models_seen = 0, set()
    while True:
        found = PGVECTOR.search(Days(GUILD, tuple(places)), "where did the captain hide the gold", 50)
        assert {one.channel_id for one in found} == set(places)
        assert len({(one.document_id, one.text) for one in found}) == len(found) == 12
        models_seen.add(tuple(row[0] for row in rows("SELECT DISTINCT model FROM document_vectors ORDER BY 1")))
        steps += 1
        assert steps < 100
        if not step(seconds=0.01) and rows(STATE)[0][1:] == (REMOTE, None, None, False):
            break
    while step():
        pass
    assert rows("SELECT DISTINCT guild_id, model FROM document_vectors ORDER BY 1") == [
        (GUILD, REMOTE),
        (OTHER_GUILD, LOCAL),
    ]
    # Some steps found the days of both models beside each other.
    assert any(len(one) == 2 for one in models_seen)
    assert PGVECTOR.search(Days(OTHER_GUILD, (PUBLIC,)), "captain")
    assert not [text for text in remote if "nothing here" in text]


def test_what_is_written_during_a_change_is_found_by_the_old_model_too(remote, monkeypatch):
    agree(GUILD)
    first = write("an old message")
    embed_all()
    choose(monkeypatch, "openai")
    new = write("a message written while the change is under way")
    # New texts come first: they are embedded before the change takes its first step.
    monkeypatch.setattr(models, "advance", lambda *_: False)
    pipeline.refresh()
    assert of(REMOTE) == [new]
    assert of(LOCAL) == [first, new]


def test_a_guild_that_does_not_agree_keeps_its_model_for_new_texts_too(remote, monkeypatch):
    agree(OTHER_GUILD)
    first, elsewhere = write("stays at home"), write("may travel", guild=OTHER_GUILD)
    embed_all()
    choose(monkeypatch, "openai")
    second = write("stays at home as well")
    embed_all()
    assert rows(STATE) == [(GUILD, LOCAL, None, None, False), (OTHER_GUILD, REMOTE, None, None, False)]
    assert of(LOCAL) == [first, second]
    assert of(REMOTE, OTHER_GUILD) == [elsewhere]
    assert remote == ["may travel"]
    assert search.search(GUILD, [PUBLIC], "home").has_meaning


def test_consent_taken_back_on_the_way_leaves_the_old_vectors(remote, monkeypatch):
    monkeypatch.setattr(models, "_STEP_ROWS", 2)
    agree(GUILD)
    written = [write(f"text {n}") for n in range(6)]
    embed_all()
    choose(monkeypatch, "openai")
    models.advance(providers.provider(), [])
    agree(GUILD, features='{"openai": false}')
    embed_all()
    assert of(LOCAL) == written
    ((_, model, *_),) = rows(STATE)
    assert model == LOCAL
    assert remote == []
    agree(GUILD)
    embed_all()
    assert of(REMOTE) == written
    assert of(LOCAL) == []


def test_a_change_taken_back_half_way_leaves_no_trace(remote, monkeypatch):
    monkeypatch.setattr(models, "_STEP_ROWS", 3)
    agree(GUILD)
    written = [write(f"text {n}") for n in range(9)]
    embed_all()
    choose(monkeypatch, "openai")
    while not of(REMOTE):
        pipeline.refresh(seconds=0.05)
    choose(monkeypatch, "local")
    late = write("written after the change was taken back")
    embed_all()
    assert of(LOCAL) == [*written, late]
    assert of(REMOTE) == []
    assert rows(STATE) == [(GUILD, LOCAL, None, None, False)]


def test_an_outage_of_the_new_provider_leaves_search_as_it_was(remote, monkeypatch):
    agree(GUILD)
    message = write("still found by its meaning")
    embed_all()

    def away(texts, model, dimensions):
        raise RemoteUnavailable("HTTP 429", 3600)

    monkeypatch.setattr(openai, "embed", away)
    choose(monkeypatch, "openai")
    embed_all()
    found = search.search(GUILD, [PUBLIC], "meaning")
    assert (found.message_ids, found.has_meaning) == ((message,), True)
    assert of(LOCAL) == [message]


@pytest.mark.parametrize("step", ["_walk", "_clean"])
def test_a_change_that_loses_the_database_goes_on_where_it_stood(remote, database, monkeypatch, step):
    monkeypatch.setattr(models, "_STEP_ROWS", 3)
    agree(GUILD)
    written = [write(f"text {n}") for n in range(8)]
    embed_all()
    with line(monkeypatch, "DATABASE_URL", database) as postgres:
        choose(monkeypatch, "openai")
        real, calls = getattr(models, step), []

        def losing(*arguments):
            calls.append(step)
            done = real(*arguments)
            if len(calls) == 2:
                postgres.cut()
            return done

        monkeypatch.setattr(models, step, losing)
        with pytest.raises((OperationalError, InterfaceError)):
            embed_all()
        postgres.mend()
        ((_, model, *_),) = rows(STATE)
        assert model == (LOCAL if step == "_walk" else REMOTE)
        assert search.search(GUILD, [PUBLIC], "text").has_meaning
        embed_all()
    assert rows(STATE) == [(GUILD, REMOTE, None, None, False)]
    assert of(REMOTE) == written
    assert of(LOCAL) == []


def test_an_old_provider_that_is_gone_leaves_words_and_the_change_goes_on(remote, monkeypatch):
    agree(GUILD)
    choose(monkeypatch, "openai")
    message = write("made by the provider elsewhere")
    embed_all()
    assert of(REMOTE) == [message]
    monkeypatch.setenv("OPENAI_API_KEY", "")
    choose(monkeypatch, "local")
    found = search.search(GUILD, [PUBLIC], "provider")
    assert (found.message_ids, found.has_meaning) == ((message,), False)
    new = write("written meanwhile")
    embed_all()
    assert of(LOCAL) == [message, new]
    assert of(REMOTE) == []
    assert search.search(GUILD, [PUBLIC], "provider").has_meaning


def test_deleted_and_opted_out_texts_hold_up_no_change(remote, monkeypatch):
    agree(GUILD)
    kept, gone, secret = write("kept", author=ANNA), write("gone", author=ANNA), write("secret", author=BORIS)
    embed_all()
    choose(monkeypatch, "openai")
    opt_out(BORIS)
    delete(gone)
    embed_all()
    embed_all()
    assert of(REMOTE) == [kept]
    assert of(LOCAL) == []
    assert secret not in remote
    assert remote == ["kept"]


def test_what_the_old_model_gave_up_is_tried_by_the_new_one(remote, monkeypatch):
    agree(GUILD)
    message = write("refused by the old model")
    embed_all()
    with unit_of_work() as uow:
        connection = uow.session.connection()
        connection.exec_driver_sql("DELETE FROM message_vectors")
        connection.exec_driver_sql(
            "INSERT INTO embedding_failures VALUES ('messages', %s, %s, %s, 6, 'refused')", (message, GUILD, LOCAL)
        )
        uow.commit()
    embed_all()
    assert of(LOCAL) == []
    choose(monkeypatch, "openai")
    embed_all()
    assert of(REMOTE) == [message]
    assert rows("SELECT count(*) FROM embedding_failures") == [(0,)]


def test_a_change_under_load_loses_and_doubles_nothing(remote, monkeypatch):
    """Several workers, texts that come and go, and searches, all at once."""
    monkeypatch.setattr(models, "_STEP_ROWS", 20)
    agree(GUILD, OTHER_GUILD)
    written = [write(f"story {n}", guild=GUILD if n % 3 else OTHER_GUILD) for n in range(120)]
    embed_all()
    choose(monkeypatch, "openai")
    errors, stop = [], threading.Event()

    def until_stopped(work):
        def run():
            try:
                while not stop.is_set():
                    work()
            except Exception as error:  # noqa: BLE001 - it is shown by the test's own thread.
                errors.append(error)

        return threading.Thread(target=run)

    def look():
        found = search.search(GUILD, [PUBLIC], "story")
        assert found.has_meaning
        assert found.message_ids

    threads = [
        until_stopped(lambda: pipeline.refresh(seconds=0.2)),
        until_stopped(lambda: pipeline.refresh(seconds=0.2)),
    ]
    threads.append(until_stopped(look))
    for one in threads:
        one.start()
    written += [write(f"late story {n}") for n in range(40)]
    for message in written[:10]:
        delete(message, guild=OTHER_GUILD if written.index(message) % 3 == 0 else GUILD)
    stop.wait(2)
    stop.set()
    for one in threads:
        one.join(30)
    assert errors == []
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("UPDATE embedding_claims SET claimed_until = now()")
        uow.commit()
    embed_all()
    embed_all()
    assert sorted(of(REMOTE) + of(REMOTE, OTHER_GUILD)) == sorted(written[10:])
    assert of(LOCAL) == of(LOCAL, OTHER_GUILD) == []
    assert rows("SELECT DISTINCT model FROM guild_models") == [(REMOTE,)]


def test_the_sweep_sends_a_task_for_a_change_with_no_stale_text(remote, monkeypatch):
    from app.core.redis import broker_redis
    from tasks.embeddings import sweep

    agree(GUILD)
    write("a text")
    embed_all()
    with unit_of_work() as uow:
        assert not models.is_switching(uow.session, providers.provider())
    choose(monkeypatch, "openai")
    sweep()
    assert broker_redis().llen("embeddings") == 1


def test_a_long_text_has_a_vector_for_each_part_and_is_found_once(index):
    filler = "We talked about nothing in particular and the tea was cold. " * 14
    message = write(filler + "The treasure lies below the third oak. " + filler)
    other = write("somebody else says hello")
    embed_all()
    ((parts,),) = rows("SELECT count(*) FROM message_vectors WHERE message_id = :id", id=message)
    assert parts >= 3
    found = search.search(GUILD, [PUBLIC], "where is the gold buried, under which tree")
    assert found.message_ids[0] == message
    assert sorted(found.message_ids) == sorted([message, other])
    delete(message)
    assert rows("SELECT message_id FROM message_vectors") == [(other,)]


def test_a_429_for_an_hour_is_asked_once_and_loses_nothing(remote, monkeypatch):
    choose(monkeypatch, "openai")
    agree(GUILD)
    written = [write(f"text number {n} about otters") for n in range(8)]
    asked, answer = [], openai.embed

    def refuse(texts, model, dimensions):
        asked.append(len(texts))
        raise RemoteUnavailable("HTTP 429", 3600)

    monkeypatch.setattr(openai, "embed", refuse)
    for _ in range(10):
        assert pipeline.refresh() is False
        # Whoever searches meanwhile waits for nobody, and is answered by the words.
        found = search.search(GUILD, [PUBLIC], "otters")
        assert (set(found.message_ids), found.has_meaning) == (set(written), False)
    assert asked == [8]
    assert rows("SELECT count(*) FROM embedding_failures") == [(0,)]
    # The hour is over, here and for all processes.
    monkeypatch.setattr(openai, "embed", answer)
    providers.provider.cache_clear()
    cache_redis().flushall()
    embed_all()
    assert of(REMOTE) == written
    assert sorted(remote) == sorted(f"text number {n} about otters" for n in range(8))
