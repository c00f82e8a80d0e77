"""A graph for each guild that has many vectors of a model."""

import random

import pytest
from sqlalchemy import event, text

from app.core.db import unit_of_work
from app.knowledge.embeddings.rules import pack
from app.knowledge.search import legs
from app.knowledge.search.legs import Meaning
from app.knowledge.vectors import graphs
from tests.factories.knowledge import GUILD, OTHER_GUILD, rows

GRAPHS = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relname LIKE 'ix_message_vectors_near_%' ORDER BY 1
"""


def store(model, count, dims=8, *, guild=GUILD, first=1, channels=(1,)):
    dice = random.Random(7)
    vectors = [str([round(dice.random(), 3) for _ in range(dims)]) for _ in range(count)]
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO message_vectors"
                " (message_id, model, guild_id, channel_id, author_id, dims, content_hash, embedding)"
                " SELECT :first + n.place, :model, :guild, (CAST(:channels AS bigint[]))[1 + (n.place % :of)::int], 2, :dims, '\\x00',"
                " CAST(n.vector AS halfvec)"
                " FROM unnest(CAST(:vectors AS text[])) WITH ORDINALITY AS n(vector, place)"
            ),
            {"model": model, "guild": guild, "dims": dims, "vectors": vectors, "first": first}
            | {"channels": list(channels), "of": len(channels)},
        )
        uow.commit()


@pytest.mark.parametrize("model", ["text-embedding-3-large/8", "it's; DROP TABLE x/8", 'a"b\\c/8', "50%/8", "a:b/8"])
def test_a_guild_with_many_vectors_of_a_model_gets_a_graph_that_its_search_uses(database, model):
    store(model, 30)
    store(model, 15, guild=OTHER_GUILD, first=100)
    assert graphs.tend(20) == {"built": 1, "dropped": 0}
    assert [valid for _, valid in rows(GRAPHS)] == [True]
    assert graphs.tend(20) == {"built": 0, "dropped": 0}
    assert "ix_message_vectors_near_" in plan(model, GUILD)
    assert "ix_message_vectors_near_" not in plan(model, OTHER_GUILD)


def test_how_many_vectors_a_reader_may_see_is_foreseen(database):
    """Taken for few, they are compared one by one though there is a graph."""
    for n in range(1, 21):
        store("seen/8", 300, guild=n, first=1_000 * n, channels=range(10 * n, 10 * n + 4))
    with unit_of_work() as uow:
        uow.session.execute(text("ANALYZE message_vectors"))
        uow.commit()
    # Half of 300, because nobody knows beforehand how many opted out; 8, if channels had nothing to do with guilds.
    assert 100 < foreseen("seen/8", 7, range(70, 74)) < 600
    assert foreseen("seen/8", 7, (70,)) < 100


def foreseen(model, guild, channels):
    lines = plan(model, guild, channels, may_sort=True).splitlines()
    (scan,) = (line for line in lines if " on message_vectors r " in line)
    return int(scan.split("rows=")[1].split()[0])


def plan(model, guild, channels=(1,), *, may_sort=False):
    """How PostgreSQL would search this guild's vectors, were they too many to be sorted."""

    def explain(_connection, _cursor, statement, parameters, *_):
        return statement.replace("WITH near", "EXPLAIN WITH near"), parameters

    meaning = Meaning(model, 8, pack([1.0] + [0.0] * 7, 8))
    scope = legs.Scope({"guild_id": guild, "channel_ids": list(channels)})
    with unit_of_work() as uow:
        if not may_sort:
            uow.session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"))
        connection = uow.session.connection()
        event.listen(connection, "before_cursor_execute", explain, retval=True)
        return "\n".join(map(str, legs.by_meaning(uow.session, scope, meaning)))


def test_models_of_few_vectors_get_none(database):
    store("small/8", 15)
    store("small/8", 15, guild=OTHER_GUILD, first=100)
    assert graphs.tend(20) == {"built": 0, "dropped": 0}


def test_a_graph_of_vectors_that_are_gone_is_dropped(database):
    store("old/8", 30)
    graphs.tend(20)
    with unit_of_work() as uow:
        uow.session.execute(text("DELETE FROM message_vectors WHERE message_id > 16"))
        uow.commit()
    assert graphs.tend(20) == {"built": 0, "dropped": 0}
    with unit_of_work() as uow:
        uow.session.execute(text("DELETE FROM message_vectors"))
        uow.commit()
    assert graphs.tend(20) == {"built": 0, "dropped": 1}
    assert rows(GRAPHS) == []


def test_a_graph_of_one_model_for_all_guilds_is_dropped(database):
    store("old/8", 3)
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "CREATE INDEX ix_message_vectors_model_0123456789ab ON message_vectors"
                " USING hnsw ((embedding::halfvec(8)) halfvec_cosine_ops) WHERE model = 'old/8'"
            )
        )
        uow.commit()
    assert graphs.tend(20) == {"built": 0, "dropped": 1}


def test_a_graph_whose_building_was_interrupted_is_made_anew(database):
    store("new/8", 30)
    graphs.tend(20)
    with unit_of_work() as uow:
        uow.session.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = CAST(:name AS regclass)"),
            {"name": rows(GRAPHS)[0][0]},
        )
        uow.commit()
    assert graphs.tend(20) == {"built": 1, "dropped": 1}
    assert [valid for _, valid in rows(GRAPHS)] == [True]


def test_the_job_says_what_it_did(database):
    from app.upkeep.jobs.queries import last_runs
    from tasks.vectors import index

    index()
    with unit_of_work() as uow:
        (run,) = last_runs(uow.session)
    assert (run.name, run.outcome) == ("vectors.index", "done")
