"""Vectors in a file and back, and vectors anew from the texts."""

import json
import stat

import pytest

from app.cli.main import main
from app.clients import minilm
from app.core.clock import now
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.core.redis import cache_redis
from app.core.settings import settings
from app.knowledge.embeddings import pipeline
from app.knowledge.search import queries as search
from app.knowledge.vectors import archive, registry
from app.knowledge.vectors.pgvector import PGVECTOR
from app.knowledge.vectors.stores import Scope
from tests.factories.knowledge import BORIS, GUILD, OTHER_GUILD, PUBLIC, delete, edit, embed_all, opt_out, rows, write

# A zero's sign is lost on the way through JSON, and means nothing.
ALL = (
    "SELECT message_id, model, part, guild_id, channel_id, author_id, dims, encode(content_hash, 'hex'),"
    " regexp_replace(embedding::text, '-0(?=[],])', '0', 'g') FROM message_vectors ORDER BY 1, 2, 3"
)
LONG = "Nothing much happened that day and we all went home early. " * 30


@pytest.fixture
def stored(index):
    """Some vectors of two guilds, one of them of a text in several parts."""
    written = [write(f"story number {n} of the sea", guild=GUILD if n % 2 else OTHER_GUILD) for n in range(12)]
    written.append(write(LONG))
    embed_all()
    return written


def destroy():
    """The store as after a disk that failed: not a vector, and no note of which are searched."""
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("TRUNCATE message_vectors, guild_models")
        uow.commit()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_store_that_is_destroyed_comes_back_from_its_archive(stored, tmp_path):
    before = rows(ALL)
    path = tmp_path / "vectors.jsonl"
    assert archive.export(path) == len(before) > 13
    destroy()
    assert search.search(GUILD, [PUBLIC], "ocean").message_ids == ()
    result = archive.restore(path)
    assert (result.restored, result.outdated, result.of_other_models) == (len(before), 0, 0)
    assert rows(ALL) == before
    assert search.search(GUILD, [PUBLIC], "ocean").message_ids


def test_restoring_twice_changes_nothing(stored, tmp_path):
    before = rows("SELECT * FROM message_vectors ORDER BY 1, 2")
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    archive.restore(path)
    assert rows("SELECT * FROM message_vectors ORDER BY 1, 2") == before


def test_the_archive_is_json_lines_without_a_text_and_for_its_owner_alone(stored, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    head, *body, end = lines(path)
    assert (head["format"], head["version"], head["models"]) == ("heorot-vectors", 2, {"all-minilm-l6-v2/int8": 384})
    assert end["vectors"] == len(body)
    assert all(len(line["vector"]) == 384 for line in body)
    assert "story" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == [path.name]


def test_one_guild_alone(stored, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path, OTHER_GUILD)
    assert {line["guild"] for line in lines(path)[1:-1]} == {str(OTHER_GUILD)}
    destroy()
    archive.restore(path)
    assert rows("SELECT DISTINCT guild_id FROM message_vectors") == [(OTHER_GUILD,)]


def test_what_was_deleted_edited_or_refused_since_does_not_come_back(index, tmp_path):
    kept, gone, changed = write("kept"), write("deleted later"), write("edited later")
    refused = write("of somebody who opts out", author=BORIS)
    embed_all()
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    delete(gone)
    edit(changed, "another text")
    opt_out(BORIS)
    destroy()
    result = archive.restore(path)
    assert (result.restored, result.outdated) == (1, 3)
    assert rows("SELECT message_id FROM message_vectors") == [(kept,)]
    assert refused


def test_a_vector_never_comes_to_another_guild(stored, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    destroy()
    head, *body, _ = path.read_text().splitlines()
    rewrite(path, [head, *(line.replace(f'"{OTHER_GUILD}"', f'"{GUILD}"') for line in body)])
    archive.restore(path)
    assert rows("SELECT DISTINCT guild_id FROM message_vectors") == [(GUILD,)]


def rewrite(path, kept):
    """An archive of these lines with a right end."""
    import hashlib

    data = "".join(f"{line}\n" for line in kept)
    end = {"vectors": len(kept) - 1, "sha256": hashlib.sha256(data.encode()).hexdigest()}
    path.write_text(data + json.dumps(end) + "\n")


def damaged(number, **changes):
    def change(found):
        line = json.loads(found[number])
        line.update(changes)
        return [*found[:number], json.dumps(line), *(found[number + 1 :] if number >= 0 else [])]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (damaged(3, vector=[1.0] * 383), "line 4: a vector of 383 numbers; all-minilm-l6-v2/int8 has 384"),
        (damaged(3, vector=[0.0] * 384), "line 4: no vector of finite numbers"),
        (damaged(3, vector=[1e9] * 384), "line 4: no vector of finite numbers"),
        (damaged(3, model="another"), "line 4: the archive's head names all-minilm-l6-v2/int8, not this model"),
        (damaged(3, message="12; DROP TABLE"), "line 4: Expected `str` matching regex"),
        (damaged(3, part=-1), "line 4: Expected `int` >= 0"),
        (damaged(0, version=3), "has version 3 of the format; this program reads versions 1 and 2"),
        (damaged(0, format="something"), "is no archive of vectors; `vectors export` writes one"),
        (lambda found: [*found[:3], found[3].replace("[", "[NaN, ", 1), *found[4:]], "line 4: JSON is malformed"),
        (lambda found: [found[0], "{}", *found[1:]], "line 2: Object missing required field"),
    ],
)
def test_a_wrong_archive_is_refused_by_line_and_changes_nothing(stored, tmp_path, change, message):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    destroy()
    rewrite(path, change(path.read_text().splitlines()[:-1]))
    with pytest.raises(BadInput, match=message.replace("(", r"\(").replace("`", "`")):
        archive.restore(path)
    assert rows("SELECT count(*) FROM message_vectors") == [(0,)]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.9999])
