"""From stale messages to index rows."""

import math
import struct
import threading

import numpy as np
import pytest

from app.clients import minilm
from app.core.db import unit_of_work
from app.core.errors import BadInput, Unavailable
from app.core.redis import cache_redis
from app.knowledge.embeddings import cache, pipeline, providers, queries
from app.knowledge.embeddings import index as steps
from app.knowledge.embeddings.sources import Made
from tests.factories.knowledge import (
    ANNA,
    BORIS,
    GUILD,
    OTHER_GUILD,
    delete,
    edit,
    embed_all,
    opt_out,
    rows,
    write,
)

VECTORS = "SELECT DISTINCT message_id FROM message_vectors ORDER BY 1"
TERMS = "SELECT message_id FROM message_terms ORDER BY 1"
STALE = "SELECT id FROM messages WHERE embedding_stale_at IS NOT NULL ORDER BY 1"
CLAIMS = "SELECT message_id FROM embedding_claims ORDER BY 1"


def index_words():
    """Index the words of what was written."""
    with unit_of_work() as uow:
        steps.index_terms(uow.session, 100)
        uow.commit()


def during_the_model(monkeypatch, happening):
    """Let something happen while the model computes, once the text is out of the database."""
    real, done = minilm.embed, []

    def embed(texts):
        if not done:
            done.append(True)
            happening()
        return real(texts)

    monkeypatch.setattr(minilm, "embed", embed)


def test_a_stale_message_gets_words_a_vector_and_rest(index):
    message = write("The dragon sleeps on its gold")
    embed_all()
    assert rows(VECTORS) == rows(TERMS) == [(message,)]
    assert rows(STALE) == rows(CLAIMS) == []
    ((model, dims, content_hash, vector),) = rows(
        "SELECT model, dims, content_hash, embedding::text FROM message_vectors"
    )
    assert (model, dims, len(content_hash)) == ("all-minilm-l6-v2/int8", 384, 32)
    stored = np.array([float(value) for value in vector.strip("[]").split(",")])
    assert math.isclose(np.linalg.norm(stored), 1, abs_tol=1e-3)
    assert stored @ minilm.embed(["The dragon sleeps on its gold"])[0] > 0.999


def test_many_messages_of_many_guilds_are_all_embedded(index):
    written = [write(f"saying number {n} about trains", guild=GUILD + n % 3) for n in range(300)]
    embed_all()
    assert [row[0] for row in rows(VECTORS)] == [row[0] for row in rows(TERMS)] == sorted(written)
    assert rows(
        "SELECT count(*) FROM message_vectors v JOIN messages m ON m.id = v.message_id"
        " AND m.guild_id = v.guild_id AND m.channel_id = v.channel_id AND m.author_id = v.author_id"
    ) == [(300,)]
    assert rows(STALE) == []


def test_doing_it_twice_changes_nothing(index):
    write("once and for all")
    embed_all()
    before = rows("SELECT * FROM message_vectors")
    embed_all()
    assert rows("SELECT * FROM message_vectors") == before


@pytest.mark.parametrize("content", ["", "   \n ", None])
def test_a_message_without_text_is_settled_without_a_vector(index, content):
    write(content)
    embed_all()
    assert rows(VECTORS) == rows(TERMS) == rows(STALE) == []


@pytest.mark.parametrize(
    "content",
    ["😀😀😀", "'); DROP TABLE messages; --", "a" * 4000, "слон и дракон", "龙在睡觉", "\ufffd", "x & y | !z <-> 'q\\"],
)
def test_any_text_is_embedded(index, content):
    message = write(content)
    embed_all()
    assert rows(VECTORS) == [(message,)]


def test_a_text_edited_while_the_model_works_is_embedded_as_it_is_now(index, monkeypatch):
    message = write("the cat is black")
    during_the_model(monkeypatch, lambda: edit(message, "quarterly sales figures"))
    embed_all()
    ((vector,),) = rows("SELECT embedding::text FROM message_vectors")
    stored = np.array([float(value) for value in vector.strip("[]").split(",")])
    assert stored @ minilm.embed(["quarterly sales figures"])[0] > 0.999
    assert rows("SELECT count(*) FROM message_terms WHERE terms @@ 'cat'") == [(0,)]
    assert rows(STALE) == []


def test_a_text_deleted_while_the_model_works_leaves_nothing(index, monkeypatch):
    message = write("a secret that must go")
    during_the_model(monkeypatch, lambda: delete(message))
    embed_all()
    assert rows(VECTORS) == rows(TERMS) == rows(STALE) == rows(CLAIMS) == []
    assert cache_redis().keys("vector:*") == []


def test_an_author_who_opts_out_while_the_model_works_gets_no_vector(index, monkeypatch):
    write("please do not keep this", author=BORIS)
    during_the_model(monkeypatch, lambda: opt_out(BORIS))
    embed_all()
    assert rows(VECTORS) == []
    embed_all()
    assert rows(VECTORS) == rows(STALE) == []


