"""A kind of document that is registered and nothing else, with and without channel and day, in both stores."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import text

from app.cli.main import main
from app.clients import minilm
from app.core.clock import now
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.core.redis import cache_redis
from app.knowledge.documents import registry, service
from app.knowledge.documents.kinds import Place, Written
from app.knowledge.embeddings import pipeline
from app.knowledge.search import cog, records
from app.knowledge.search.filters import Filters, sources
from app.knowledge.search.queries import Viewer
from app.knowledge.search.views import record_embed
from app.knowledge.vectors import registry as texts
from app.knowledge.vectors import stores
from app.knowledge.vectors.managed import MANAGED
from app.upkeep.retention import purge
from tasks import vectors as tasks
from tests.factories.knowledge import ANNA, ELSEWHERE, GUILD, OTHER_GUILD, PRIVATE, PUBLIC, embed_all, rows, write
from tests.factories.managed import agree, lives, settle, sql

TABLE = """
CREATE TABLE handbook (
    id bigint PRIMARY KEY, guild_id bigint NOT NULL, channel_id bigint, day date, content text NOT NULL
)
"""
SECTION = "handbook-page"
# JSON knows no negative nought.
OF_THE_GUILD = """
SELECT document_id, model, part, guild_id, dims, encode(content_hash, 'hex'),
    regexp_replace(embedding::text, '-0(?=[],])', '0', 'g')
FROM document_vectors WHERE channel_id IS NULL ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Pages:
    """What a feature with documents of its own would write: a text that is given, not made of messages."""

    section: str = SECTION
    name: str = "pages"
    source: str = "handbook"
    category: str = "knowledge"
    version: str = "v2"
    prefix: str = "page"
    ending: Any = "txt"

    def written(self, session, place):
        content = session.scalar(
            text("SELECT content FROM handbook WHERE guild_id = :guild AND id = :id"),
            {"guild": place.guild_id, "id": int(place.url.rpartition("/")[2])},
        )
        return None if content is None else Written(f"Page *{place.url[-1]}*", content, content)

    def places(self, session, guild_id):
        found = session.execute(
            text("SELECT * FROM handbook WHERE CAST(:guild AS bigint) IS NULL OR guild_id = :guild ORDER BY id"),
            {"guild": guild_id},
        )
        return [place(row.id, row.guild_id, row.channel_id, row.day) for row in found]


PAGES = Pages()


def place(number, guild=GUILD, channel=None, day=None):
    return Place(guild, f"handbook://{guild}/{number}", f"Page {number}", channel, day)


def page(number, content, **where):
    """The feature stores a text and says so, in one transaction."""
    one = place(number, **where)
    with unit_of_work() as uow:
        uow.session.execute(
            text("INSERT INTO handbook VALUES (:id, :guild, :channel, :day, :content)"),
            {"id": number, "guild": one.guild_id, "channel": one.channel_id, "day": one.day, "content": content},
        )
        service.touch(uow.session, [(PAGES, one)])
        uow.commit()


def unwrite(number, guild=GUILD):
    with unit_of_work() as uow:
        uow.session.execute(text("DELETE FROM handbook WHERE id = :id"), {"id": number})
        service.cut(uow.session, guild, [place(number, guild).url])
        uow.commit()


@dataclass(frozen=True)
class Used:
    """One of the stores, and what brings it up to date."""

    name: str
    bring: Callable[[], object]
    # How many things of documents are in it.
    count: Callable[[], int]
    destroy: Callable[[], None]


def embed():
    settle()
    while pipeline.refresh(sources=texts.SOURCES):
        pass


@pytest.fixture(params=["pgvector", "openai"])
def used(request, index, monkeypatch):
    """A kind that is registered, in each of the stores."""
    sql(TABLE)
    monkeypatch.setattr(registry, "KINDS", (*registry.KINDS, PAGES))
    agree(GUILD, OTHER_GUILD)
    if request.param == "pgvector":
        return Used(
            "pgvector",
            embed,
            lambda: rows("SELECT count(*) FROM document_vectors")[0][0],
            lambda: sql("DELETE FROM document_vectors"),
        )
    server = request.getfixturevalue("server")

    def destroy():
        server.stores.clear()
        server.entries.clear()

    return Used("openai", lambda: (settle(), MANAGED.sync()), lambda: len(server.files), destroy)


def found(question, *channels, guild=GUILD, **limits):
    """What somebody who may read these channels finds by `/search source:pages`, by their titles."""
    filters = Filters(**{"source": "pages", **limits})
    return sorted(one.title for one in records.find(guild, Viewer(ANNA, channels), question, filters, 10))


