"""Texts leave this machine only for guilds whose admins agreed."""

import pytest

from app.clients import openai
from app.core.db import unit_of_work
from app.core.errors import ConfigurationError
from app.core.settings import settings
from app.knowledge.embeddings import pipeline, providers
from app.knowledge.search import queries
from app.knowledge.vectors import registry
from app.knowledge.vectors.pgvector import PGVECTOR
from app.knowledge.vectors.stores import Scope
from tests.factories.knowledge import GUILD, OTHER_GUILD, PUBLIC, embed_all, rows, write


@pytest.fixture
def sent(database, monkeypatch):
    """Every text that would have been sent to OpenAI."""
    monkeypatch.setenv("EMBEDDINGS_PROVIDER", "openai")
    settings.cache_clear()
    providers.provider.cache_clear()
    texts = []

    def embed(given, model, dimensions):
        texts.extend(given)
        return [[1.0, *([0.0] * (dimensions - 1))] for _ in given]

    monkeypatch.setattr(openai, "embed", embed)
    yield texts
    providers.provider.cache_clear()


def agree(guild, features):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(
            "INSERT INTO guild_settings (guild_id, features) VALUES (%s, %s)", (guild, features)
        )
        uow.commit()


@pytest.mark.parametrize("features", ["{}", '{"openai": false}', '{"search": true}'])
def test_without_consent_nothing_is_sent_and_words_are_found(sent, features):
    agree(GUILD, features)
    message = write("a private conversation about dragons")
    direct = write("a message to the bot", guild=0, channel=3)
    embed_all()
    assert queries.search(GUILD, [PUBLIC], "dragons").message_ids == (message,)
    assert queries.search(0, [3], "bot").message_ids == (direct,)
    assert sent == []
    assert rows("SELECT count(*) FROM message_vectors") == [(0,)]
    assert rows("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL") == [(0,)]


def test_consent_holds_for_its_guild_alone(sent):
    agree(GUILD, '{"openai": true}')
    write("may leave")
    write("must stay", guild=OTHER_GUILD)
    embed_all()
    found = queries.search(GUILD, [PUBLIC], "what may go")
    queries.search(OTHER_GUILD, [PUBLIC], "what must not go")
    assert found.has_meaning
    assert sent == ["may leave", "what may go"]
    assert rows("SELECT guild_id, model, dims FROM message_vectors") == [(GUILD, "text-embedding-3-small/512", 512)]


def test_logs_summaries_and_questions_about_days_stay_too(sent):
    agree(GUILD, '{"openai": true}')
    write("may leave for the harbour")
    write("must stay in the harbour", guild=OTHER_GUILD)
    embed_all()
    sent.clear()
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("UPDATE documents SET stale_at = '-infinity'")
        uow.commit()
    while pipeline.refresh(sources=registry.SOURCES):
        pass
    assert PGVECTOR.search(Scope(GUILD, (PUBLIC,)), "what may go")
    assert PGVECTOR.search(Scope(OTHER_GUILD, (PUBLIC,)), "what must not go") == []
    assert any("may leave" in text for text in sent)
    assert not [text for text in sent if "must" in text or str(OTHER_GUILD) in text]
    assert rows("SELECT DISTINCT guild_id FROM document_vectors") == [(GUILD,)]


def test_a_wrong_key_leaves_words_working_and_the_messages_marked(sent, monkeypatch):
    agree(GUILD, '{"openai": true}')

    def refused(given, model, dimensions):
        raise ConfigurationError("OPENAI_API_KEY is refused")

    monkeypatch.setattr(openai, "embed", refused)
    message = write("still found by words")
    embed_all()
    found = queries.search(GUILD, [PUBLIC], "words")
    assert (found.message_ids, found.has_meaning) == ((message,), False)
    assert rows("SELECT id FROM messages WHERE embedding_stale_at IS NOT NULL") == [(message,)]
