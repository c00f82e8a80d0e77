"""Texts that no attempt can embed: they are given up, shown, and tried again when there is reason to."""

import pytest

from app.clients import minilm
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.knowledge.embeddings import pipeline, queries
from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.search import queries as search
from tests.factories.knowledge import GUILD, PUBLIC, delete, edit, embed_all, opt_out, rows, write

STALE = "SELECT id FROM messages WHERE embedding_stale_at IS NOT NULL"


@pytest.fixture
def poison(index, monkeypatch):
    """A message that the model refuses whatever happens, among healthy ones."""
    message = write("poison among healthy texts")
    real = minilm.embed

    def embed(texts):
        if any("poison" in text for text in texts):
            raise BadInput("the model refuses these texts")
        return real(texts)

    monkeypatch.setattr(minilm, "embed", embed)
    return message


def attempt(times):
    for _ in range(times):
        pipeline.refresh()
        with unit_of_work() as uow:
            uow.session.connection().exec_driver_sql("UPDATE embedding_claims SET claimed_until = now()")
            uow.commit()


def failures():
    with unit_of_work() as uow:
        return queries.failures(uow.session, 10)


def test_a_text_that_always_fails_is_given_up_and_noted(poison):
    other = write("healthy")
    attempt(pipeline.REFUSALS_MAX - 1)
    assert failures() == []
    attempt(1)
    (failure,) = failures()
    assert (failure.source, failure.item_id, failure.guild_id, failure.attempts) == (
        "messages",
        poison,
        GUILD,
        pipeline.REFUSALS_MAX,
    )
    assert failure.reason == "the model refuses these texts"
    assert rows(STALE) == rows("SELECT message_id FROM embedding_claims") == []
    assert rows("SELECT message_id FROM message_vectors") == [(other,)]
    assert poison in search.search(GUILD, [PUBLIC], "poison").message_ids


def test_a_new_text_gets_new_attempts(poison):
    attempt(pipeline.REFUSALS_MAX)
    edit(poison, "a healthy text")
    assert failures() == []
    embed_all()
    assert rows("SELECT message_id FROM message_vectors") == [(poison,)]


def test_a_deletion_takes_the_note_away(poison):
    attempt(pipeline.REFUSALS_MAX)
    delete(poison)
    assert failures() == []


def test_whoever_asks_gets_another_attempt(poison, monkeypatch):
    attempt(pipeline.REFUSALS_MAX)
    monkeypatch.undo()
    with unit_of_work() as uow:
        assert MESSAGES.revive(uow.session, 10) == 1
        uow.commit()
    embed_all()
    assert failures() == []
    assert rows("SELECT message_id FROM message_vectors") == [(poison,)]


def test_the_same_model_is_not_asked_again_by_itself(poison):
    attempt(pipeline.REFUSALS_MAX + 2)
    assert len(failures()) == 1
    assert rows(STALE) == []


def test_a_text_over_which_every_worker_ends_is_given_up(index):
    message = write("deadly")
    embed_all()
    with unit_of_work() as uow:
        connection = uow.session.connection()
        connection.exec_driver_sql("UPDATE messages SET embedding_stale_at = now()")
        connection.exec_driver_sql(
            "INSERT INTO embedding_claims VALUES (%s, %s, now(), %s)", (message, GUILD, pipeline.ENDINGS_MAX)
        )
        uow.commit()
    embed_all()
    (failure,) = failures()
    assert failure.item_id == message
    assert rows(STALE) == []


def test_nothing_is_noted_of_who_opted_out_meanwhile(poison):
    attempt(pipeline.REFUSALS_MAX - 1)
    opt_out(501)
    attempt(1)
    assert failures() == []
    embed_all()
    assert rows(STALE) == []