def test_nothing_of_an_opted_out_author_is_indexed(index):
    opt_out(BORIS)
    write("hello from boris", author=BORIS)
    elsewhere = write("hello from boris", author=BORIS, guild=OTHER_GUILD)
    kept = write("hello from anna", author=ANNA)
    embed_all()
    assert rows(VECTORS) == rows(TERMS) == sorted([(elsewhere,), (kept,)])


def test_a_deletion_waits_for_a_vector_under_way_and_then_takes_it_away(index):
    """The writer holds the message's lock; the deletion comes in between its statements and its commit."""
    message = write("a text that is deleted at the last moment")
    vector = providers.provider().embed(["a text that is deleted at the last moment"])[0]
    with unit_of_work() as uow:
        steps.index_terms(uow.session, 10)
        claimed = steps.claim(uow.session, 10)
        uow.commit()
    with unit_of_work() as uow:
        made = Made("all-minilm-l6-v2/int8", 384, {message: [vector]})
        assert steps.store(uow.session, claimed, [made]) == {message}
        deletion = threading.Thread(target=delete, args=(message,))
        deletion.start()
        deletion.join(0.3)
        assert deletion.is_alive()
        uow.commit()
    deletion.join(10)
    assert rows(VECTORS) == rows(STALE) == []


def test_two_workers_never_have_the_same_message_in_hand(index):
    for n in range(6):
        write(f"text {n}")
    index_words()
    with unit_of_work() as first, unit_of_work() as second:
        one = steps.claim(first.session, 3)
        two = steps.claim(second.session, 10)
        first.commit()
        second.commit()
    with unit_of_work() as third:
        assert steps.claim(third.session, 10) == []
    assert len(one) == len(two) == 3
    assert {row.id for row in one}.isdisjoint(row.id for row in two)


def test_the_newest_messages_come_first(index):
    written = [write(f"text {n}") for n in range(5)]
    index_words()
    with unit_of_work() as uow:
        assert {row.id for row in steps.claim(uow.session, 2)} == set(written[-2:])


def test_a_dead_workers_messages_are_free_again_when_its_claim_runs_out(index):
    message = write("taken by a worker that dies")
    index_words()
    with unit_of_work() as uow:
        steps.claim(uow.session, 1)
        uow.commit()
    embed_all()
    assert rows(VECTORS) == []
    rows_after = "UPDATE embedding_claims SET claimed_until = now() - interval '1 second'"
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(rows_after)
        uow.commit()
    embed_all()
    assert rows(VECTORS) == [(message,)]


def test_words_do_not_wait_for_a_model_that_is_away(index, monkeypatch):
    message = write("findable by its words")

    def away(texts):
        raise Unavailable("away")

    monkeypatch.setattr(minilm, "embed", away)
    assert pipeline.refresh() is False
    assert rows(TERMS) == rows(STALE) == [(message,)]
    assert rows("SELECT attempts FROM embedding_claims WHERE claimed_until > now() + interval '1 second'") == []
    with unit_of_work() as uow:
        assert queries.backlog(uow.session) == 1
    monkeypatch.undo()


@pytest.mark.parametrize("wrong", [[], [[0.1] * 383], [[math.nan] * 384], [[math.inf] * 384], [[0.0] * 384]])
def test_what_is_no_vector_is_never_stored(index, monkeypatch, wrong):
    write("a text")
    monkeypatch.setattr(minilm, "embed", lambda _: np.array(wrong, np.float32))
    assert pipeline.refresh() is False
    assert rows(VECTORS) == []
    assert len(rows(STALE)) == 1


def test_a_text_that_always_fails_holds_up_no_others(index, monkeypatch):
    poison = write("poison")
    others = [write(f"healthy text {n}") for n in range(5)]
    real = minilm.embed

    def embed(texts):
        if "poison" in texts:
            raise BadInput("refused")
        return real(texts)

    monkeypatch.setattr(minilm, "embed", embed)
    # Together it fails twice; from the third attempt on it stands alone.
    for _ in range(3):
        assert pipeline.refresh() is False
        with unit_of_work() as uow:
            uow.session.connection().exec_driver_sql("UPDATE embedding_claims SET claimed_until = now()")
            uow.commit()
    assert [row[0] for row in rows(VECTORS)] == others
    assert rows(STALE) == rows(CLAIMS) == [(poison,)]
    embed_all()
    ((waits,),) = rows("SELECT claimed_until - now() > interval '5 minutes' FROM embedding_claims")
    assert waits


def test_a_corrupt_cached_vector_is_replaced(index):
    write("good evening")
    embed_all()
    (name,) = cache_redis().keys("vector:*")
    cache_redis().set(name, b"not a vector")
    write("good evening")
    embed_all()
    assert len(rows(VECTORS)) == 2
    assert len(cache_redis().get(name)) == 768


def test_a_text_that_comes_again_costs_no_model(index, monkeypatch):
    write("good morning everybody")
    embed_all()
    calls = []
    real = minilm.embed
    monkeypatch.setattr(minilm, "embed", lambda texts: calls.append(list(texts)) or real(texts))
    write("good morning everybody")
    write("good morning everybody", guild=OTHER_GUILD)
    embed_all()
    assert calls == [["good morning everybody"]]
    assert len({row[0] for row in rows("SELECT embedding::text FROM message_vectors")}) == 1
    assert len(rows(VECTORS)) == 3


