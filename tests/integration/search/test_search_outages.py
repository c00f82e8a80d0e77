"""Redis or PostgreSQL goes in the middle of a search: a clear answer, and the next one is whole."""

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError

from app.core.commands import reachable
from app.core.errors import DatabaseUnavailable
from app.knowledge.embeddings import generations
from app.knowledge.search import legs, people, queries, ranking, results
from app.knowledge.search.filters import Filters
from app.knowledge.search.queries import Viewer
from tests.factories.knowledge import GUILD, PUBLIC, embed_all, write
from tests.factories.outages import line

VIEWER = Viewer(900, (PUBLIC,))


@pytest.fixture
def song(index):
    written = [write(f"a song about the sea, verse {n}") for n in range(12)]
    embed_all()
    return written


def find():
    return queries.find(GUILD, VIEWER, "song about the sea", limit=5)


def cutting(monkeypatch, module, name, cut):
    """From the next call of this function on the server is gone."""
    real = getattr(module, name)

    def wrapper(*arguments, **more):
        cut()
        return real(*arguments, **more)

    monkeypatch.setattr(module, name, wrapper)
    return lambda: monkeypatch.setattr(module, name, real)


@pytest.mark.parametrize(
    ("place", "outage"),
    [
        ((generations, "current"), "cut"),
        ((results, "get"), "cut"),
        ((ranking, "rank"), "cut"),
        ((results, "put"), "cut"),
        ((results, "get"), "hang"),
    ],
)
def test_without_redis_from_any_point_on_a_search_finds_the_same(song, servers, monkeypatch, place, outage):
    expected = find()
    with line(monkeypatch, "REDIS_URL", servers.redis_url) as redis:
        # Nothing is kept under another number.
        generations._raise({GUILD})
        cutting(monkeypatch, *place, getattr(redis, outage))
        assert find() == expected
        assert find() == expected


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (people, "named"),
        (legs, "by_words"),
        (legs, "by_meaning"),
        (legs, "read"),
    ],
)
def test_without_postgresql_from_any_point_on_a_search_says_so_and_the_next_is_whole(
    song, database, monkeypatch, module, name
):
    expected = find()
    generations._raise({GUILD})
    with line(monkeypatch, "DATABASE_URL", database) as postgres:
        whole = find()
        assert whole.message_ids == expected.message_ids
        generations._raise({GUILD})
        mend = cutting(monkeypatch, module, name, postgres.cut)
        with pytest.raises(DatabaseUnavailable) as raised:
            reachable(find)()
        assert isinstance(raised.value.__cause__, OperationalError | InterfaceError)
        mend()
        postgres.mend()
        assert find() == whole


def test_what_was_kept_is_not_shown_before_it_was_read_anew(song, database, monkeypatch):
    with line(monkeypatch, "DATABASE_URL", database) as postgres:
        expected = find()
        mend = cutting(monkeypatch, queries, "_readable", postgres.cut)
        with pytest.raises(DatabaseUnavailable):
            reachable(find)()
        mend()
        postgres.mend()
        assert find() == expected


def test_further_pages_and_days_say_so_too(song, database, monkeypatch):
    with line(monkeypatch, "DATABASE_URL", database) as postgres:
        first = find()
        postgres.cut()
        with pytest.raises(DatabaseUnavailable):
            reachable(queries.more)(GUILD, VIEWER, "song about the sea", Filters(), besides=first.message_ids, limit=25)
        with pytest.raises(DatabaseUnavailable):
            reachable(queries.between)(GUILD, Filters(), "yesterday")