def test_an_archive_cut_anywhere_is_refused_and_changes_nothing(stored, tmp_path, share):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    destroy()
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadInput, match=r"cut|no archive"):
        archive.restore(path)
    assert rows("SELECT count(*) FROM message_vectors") == [(0,)]


def test_an_archive_that_was_tampered_with_is_refused(stored, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    found = path.read_text().splitlines()
    path.write_text("\n".join([*found[:2], *found[3:]]) + "\n")
    with pytest.raises(BadInput, match="is not what was written"):
        archive.restore(path)


def test_an_archive_of_another_model_is_refused_with_the_way_out(stored, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    destroy()
    rewrite(path, [line.replace("all-minilm-l6-v2/int8", "other/9") for line in path.read_text().splitlines()[:-1]])
    with pytest.raises(BadInput, match="vectors of other/9, and what is searched here are those of all-minilm"):
        archive.restore(path)
    assert rows("SELECT count(*) FROM message_vectors") == [(0,)]


def test_a_file_that_is_there_is_not_overwritten_and_one_that_is_not_is_named(stored, tmp_path, capsys):
    path = tmp_path / "vectors.jsonl"
    path.write_text("precious")
    assert main(["vectors", "export", str(path)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == "precious"
    assert main(["vectors", "export", str(tmp_path / "no" / "folder")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err
    assert main(["vectors", "rebuild", str(tmp_path / "nothing")]) == 1
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_the_command_exports_and_rebuilds_with_progress(stored, tmp_path, capsys):
    before = rows(ALL)
    path = str(tmp_path / "vectors.jsonl")
    assert main(["vectors", "export", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": path, "vectors": len(before)}
    destroy()
    late = write("written after the export")
    assert main(["vectors", "rebuild", path, "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "restored": len(before),
        "outdated": 0,
        "of_other_models": 0,
        "kept_elsewhere": 0,
        "marked": 0,
        "revived": 0,
        "documents": 4,
    }
    assert f"{len(before)} vectors read" in told.err
    assert rows(ALL)[: len(before)] == before
    assert rows(ALL)[-1][0] == late


def test_without_an_archive_vectors_are_made_anew_from_the_texts(stored, capsys):
    before = rows(ALL)
    destroy()
    refused = write("of somebody who opted out", author=BORIS)
    opt_out(BORIS)
    embed_all()
    assert main(["vectors", "rebuild", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"marked": 13, "revived": 0, "documents": 4}
    assert "texts to go" in told.err
    assert rows(ALL) == before
    assert rows("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL") == [(0,)]
    assert main(["vectors", "rebuild", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["marked"] == 0
    assert refused


def test_rebuilding_one_guild_leaves_the_other_alone(stored):
    destroy()
    assert main(["vectors", "rebuild", "--guild", str(OTHER_GUILD)]) == 0
    assert rows("SELECT DISTINCT guild_id FROM message_vectors") == [(OTHER_GUILD,)]


def test_a_model_that_is_away_ends_rebuilding_with_what_is_left(stored, monkeypatch, capsys):
    from app.cli import vectors
    from app.clients import minilm
    from app.core.errors import Unavailable

    def away(texts):
        raise Unavailable("away")

    monkeypatch.setattr(minilm, "embed", away)
    monkeypatch.setattr(vectors, "_STUCK_SECONDS", 0.2)
    destroy()
    # What was embedded before lies in the cache.
    from app.core.redis import cache_redis

    cache_redis().flushall()
    assert main(["vectors", "rebuild"]) == 1
    assert "texts wait: the embedding model is away" in capsys.readouterr().err
    assert rows("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL") == [(13,)]


DOCUMENTS = (
    "SELECT d.url, d.title, d.section, d.stored_model, d.messages, d.tokens, d.stale_at, v.model, v.part, v.channel_id,"
    " encode(v.content_hash, 'hex'), regexp_replace(v.embedding::text, '-0(?=[],])', '0', 'g')"
    " FROM documents d JOIN document_vectors v ON v.document_id = d.id ORDER BY d.url, v.part"
)


@pytest.fixture
def days(stored):
    """The same with their documents: logs and summaries of two servers' days."""
    with unit_of_work() as uow:
        named = "INSERT INTO channels (id, guild_id, name) VALUES (%s, %s, 'harbour')"
        uow.session.connection().exec_driver_sql(named, (PUBLIC, GUILD))
        uow.commit()
    make_documents()
    return rows(DOCUMENTS)


def make_documents():
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(
            "UPDATE documents SET claimed_until = NULL, stale_at = '-infinity' WHERE stale_at IS NOT NULL"
        )
        uow.commit()
    while pipeline.refresh(sources=registry.SOURCES):
        pass


def destroy_all(*tables):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(f"TRUNCATE message_vectors, guild_models, {', '.join(tables)}")
        uow.commit()


def forget_the_model(monkeypatch):
    """Whatever comes back now comes out of the archive."""

    def away(texts):
        raise AssertionError("the model was asked")

    monkeypatch.setattr(minilm, "embed", away)
    cache_redis().flushall()


@pytest.mark.parametrize("tables", [["document_vectors"], ["document_vectors", "documents"]])
def test_documents_come_back_from_the_archive_without_the_model(days, tmp_path, monkeypatch, capsys, tables):
    path = tmp_path / "vectors.jsonl"
    everything = len(rows(ALL)) + len(days)
    assert archive.export(path) == everything
    found = [line for line in lines(path) if "document" in line]
    assert sorted({line["document"] for line in found}) == [
        f"discord://{kind}/{guild}/{PUBLIC}/{now().date().isoformat()}"
        for kind in ("chatlog", "summary")
        for guild in (GUILD, OTHER_GUILD)
    ]
    assert "story" not in path.read_text()
    before = rows(ALL)
    destroy_all(*tables)
    with monkeypatch.context() as meanwhile:
        forget_the_model(meanwhile)
        assert main(["vectors", "rebuild", str(path), "--json"]) == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert (report["restored"], report["outdated"], report["marked"], report["documents"]) == (everything, 0, 0, 0)
    assert f"{everything} vectors read" in told.err
    assert (rows(ALL), rows(DOCUMENTS)) == (before, days)
    assert PGVECTOR.search(Scope(GUILD, (PUBLIC,)), "sea")
    assert archive.restore(path).restored == everything
    assert rows(DOCUMENTS) == days


def test_a_day_that_reads_otherwise_now_comes_from_its_texts_instead(days, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    gone = rows("SELECT message_id FROM message_vectors WHERE guild_id = :guild ORDER BY 1 LIMIT 1", guild=GUILD)[0][0]
    delete(gone)
    destroy_all("document_vectors")
    of_guild = [row for row in days if f"/{GUILD}/" in row[0]]
    result = archive.restore(path)
    assert result.outdated == len(of_guild) + 1
    assert rows(DOCUMENTS) == [row for row in days if row not in of_guild]
    assert main(["vectors", "rebuild", str(path)]) == 0
    now_there = rows(DOCUMENTS)
    assert {row[0] for row in now_there} == {row[0] for row in days}
    assert not set(now_there) & set(of_guild)


def test_an_archive_of_one_server_gives_no_other_a_day(days, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path, OTHER_GUILD)
    assert {line["guild"] for line in lines(path)[1:-1]} == {str(OTHER_GUILD)}
    head, *body, _ = path.read_text().splitlines()
    destroy_all("document_vectors")
    rewrite(path, [head, *(line.replace(f'"guild": "{OTHER_GUILD}"', f'"guild": "{GUILD}"') for line in body)])
    assert archive.restore(path).restored == 0
    assert rows(DOCUMENTS) == rows(ALL) == []


def test_half_a_document_is_none(days, tmp_path):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    destroy_all("document_vectors")
    last = max(n for n, line in enumerate(lines(path)) if line.get("part", 0) > 0 and "document" in line)
    found = path.read_text().splitlines()[:-1]
    cut = [line for n, line in enumerate(found) if n != last]
    rewrite(path, cut)
    archive.restore(path)
    url = lines(path)[last - 1]["document"]
    assert {row[0] for row in rows(DOCUMENTS)} == {row[0] for row in days} - {url}


def test_documents_that_are_kept_elsewhere_stay_there(days, tmp_path, monkeypatch):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    destroy_all("document_vectors")
    monkeypatch.setenv("VECTOR_STORE", "openai")
    settings.cache_clear()
    result = archive.restore(path)
    assert (result.kept_elsewhere, result.outdated) == (len(days), 0)
    assert rows(DOCUMENTS) == []


def test_an_archive_of_the_first_version_is_read(stored, tmp_path):
    before = rows(ALL)
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    rewrite(path, [line.replace('"version": 2', '"version": 1') for line in path.read_text().splitlines()[:-1]])
    destroy()
    assert archive.restore(path).restored == len(before)
    assert rows(ALL) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (damaged(-1, vector=[1.0] * 3), "a vector of 3 numbers; all-minilm-l6-v2/int8 has 384"),
        (damaged(-1, document=""), "Expected `str` of length >= 1"),
        (damaged(-1, message="7"), "unknown field `message`"),
        (damaged(-1, guild="x"), "Expected `str` matching regex"),
    ],
)
def test_a_wrong_line_of_a_document_is_refused_and_changes_nothing(days, tmp_path, change, message):
    path = tmp_path / "vectors.jsonl"
    archive.export(path)
    destroy_all("document_vectors")
    found = path.read_text().splitlines()[:-1]
    rewrite(path, change(found))
    with pytest.raises(BadInput, match=rf"line {len(found)}: .*{message}"):
        archive.restore(path)
    assert rows(DOCUMENTS) == rows(ALL) == []


def test_failures_are_shown_and_tried_again(stored, capsys):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(
            "INSERT INTO embedding_failures VALUES ('messages', %s, %s, 'all-minilm-l6-v2/int8', 6, 'refused')",
            (stored[0], OTHER_GUILD),
        )
        uow.commit()
    assert main(["vectors", "failures"]) == 0
    assert f"messages {stored[0]}, guild {OTHER_GUILD}: refused (6 attempts" in capsys.readouterr().out
    assert main(["vectors", "failures", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["item_id"] == stored[0]
    assert main(["vectors", "failures", "--retry"]) == 0
    assert "1 texts are tried again" in capsys.readouterr().out
    assert rows("SELECT id FROM messages WHERE embedding_stale_at IS NOT NULL") == [(stored[0],)]
