"""Alembic's environment: one transaction for each migration, under limits that keep the running system alive."""

from alembic import context
from sqlalchemy import Connection, create_engine, text

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"


def _url() -> str:
    url = context.config.get_main_option("sqlalchemy.url")
    assert url, "app.cli.migrate sets the database's URL"
    return url


def _migrate(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _migrate(given)
else:
    with create_engine(_url()).connect() as opened:
        _migrate(opened)