def test_a_kind_is_found_by_whoever_is_in_the_guild_or_may_read_its_channel_and_by_nobody_else(used):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour master is in the cellar.", channel=PRIVATE)
    page(3, "The harbour was closed.", channel=PUBLIC, day=date(2026, 3, 4))
    page(4, "The harbour of the others.", guild=OTHER_GUILD)
    page(5, "The harbour fell silent.", day=date(2026, 3, 5))
    write("the harbour is full of ships")
    embed_all()
    used.bring()
    everybody = ["Page *1*", "Page *5*"]
    assert found("harbour", PUBLIC, PRIVATE) == ["Page *1*", "Page *2*", "Page *3*", "Page *5*"]
    assert found("harbour", PUBLIC) == ["Page *1*", "Page *3*", "Page *5*"]
    assert found("harbour") == everybody
    assert found("harbour", ELSEWHERE, guild=OTHER_GUILD) == ["Page *4*"]
    # What belongs to no channel is in none that is asked for, and what belongs to no day on none.
    assert found("harbour", PUBLIC, PRIVATE, channels=frozenset({PRIVATE})) == ["Page *2*"]
    assert found("harbour", PRIVATE, channels=frozenset({PUBLIC})) == []
    assert found("harbour", PUBLIC, PRIVATE, tags=frozenset({99})) == []
    assert found("harbour", PUBLIC, first=date(2026, 3, 4), last=date(2026, 3, 4)) == ["Page *3*"]
    assert found("harbour", first=date(2026, 3, 5)) == ["Page *5*"]
    # Each source by itself; a scope finds what belongs to the guild only where it says so.
    assert [one[:4] for one in found("harbour", PUBLIC, PRIVATE, source="logs")] == ["Chat"]
    assert [one.title for one in stores.store().search(stores.Scope(GUILD, (PRIVATE,)), "harbour")] == ["Page *2*"]
    with pytest.raises(BadInput, match="no author"):
        found("harbour", PUBLIC, authors=frozenset({ANNA}))


def test_its_origin_is_shown_as_far_as_it_has_one(used):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour closes at dusk.", channel=PUBLIC)
    used.bring()
    passages = records.find(GUILD, Viewer(ANNA, (PUBLIC,)), "harbour", Filters(source="pages"), 10)
    shown = record_embed(sorted(passages, key=lambda one: one.url), "harbour").description or ""
    assert shown.splitlines()[0] == r"Page \*1\*"
    assert f"<#{PUBLIC}>\n" in shown
    assert "None" not in shown


def test_it_is_listed_with_its_metadata(used, capsys):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour was closed.", channel=PUBLIC, day=date(2026, 3, 4))
    used.bring()
    assert main(["vectors", "list", "--documents", "--json"]) == 0
    second, first = json.loads(capsys.readouterr().out)
    named = ("guild_id", "source", "category", "section", "url", "title", "version", "tags", "channel_id", "day")
    assert [first[name] for name in named] == [
        *(GUILD, "handbook", "knowledge", SECTION, f"handbook://{GUILD}/1", "Page *1*", "v2", ["page"], None, None),
    ]
    assert (second["channel_id"], second["day"]) == (PUBLIC, "2026-03-04")
    assert second["tags"] == ["page", f"channel:{PUBLIC}", "date:2026-03-04"]
    assert first["tokens"] > 0
    assert (first["model"], first["messages"]) == (minilm.MODEL if used.name == "pgvector" else "openai", 0)
    assert main(["vectors", "list", "--documents"]) == 0
    assert f"guild {GUILD}  Page *1*  0 messages" in capsys.readouterr().out


def test_what_is_taken_back_is_found_no_more_at_once_and_goes_everywhere(used):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour closes at dusk.")
    used.bring()
    unwrite(1)
    assert found("harbour") == ["Page *2*"]
    used.bring()
    used.bring()
    assert rows("SELECT url FROM documents") == [(f"handbook://{GUILD}/2",)]
    assert used.count() == 1
    assert len(cache_redis().keys("vector:*")) == (1 if used.name == "pgvector" else 0)


def test_what_changes_is_made_anew(used):
    page(1, "The harbour opens at dawn.")
    used.bring()
    with unit_of_work() as uow:
        uow.session.execute(text("UPDATE handbook SET content = 'The lighthouse opens at noon.'"))
        service.touch(uow.session, [(PAGES, place(1))])
        uow.commit()
    used.bring()
    used.bring()
    (passage,) = records.find(GUILD, Viewer(ANNA, ()), "lighthouse", Filters(source="pages"), 10)
    assert passage.text == "The lighthouse opens at noon."
    assert used.count() == 1


