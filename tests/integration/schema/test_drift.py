import pytest
import sqlalchemy

from app.cli import migrate
from schema import drift


def test_a_migrated_database_has_the_committed_schema(database):
    assert drift.difference(database) == ""


def test_a_change_beside_the_migrations_is_noticed(database):
    engine = sqlalchemy.create_engine(database.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE messages ADD CONSTRAINT extra CHECK (id > 0)"))
    engine.dispose()
    assert "extra" in drift.difference(database)


def test_more_partitions_are_no_drift(database):
    engine = sqlalchemy.create_engine(database.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        made = connection.execute(sqlalchemy.text("SELECT ensure_partitions('2027-01-04', '2027-02-01')")).scalar_one()
    engine.dispose()
    assert made == 15
    assert drift.difference(database) == ""


def test_up_down_and_up_again_ends_in_the_same_schema(database):
    before = drift.dump(database)
    migrate.down("base")
    assert "CREATE TABLE public.messages" not in drift.dump(database)
    migrate.up()
    assert drift.dump(database) == before


def test_pg_dump_that_fails_says_why():
    with pytest.raises(RuntimeError, match="pg_dump failed"):
        drift.dump("postgresql://nobody@127.0.0.1:1/nothing")
