"""Texts of another kind than messages: whoever is registered is embedded, swept, counted, tried again and rebuilt."""

import json

import pytest
from sqlalchemy import text

from app.cli.main import main
from app.clients import minilm, openai
from app.core import metrics
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.core.redis import broker_redis, cache_redis
from app.core.settings import settings
from app.knowledge.embeddings import pipeline, providers, rules
from app.knowledge.embeddings.sources import Claimed
from app.knowledge.vectors import registry
from app.upkeep.health.queries import backlogs
from app.upkeep.health.service import GAUGES_KEY
from tasks import embeddings
from tasks.health import measure_backlogs
from tests.factories.knowledge import GUILD, OTHER_GUILD, embed_all, rows, write

TABLE = """
CREATE TABLE notes (
    id bigint PRIMARY KEY, guild_id bigint NOT NULL, content text NOT NULL, is_stale boolean NOT NULL DEFAULT true,
    attempts int NOT NULL DEFAULT 0, model text, vector text
)
"""
# Stale ones, and those that another model made for a guild which is searched by the chosen one.
DUE = """
SELECT n.id, n.guild_id, n.content FROM notes n LEFT JOIN guild_models g ON g.guild_id = n.guild_id
WHERE n.is_stale OR (n.model <> :chosen AND g.model = :chosen)
"""
LOCAL, REMOTE = "all-minilm-l6-v2/int8", "text-embedding-3-small/512"


class Notes:
    """What a feature with texts of its own would write."""

    name = "notes"

    def settle(self, goes_on):
        pass

    def prepare(self, goes_on):
        return True

    def waiting(self, session):
        return session.scalar(text(f"SELECT count(*) FROM ({DUE}) d"), {"chosen": providers.provider().model})

    def claim(self, session, limit):
        due = session.execute(
            text(f"{DUE} ORDER BY 1 LIMIT :most"), {"chosen": providers.provider().model, "most": limit}
        )
        found = {row.id: row for row in due}
        tried = session.execute(
            text("UPDATE notes SET attempts = attempts + 1 WHERE id = ANY(:ids) RETURNING id, attempts"),
            {"ids": list(found)},
        )
        return [Claimed(id_, found[id_].guild_id, found[id_].content, attempts, True) for id_, attempts in tried]

    def note(self, session, keys):
        pass

    def store(self, session, claimed, made):
        same = set()
        for row in claimed:
            values = {"id": row.id, "content": row.content, "model": made[0].model}
            done = session.execute(
                text(
                    "UPDATE notes SET is_stale = false, attempts = 0, model = :model, vector = :vector"
                    " WHERE id = :id AND content = :content RETURNING id"
                ),
                {**values, "vector": rules.as_sql(made[0].vectors[row.id][0])},
            )
            same |= set(done.scalars())
        return same

    def release(self, session, claimed):
        session.execute(
            text("UPDATE notes SET attempts = attempts - 1 WHERE id = ANY(:ids)"), {"ids": [row.id for row in claimed]}
        )

    def bury(self, session, claimed, reason, model):
        for row in claimed:
            session.execute(
                text("INSERT INTO embedding_failures VALUES ('notes', :id, :guild, :model, :attempts, :reason)"),
                {"id": row.id, "guild": row.guild_id, "model": model, "attempts": row.attempts, "reason": reason},
            )
            session.execute(text("UPDATE notes SET is_stale = false WHERE id = :id"), {"id": row.id})

    def revive(self, session, limit, *, but=None):
        gone = "DELETE FROM embedding_failures WHERE source = 'notes' AND model IS DISTINCT FROM :but RETURNING item_id"
        ids = list(session.scalars(text(gone), {"but": but}))
        session.execute(text("UPDATE notes SET is_stale = true, attempts = 0 WHERE id = ANY(:ids)"), {"ids": ids})
        return len(ids)


@pytest.fixture
def notes(index, monkeypatch):
    """A third kind of text, which is registered and nothing else; writes one."""
    sql(TABLE)
    monkeypatch.setattr(registry, "SOURCES", (*registry.SOURCES, Notes()))
    metrics.take()

    def note(number, content, guild=GUILD):
        sql("INSERT INTO notes (id, guild_id, content) VALUES (%s, %s, %s)", number, guild, content)

    return note


def sql(statement, *values):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(statement, values)
        uow.commit()


def refresh():
    """What the worker does, until nothing sends it another task."""
    embeddings.refresh()
    while broker_redis().llen("embeddings"):
        broker_redis().delete("embeddings")
        embeddings.refresh()


