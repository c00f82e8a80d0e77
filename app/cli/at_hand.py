"""The database for a command: the one in use, or the embedded one, started for as long as the command runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from app.core.errors import ConfigurationError, DatabaseUnavailable
from app.core.settings import chosen, settings
from app.stack.servers import start_servers


@contextmanager
def database_at_hand() -> Iterator[str]:
    """The URL of a database that answers; raises HeorotError when there is none."""
    if url := settings().database_url:
        _require_answer(url)
        yield url
        return
    data = chosen().data_path
    if not (data / "postgres").exists():
        raise ConfigurationError(f"there is no database in {data}, and DATABASE_URL is not set; `make run` makes one.")
    servers = start_servers(data, valkey=False)
    try:
        yield servers.database_url
    finally:
        servers.stop()


def _require_answer(url: str) -> None:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {str(error).strip().splitlines()[0]}") from None
