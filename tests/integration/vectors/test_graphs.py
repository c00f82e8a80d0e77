"""A graph for each model that many vectors are of."""

import random

import pytest
from sqlalchemy import text

from app.core.db import engine, unit_of_work
from app.knowledge.vectors import graphs
from tests.factories.knowledge import GUILD, OTHER_GUILD, rows

GRAPHS = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relname LIKE 'ix_message_vectors_model_%' ORDER BY 1
"""


def store(model, count, dims=8, guild=GUILD, first=1):
    dice = random.Random(7)
    vectors = [str([round(dice.random(), 3) for _ in range(dims)]) for _ in range(count)]
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO message_vectors"
                " (message_id, model, guild_id, channel_id, author_id, dims, content_hash, embedding)"
                " SELECT :first + n.place, :model, :guild, 1, 2, :dims, '\\x00', CAST(n.vector AS halfvec)"
                " FROM unnest(CAST(:vectors AS text[])) WITH ORDINALITY AS n(vector, place)"
            ),
            {"model": model, "guild": guild, "dims": dims, "vectors": vectors, "first": first},
        )
        uow.commit()


@pytest.mark.parametrize("model", ["text-embedding-3-large/8", "it's; DROP TABLE x/8", 'a"b\\c/8', "50%/8", "a:b/8"])
def test_a_model_with_many_vectors_gets_a_graph_that_its_search_uses(database, model):
    store(model, 30)
    assert graphs.tend(20) == {"built": 1, "dropped": 0}
    assert [valid for _, valid in rows(GRAPHS)] == [True]
    assert graphs.tend(20) == {"built": 0, "dropped": 0}
    query = (
        "EXPLAIN SELECT message_id FROM message_vectors WHERE model = :model"
        " ORDER BY embedding::halfvec(8) <=> CAST('[1,0,0,0,0,0,0,0]' AS halfvec(8)) LIMIT 5"
    )
    with engine().connect() as connection:
        connection.execute(text("SET enable_seqscan = off; SET enable_sort = off"))
        plan = "\n".join(connection.scalars(text(query), {"model": model}))
    assert "ix_message_vectors_model_" in plan


def test_models_that_have_one_already_and_small_ones_get_none(database):
    store("all-minilm-l6-v2/int8", 30, dims=384)
    store("small/8", 15)
    store("small/8", 15, guild=OTHER_GUILD, first=100)
    assert graphs.tend(20) == {"built": 0, "dropped": 0}


def test_a_graph_of_vectors_that_are_gone_is_dropped(database):
    store("old/8", 30)
    graphs.tend(20)
    with unit_of_work() as uow:
        uow.session.execute(text("DELETE FROM message_vectors WHERE message_id > 5"))
        uow.commit()
    assert graphs.tend(20) == {"built": 0, "dropped": 0}
    with unit_of_work() as uow:
        uow.session.execute(text("DELETE FROM message_vectors"))
        uow.commit()
    assert graphs.tend(20) == {"built": 0, "dropped": 1}
    assert rows(GRAPHS) == []


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
