"""Redis or PostgreSQL goes in the middle of what is done with vectors: nothing is lost, doubled or left half done."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from app.cli.main import main
from app.clients import minilm
from app.core.db import unit_of_work
from app.core.redis import cache_redis
from app.knowledge.documents import service as documents
from app.knowledge.embeddings import pipeline
from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.vectors import archive, service
from app.knowledge.vectors.pgvector import DOCUMENTS
from tests.factories.knowledge import GUILD, embed_all, rows, write
from tests.factories.outages import line

# A zero's sign is lost on the way through JSON, and means nothing.
VECTORS = (
    "SELECT message_id, model, part, regexp_replace(embedding::text, '-0(?=[],])', '0', 'g') FROM message_vectors"
    " ORDER BY 1, 2, 3"
)
PER_MESSAGE = "SELECT message_id, count(*) FROM message_vectors GROUP BY 1 ORDER BY 1"


@pytest.fixture
def written(index):
    found = [write(f"story number {n} of the sea") for n in range(12)]
    embed_all()
    return found


@pytest.fixture
def postgres(written, database, monkeypatch):
    """The way to the database, which tests cut."""
    with line(monkeypatch, "DATABASE_URL", database) as found:
        yield found


def sql(statement):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(statement)
        uow.commit()


def at_first(monkeypatch, module, name, happening):
    """Something happens before the first call of this function goes on."""
    real, calls = getattr(module, name), []

    def wrapper(*arguments, **more):
        calls.append(1)
        if len(calls) == 1:
            happening()
        return real(*arguments, **more)

    monkeypatch.setattr(module, name, wrapper)


def test_an_export_that_loses_the_database_leaves_no_file_and_can_be_repeated(postgres, tmp_path, monkeypatch, capsys):
    path = tmp_path / "vectors.jsonl"
    monkeypatch.setattr(archive, "_PAGE", 5)
    monkeypatch.setattr("app.cli.vectors._telling", lambda _: postgres.cut)
    assert main(["vectors", "export", str(path)]) == 1
    assert "the database cannot be reached" in capsys.readouterr().err
    assert list(tmp_path.glob("vectors*")) == []
    postgres.mend()
    assert archive.export(path) == 12
    archive.check(path)


def test_a_restoration_that_loses_the_database_goes_on_where_it_stood(postgres, tmp_path, monkeypatch):
    before, path = rows(VECTORS), tmp_path / "vectors.jsonl"
    archive.export(path)
    sql("TRUNCATE message_vectors")
    monkeypatch.setattr(archive, "_PAGE", 5)
    with pytest.raises(OperationalError):
        archive.restore(path, lambda _: postgres.cut())
    postgres.mend()
    assert len(rows(VECTORS)) == 5
    archive.restore(path)
    assert rows(VECTORS) == before


def test_pruning_that_loses_the_database_is_made_up_for(postgres, written, monkeypatch):
    real = service.deleted

    def losing(one, chunk):
        found = real(one, chunk)
        yield next(found)
        postgres.cut()
        yield from found

    monkeypatch.setattr(service, "deleted", losing)
    with pytest.raises(OperationalError):
        service.prune(4, chunk=3)
    monkeypatch.setattr(service, "deleted", real)
    postgres.mend()
    assert len(rows(PER_MESSAGE)) == 9
    assert [one.vectors for one in service.prune(4, chunk=3)] == [5]
    assert rows(PER_MESSAGE) == [(message, 1) for message in written[-4:]]


def test_pruning_of_documents_that_loses_the_database_takes_whole_documents_alone(postgres, monkeypatch):
    sql("UPDATE documents SET stale_at = '-infinity', claimed_until = NULL")
    while pipeline.refresh(sources=(MESSAGES, DOCUMENTS)):
        pass
    before = rows("SELECT id FROM documents"), rows("SELECT document_id, part FROM document_vectors ORDER BY 1, 2")
    assert before[1]
    at_first(monkeypatch, documents, "delete", postgres.cut)
    sql("UPDATE documents SET day = day - 40")
    with pytest.raises(OperationalError):
        documents.prune(0, older_than=timedelta(days=30))
    postgres.mend()
    assert before == (
        rows("SELECT id FROM documents"),
        rows("SELECT document_id, part FROM document_vectors ORDER BY 1, 2"),
    )
    assert documents.prune(0, older_than=timedelta(days=30)) == len(before[0])
    assert rows("SELECT document_id FROM document_vectors") == []


def test_a_worker_that_loses_the_database_while_the_model_works_embeds_everything_once_later(
    postgres, written, monkeypatch
):
    written += [write(f"another story, number {n}") for n in range(6)]
    at_first(monkeypatch, minilm, "embed", postgres.cut)
    with pytest.raises(OperationalError):
        embed_all()
    postgres.mend()
    # The claim runs out by itself.
    sql("UPDATE embedding_claims SET claimed_until = now() - interval '1 second'")
    embed_all()
    assert rows(PER_MESSAGE) == [(message, 1) for message in written]


def test_rebuilding_needs_no_redis(written, servers, monkeypatch, capsys):
    sql("TRUNCATE message_vectors, guild_models")
    with line(monkeypatch, "REDIS_URL", servers.redis_url) as redis:
        at_first(monkeypatch, minilm, "embed", redis.cut)
        assert main(["vectors", "rebuild", "--guild", str(GUILD)]) == 0
        redis.cut()
        assert main(["vectors", "rebuild"]) == 0
    assert rows(PER_MESSAGE) == [(message, 1) for message in written]


def test_rebuilding_that_loses_the_database_says_so_and_goes_on_where_it_stood(postgres, written, monkeypatch, capsys):
    sql("TRUNCATE message_vectors, guild_models")
    cache_redis().flushall()
    at_first(monkeypatch, minilm, "embed", postgres.cut)
    assert main(["vectors", "rebuild"]) == 1
    assert "the database cannot be reached" in capsys.readouterr().err
    postgres.mend()
    assert rows(PER_MESSAGE) == []
    sql("UPDATE embedding_claims SET claimed_until = now() - interval '1 second'")
    assert main(["vectors", "rebuild"]) == 0
    assert rows(PER_MESSAGE) == [(message, 1) for message in written]


@pytest.mark.parametrize("outage", ["cut", "hang"])
def test_a_worker_that_loses_redis_while_the_model_works_embeds_everything_once(written, servers, monkeypatch, outage):
    with line(monkeypatch, "REDIS_URL", servers.redis_url) as redis:
        written += [write(f"another story, number {n}") for n in range(6)]
        at_first(monkeypatch, minilm, "embed", getattr(redis, outage))
        embed_all()
        assert rows(PER_MESSAGE) == [(message, 1) for message in written]
        assert rows("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL") == [(0,)]
