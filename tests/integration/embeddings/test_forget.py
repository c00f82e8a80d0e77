"""Taking messages out of the index."""

import pytest
from sqlalchemy import text

from app.core.db import unit_of_work
from app.knowledge.embeddings import service

VECTOR = "[" + ",".join(["0.05"] * 384) + "]"


def index_rows(guild_id, *message_ids):
    with unit_of_work() as uow:
        for message_id in message_ids:
            row = {"id": message_id, "guild": guild_id, "vector": VECTOR}
            uow.session.execute(
                text("INSERT INTO message_terms VALUES (:id, :guild, 1, 2, 'english', to_tsvector('dragons'))"), row
            )
            uow.session.execute(
                text(
                    "INSERT INTO message_vectors VALUES"
                    " (:id, 'all-minilm-l6-v2/int8', :guild, 1, 2, 384, '\\x00', CAST(:vector AS halfvec))"
                ),
                row,
            )
            uow.session.execute(text("INSERT INTO embedding_claims VALUES (:id, :guild, now(), 1)"), row)
        uow.commit()


def found(table):
    with unit_of_work() as uow:
        return [row[0] for row in uow.session.execute(text(f"SELECT message_id FROM {table} ORDER BY 1"))]


@pytest.mark.parametrize("table", ["message_terms", "message_vectors", "embedding_claims"])
def test_forgetting_removes_exactly_the_named_messages(database, table):
    index_rows(7, 1, 2, 3)
    with unit_of_work() as uow:
        service.forget(uow.session, 7, [1, 3, 99])
        uow.commit()
    assert found(table) == [2]


def test_forgetting_never_reaches_into_another_guild(database):
    index_rows(7, 1)
    with unit_of_work() as uow:
        service.forget(uow.session, 8, [1])
        uow.commit()
    assert found("message_terms") == found("message_vectors") == [1]


def test_forgetting_nothing_is_no_error(database):
    with unit_of_work() as uow:
        service.forget(uow.session, 7, [])
        uow.commit()
    assert found("message_terms") == []


def test_a_transaction_that_rolls_back_forgets_nothing(database):
    index_rows(7, 1)
    with unit_of_work() as uow:
        service.forget(uow.session, 7, [1])
    assert found("message_vectors") == [1]
