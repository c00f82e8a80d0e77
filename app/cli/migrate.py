"""`migrate up|down|status`: the database's schema. `dburl`: where the database is."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from app.core.db import engine
from app.core.errors import BadInput, DatabaseUnavailable
from app.core.settings import PROJECT, settings

# Any number; it only has to be the same in every process that migrates.
_LOCK = 0x48454F524F54
# A table in use is asked for again, after those who queued behind our request have gone first.
_ATTEMPTS = 3
_PAUSE_SECONDS = 1.0
_LOCK_NOT_AVAILABLE = "55P03"


def config() -> Config:
    """Alembic's configuration, which has no file of its own."""
    alembic = Config()
    alembic.set_main_option("script_location", str(PROJECT / "schema" / "migrations").replace("%", "%%"))
    return alembic


@contextmanager
def _locked() -> Iterator[Connection]:
    """A connection that alone may migrate; others wait for it."""
    try:
        connection = engine().connect()
    except OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {str(error.orig).splitlines()[0]}") from None
    with connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            connection.commit()


def up(revision: str = "head") -> None:
    """Bring the schema to this revision; one process at a time, and nothing to do is no error."""
    _move(command.upgrade, revision)


def down(revision: str = "-1") -> None:
    """Take the schema back to this revision."""
    _move(command.downgrade, revision)


def _move(step: Callable[[Config, str], None], revision: str) -> None:
    """Take that step; raises BadInput for a revision that is not there, DatabaseUnavailable for tables in use.

    Each migration is a transaction of its own, so one that fails leaves nothing behind and can be tried again.
    """
    with _locked() as connection:
        alembic = config()
        alembic.attributes["connection"] = connection
        for _ in range(_ATTEMPTS):
            try:
                return step(alembic, revision)
            except CommandError as error:
                raise BadInput(f"the schema cannot be brought to “{revision}”: {error}.") from None
            except OperationalError as error:
                if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                    raise
                connection.rollback()
                time.sleep(_PAUSE_SECONDS)
    raise DatabaseUnavailable(
        "the schema could not be changed, because a table stays in use; nothing was done by halves."
        " Try again, or stop the other processes first."
    )


def status() -> dict[str, str | None]:
    """The revision that the database has, and the newest there is."""
    with _locked() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return {"current": current, "head": ScriptDirectory.from_config(config()).get_current_head()}


def _run(arguments: argparse.Namespace) -> int:
    if arguments.action == "up":
        up()
    elif arguments.action == "down":
        down(arguments.revision)
    found = status()
    print(json.dumps(found) if arguments.json else f"schema at {found['current']}, newest is {found['head']}")
    return 0 if arguments.action != "status" or found["current"] == found["head"] else 1


def _run_dburl(arguments: argparse.Namespace) -> int:
    url = settings().database_url
    print(json.dumps({"url": url}) if arguments.json else url)
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `migrate` and `dburl`."""
    migrate = commands.add_parser("migrate", help="bring the database's schema up or down, or show where it stands")
    migrate.add_argument("action", choices=("up", "down", "status"))
    migrate.add_argument("--revision", default="-1", help="for down: the revision to go back to (default: one step)")
    migrate.add_argument("--json", action="store_true")
    migrate.set_defaults(run=_run)
    dburl = commands.add_parser("dburl", help="print the libpq URL in use")
    dburl.add_argument("--json", action="store_true")
    dburl.set_defaults(run=_run_dburl)