def test_what_is_registered_is_embedded_counted_and_found_by_the_sweep(notes):
    notes(1, "the well is behind the barn")
    notes(2, "the key hangs by the door", OTHER_GUILD)
    message = write("the key hangs by the door", guild=OTHER_GUILD)
    assert backlogs()["embeddings"] == 3
    embed_all()
    measure_backlogs()
    assert cache_redis().hget(GAUGES_KEY, "embeddings") == b"2"
    embeddings.sweep()
    assert broker_redis().llen("embeddings") == 1, "no hint was sent for the notes"
    refresh()
    assert rows("SELECT id, model, is_stale FROM notes ORDER BY 1") == [(1, LOCAL, False), (2, LOCAL, False)]
    made, known = (rows(f"SELECT vector FROM notes WHERE id = {number}")[0][0] for number in (1, 2))
    assert made != known
    assert rows("SELECT CAST(embedding AS text) = CAST(CAST(:v AS halfvec) AS text) FROM message_vectors", v=known) == [
        (True,)
    ]
    counted = metrics.take()
    assert (counted["messages_embedded"], counted["notes_embedded"]) == (1, 2)
    assert (counted["texts_embedded"], counted["vector_cache_hits"]) == (2, 1), "a text that comes again costs no model"
    assert backlogs()["embeddings"] == 0
    assert message


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_worker_rests_as_soon_as_no_source_has_more(notes, monkeypatch, count):
    """Sources that ran out of work at different times once kept each other going until the task's time was over."""
    monkeypatch.setattr(pipeline, "_CLAIM_ROWS", 2)
    for number in range(count):
        write(f"message {number}")
    notes(1, "a note")
    claims, real = [], pipeline._claim
    monkeypatch.setattr(pipeline, "_claim", lambda source: claims.append(source.name) or real(source))
    assert pipeline.refresh(seconds=10, sources=registry.SOURCES) is False
    assert rows("SELECT count(*) FROM message_vectors") == [(count,)]
    assert len(claims) < 10 * len(registry.SOURCES)


def test_what_always_fails_is_given_up_shown_and_tried_again_when_asked(notes, monkeypatch, capsys):
    notes(1, "poison")
    notes(2, "healthy")
    real = minilm.embed

    def embed(texts):
        if "poison" in texts:
            raise BadInput("the model refuses these texts")
        return real(texts)

    with monkeypatch.context() as patched:
        patched.setattr(minilm, "embed", embed)
        for _ in range(pipeline.REFUSALS_MAX):
            pipeline.refresh(seconds=0.01, sources=registry.SOURCES)
    refresh()
    assert rows("SELECT id, is_stale, vector IS NOT NULL FROM notes ORDER BY 1") == [
        (1, False, False),
        (2, False, True),
    ]
    assert metrics.take()["texts_given_up"] == 1
    assert backlogs()["embedding_failures"] == 1
    assert main(["vectors", "failures"]) == 0
    assert f"notes 1, guild {GUILD}: the model refuses these texts" in capsys.readouterr().out
    assert main(["vectors", "failures", "--retry", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"retried": 1}
    refresh()
    assert rows("SELECT count(*) FROM notes WHERE vector IS NULL") == [(0,)]


def test_rebuilding_waits_for_every_source(notes, capsys):
    write("a message")
    notes(1, "a note")
    assert main(["vectors", "rebuild", "--json"]) == 0
    assert "2 texts to go" in capsys.readouterr().err
    assert rows("SELECT is_stale FROM notes") == [(False,)]


def test_every_source_follows_its_guild_to_another_model(notes, monkeypatch):
    sql("INSERT INTO guild_settings (guild_id, features) VALUES (%s, '{\"openai\": true}')", GUILD)
    write("a message")
    notes(1, "a note")
    refresh()
    assert rows("SELECT model FROM notes") == [(LOCAL,)]
    monkeypatch.setattr(openai, "embed", lambda texts, _model, dims: [[1.0] * dims for _ in texts])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("EMBEDDINGS_PROVIDER", "openai")
    settings.cache_clear()
    providers.provider.cache_clear()
    try:
        embeddings.sweep()
        assert broker_redis().llen("embeddings") == 1
        refresh()
        assert rows("SELECT model FROM guild_models") == rows("SELECT model FROM notes") == [(REMOTE,)]
    finally:
        providers.provider.cache_clear()