def test_a_store_that_is_destroyed_is_rebuilt_with_it(used, capsys):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour of the others.", guild=OTHER_GUILD)
    write("ships in the harbour")
    embed_all()
    used.bring()
    used.destroy()
    # Not even the rows are there any more; its kind knows which there are to be.
    sql("DELETE FROM documents WHERE section = :section", section=SECTION)
    assert main(["vectors", "rebuild", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["documents"] == 4
    assert found("harbour") == ["Page *1*"]
    assert found("harbour", guild=OTHER_GUILD) == ["Page *2*"]
    assert used.count() == 4


@pytest.mark.parametrize("used", ["pgvector"], indirect=True)
def test_it_comes_back_from_an_archive_without_the_model(used, tmp_path, monkeypatch, capsys):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour has changed since.", channel=PUBLIC)
    used.bring()
    before = rows(OF_THE_GUILD)
    assert main(["vectors", "export", str(tmp_path / "archive"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vectors"] == 2
    used.destroy()
    cache_redis().flushdb()
    sql("UPDATE handbook SET content = 'Another text.' WHERE id = 2")
    asked, real = [], minilm.embed
    monkeypatch.setattr(minilm, "embed", lambda texts: asked.extend(texts) or real(texts))
    assert main(["vectors", "rebuild", str(tmp_path / "archive"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["restored"], report["outdated"]) == (1, 1)
    assert asked == ["Another text."]
    assert rows(OF_THE_GUILD) == before
    assert len(before) == 1


def test_it_is_pruned_by_its_section_and_what_has_no_day_by_nothing_else(used, capsys):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour was closed.", day=now().date() - timedelta(days=500))
    page(3, "The harbour opens today.")
    used.bring()
    sql("UPDATE documents SET created_at = now() - interval '500 days' WHERE url LIKE '%/1'")
    tasks.prune()
    assert found("harbour") == ["Page *1*", "Page *3*"], "its day is longer ago than texts are kept"

    def pruned(*more):
        assert main(["vectors", "prune", "--older-than", "30", "--json", *more]) == 0
        return json.loads(capsys.readouterr().out)["documents"]

    assert pruned() == pruned("--source", "daily-log") == 0
    assert pruned("--source", SECTION, "--guild", str(OTHER_GUILD)) == 0
    assert pruned("--source", SECTION, "--dry-run") == 1
    assert found("harbour") == ["Page *1*", "Page *3*"]
    assert pruned("--source", SECTION) == 1
    assert found("harbour") == ["Page *3*"]
    used.bring()
    assert used.count() == 1


@pytest.mark.parametrize("used", ["openai"], indirect=True)
def test_a_file_of_no_day_is_renewed_for_as_long_as_its_kind_has_it(used, server):
    page(1, "The harbour opens at dawn.")
    used.bring()
    assert lives(server) == [timedelta(days=30)]
    old = set(server.files)
    sql("UPDATE store_files SET expires_at = now() + interval '1 day'")
    used.bring()
    assert used.count() == 1
    assert old.isdisjoint(server.files)
    assert lives(server) == [timedelta(days=30)] * 2
    # Even where nobody said so, it ends with the text.
    sql("DELETE FROM handbook")
    sql("UPDATE store_files SET expires_at = now() + interval '1 day'")
    used.bring()
    used.bring()
    assert used.count() == 0
    assert rows("SELECT count(*) FROM documents") == [(0,)]


def test_it_goes_with_its_guild(used):
    page(1, "The harbour opens at dawn.")
    page(2, "The harbour of the others.", guild=OTHER_GUILD)
    used.bring()
    sql("INSERT INTO guilds (id, left_at) VALUES (:id, now() - interval '100 days')", id=GUILD)
    purge.run(now(), 100)
    assert found("harbour") == []
    used.bring()
    assert used.count() == 1
    assert rows("SELECT guild_id FROM documents") == [(OTHER_GUILD,)]
    assert found("harbour", guild=OTHER_GUILD) == ["Page *2*"]


def test_a_kind_that_this_process_does_not_know_is_left_alone(used, monkeypatch):
    """A process of an older version works beside a newer one while a system is brought up to date."""
    page(1, "The harbour opens at dawn.")
    with monkeypatch.context() as older:
        older.setattr(registry, "KINDS", registry.KINDS[:-1])
        used.bring()
        assert rows("SELECT stored_at, attempts FROM documents") == [(None, 0)]
        with pytest.raises(BadInput, match="“pages”; there are: messages, logs, summaries"):
            found("harbour")
    used.bring()
    assert found("harbour") == ["Page *1*"]


def test_every_kind_has_names_of_its_own_and_can_be_asked_for():
    kinds = registry.KINDS
    for names in ("section", "name", "prefix"):
        assert len({getattr(kind, names) for kind in kinds}) == len(kinds)
    assert get_args(cog.Source) == tuple(sources())