def test_a_deletion_takes_the_cached_vector_away_too(index):
    message = write("cached and then deleted")
    embed_all()
    (name,) = cache_redis().keys("vector:*")
    assert 7 * 24 * 3600 - 60 < cache_redis().ttl(name) <= 7 * 24 * 3600
    assert len(struct.unpack("<384e", cache_redis().get(name))) == 384
    delete(message)
    assert cache_redis().keys("vector:*") == []


def test_a_deletion_between_the_commit_and_the_weeks_stay_is_not_undone(index, monkeypatch):
    message = write("deleted as soon as it was stored")
    real = cache.keep
    monkeypatch.setattr(cache, "keep", lambda keys: (delete(message), real(keys)))
    embed_all()
    assert rows(VECTORS) == cache_redis().keys("vector:*") == []


def test_a_worker_that_ends_after_a_deletion_leaves_its_vector_for_moments_only(index, monkeypatch):
    """The deletion found neither row nor cached vector, and the claim is gone with it."""
    message, real = write("deleted while the model was at it"), minilm.embed
    monkeypatch.setattr(minilm, "embed", lambda texts: (delete(message), real(texts))[1])

    class Killed(BaseException):
        pass

    def end(*_):
        raise Killed

    monkeypatch.setattr(steps.MESSAGES, "store", end)
    with pytest.raises(Killed):
        embed_all()
    (name,) = cache_redis().keys("vector:*")
    assert 0 < cache_redis().ttl(name) <= 120


@pytest.mark.parametrize("end", ["stored by another model", "given up"])
def test_what_a_killed_worker_cached_goes_with_its_claim_too(index, monkeypatch, end):
    message = write("a text and its claim")
    index_words()
    claimed = pipeline._claim(steps.MESSAGES)
    cache.put(minilm.MODEL, dict.fromkeys(claimed[0].text_keys, b"half"))
    with unit_of_work() as uow:
        if end == "given up":
            steps.bury(uow.session, claimed, "it never worked", minilm.MODEL)
        else:
            made = Made("other/2", 2, {message: [struct.pack("<2e", 1, 0)]})
            steps.store(uow.session, claimed, [made])
        uow.commit()
    assert cache_redis().keys("vector:*") == []


def test_without_redis_vectors_are_made_all_the_same(index, monkeypatch):
    from app.core import redis
    from app.core.settings import settings

    monkeypatch.setenv("REDIS_CACHE_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    redis.cache_redis.cache_clear()
    message = write("no cache today")
    embed_all()
    delete(message)
    second = write("still no cache")
    embed_all()
    assert rows(VECTORS) == [(second,)]


def test_the_language_is_the_guilds(index):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(
            f"INSERT INTO guild_settings (guild_id, locale) VALUES ({GUILD}, 'fr'), ({OTHER_GUILD}, 'ja')"
        )
        uow.commit()
    french, japanese = write("les chevaux mangeaient"), write("running horses", guild=OTHER_GUILD)
    direct = write("running horses", guild=0)
    embed_all()
    languages = dict(rows("SELECT message_id, language FROM message_terms"))
    assert languages == {french: "french", japanese: "simple", direct: "english"}
    assert rows("SELECT message_id FROM message_terms WHERE terms @@ to_tsquery('french', 'cheval & manger')") == [
        (french,)
    ]


def test_a_backlog_is_gone_through_once_for_its_words(index, monkeypatch):
    monkeypatch.setattr(steps, "_STEP_ROWS", 3)
    written = [write(f"text {n}") for n in range(7)]
    with unit_of_work() as uow:
        below = steps.index_terms(uow.session, 3)
        assert below == written[4]
        assert steps.index_terms(uow.session, 3, below) == written[1]
        assert steps.index_terms(uow.session, 3, written[1]) is None
        assert steps.index_terms(uow.session, 7) == written[0]
        uow.commit()
    assert rows(TERMS) == [(message,) for message in written]


def test_indexing_waits_for_those_who_go_first(index, monkeypatch):
    message = write("a text that can wait")
    seen = []

    def is_crowded():
        seen.append(rows(TERMS))
        return len(seen) < 3

    monkeypatch.setattr(pipeline, "_LOOK_SECONDS", 0.01)
    assert pipeline.refresh(is_crowded=is_crowded) is False
    assert seen[:3] == [[], [], []]
    assert rows(VECTORS) == rows(TERMS) == [(message,)]


def test_indexing_gets_on_however_long_others_are_busy(index, monkeypatch):
    message = write("a text that has waited long enough")
    monkeypatch.setattr(pipeline, "GIVE_WAY_SECONDS", 0.2)
    assert pipeline.refresh(is_crowded=lambda: True) is False
    assert rows(VECTORS) == [(message,)]


def test_a_message_that_comes_between_words_and_vectors_gets_both(index, monkeypatch):
    first = write("there when the words were indexed")
    late = []
    during_the_model(monkeypatch, lambda: late.append(write("written while the model was computing")))
    embed_all()
    assert rows(TERMS) == rows(VECTORS) == [(first,), (late[0],)]
