"""`backup` and `restore FILE`: the whole database in one file, and back.

A restore builds a new database beside the one in use and only then takes its place, so one that fails changes
nothing. What members asked for since the backup (opt-outs, erasures) is carried over: a restore must not bring back
what was erased.
"""

import argparse
import json
import os
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from alembic.script import ScriptDirectory
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its classes in lower case.
from psycopg2.extensions import make_dsn, parse_dsn

from app.cli import migrate, pg_programs
from app.cli.at_hand import database_at_hand
from app.core.errors import BadInput, HeorotError, Refused
from app.core.settings import settings

_PRIVATE = 0o600
# What must not go back in time, and how an older row is brought forward. An erasure is to be done again.
_CARRIED = {
    "opt_outs": "ON CONFLICT (guild_id, user_id) DO NOTHING",
    "erasures": "ON CONFLICT (guild_id, user_id) DO UPDATE SET erased_at = excluded.erased_at, "
    "below_id = greatest(erasures.below_id, excluded.below_id)",
    "bot_sequences": "ON CONFLICT (bot_id) DO UPDATE "
    "SET reserved = greatest(bot_sequences.reserved, excluded.reserved)",
}
_ERASE_AGAIN = "UPDATE erasures SET finished_at = NULL"


def backup(url: str, target: Path) -> int:
    """Write the database to this file, whole or not at all; its size in bytes."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE))
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror}.") from None
    try:
        program = pg_programs.find("pg_dump", _server_major(url))
        pg_programs.run(program, ["--format=custom", "--no-owner", "--no-privileges", f"--file={partial}"], url)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def restore(url: str, source: Path, *, is_agreed: bool) -> None:
    """Put the backup in the place of the database; raises HeorotError and changes nothing when that cannot be."""
    program = pg_programs.find("pg_restore", _server_major(url))
    _require_backup(program, source)
    _require_idle(url)
    if not is_agreed and (rows := _rows(url)):
        raise Refused(f"the database holds {rows} messages; `--yes` replaces it by the backup.")
    name = parse_dsn(url)["dbname"]
    fresh, replaced = f"{name}_restore", f"{name}_replaced"
    _drop(url, fresh)
    _execute(url, "CREATE DATABASE {} TEMPLATE template0", fresh)
    try:
        options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(source)]
        pg_programs.run(program, options, _beside(url, fresh))
        _require_known_revision(_beside(url, fresh))
        _carry_over(url, _beside(url, fresh))
    except BaseException:
        _drop(url, fresh)
        raise
    _drop(url, replaced)
    _execute(url, "ALTER DATABASE {} RENAME TO {}", name, replaced)
    _execute(url, "ALTER DATABASE {} RENAME TO {}", fresh, name)
    _drop(url, replaced)


def _connect(url: str) -> Connection:
    connection = psycopg2.connect(url, connect_timeout=5)
    connection.autocommit = True
    return connection


def _beside(url: str, name: str) -> str:
    """Another database of the same server."""
    return str(make_dsn(url, dbname=name))


def _value(url: str, statement: str) -> Any:
    with closing(_connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None


def _execute(url: str, statement: str, *names: str) -> None:
    """Run a statement about databases from outside them; raises HeorotError in one line."""
    try:
        with closing(_connect(_beside(url, "postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    except psycopg2.Error as error:
        raise HeorotError(f"the server refused: {str(error).strip().splitlines()[0]}") from None


def _drop(url: str, name: str) -> None:
    _execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _server_major(url: str) -> int:
    return int(_value(url, "SELECT current_setting('server_version_num')::int / 10000"))


def _rows(url: str) -> int:
    exists = _value(url, "SELECT to_regclass('messages')")
    return int(_value(url, "SELECT count(*) FROM messages")) if exists else 0


def _require_backup(program: Path, source: Path) -> None:
    if not source.is_file():
        raise BadInput(f"{source} does not exist; `python -m app backup` makes backups.")
    try:
        content = pg_programs.run(program, ["--list", str(source)])
    except pg_programs.ProgramFailed as error:
        raise BadInput(f"{source} is not a backup: {error}") from None
    if "alembic_version" not in content:
        raise BadInput(f"{source} is a backup of another program's database.")


def _require_idle(url: str) -> None:
    statement = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    if connections := _value(url, statement):
        raise Refused(f"{connections} connections use the database: stop Heorot before a restore.")


def _require_known_revision(url: str) -> None:
    found = _value(url, "SELECT version_num FROM alembic_version")
    known = {script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()}
    if found not in known:
        raise Refused(f"the backup is of another version of Heorot (migration {found}); restore it with that one.")


def _carry_over(old: str, new: str) -> None:
    """Bring wishes for privacy, and the numbers that were given to events, forward into the restored database."""
    with closing(_connect(old)) as before, closing(psycopg2.connect(new)) as after:
        for table, conflict in _CARRIED.items():
            _carry_table(before.cursor(), after.cursor(), table, conflict)
        after.cursor().execute(_ERASE_AGAIN)
        after.commit()


def _carry_table(reading: Any, writing: Any, table: str, conflict: str) -> None:
    for cursor in (reading, writing):
        cursor.execute("SELECT to_regclass(%s)", (table,))
        if cursor.fetchone()[0] is None:
            return
    reading.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in reading.description)
    places = sql.SQL(", ").join(sql.Placeholder() * len(reading.description))
    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ").format(sql.Identifier(table), columns, places)
    for row in reading:
        writing.execute(insert + sql.SQL(conflict), row)


def _run_backup(arguments: argparse.Namespace) -> int:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    target = Path(arguments.to) if arguments.to else settings().data_path / "backups" / f"heorot-{stamp}.dump"
    if target.exists():
        raise BadInput(f"{target} exists already; choose another name.")
    with database_at_hand() as url:
        size = backup(url, target)
    if arguments.json:
        print(json.dumps({"file": str(target), "bytes": size}))
    else:
        print(f"{target}: {size / 2**20:.1f} MiB. It holds what people wrote; keep it on encrypted storage.")
    return 0


def _run_restore(arguments: argparse.Namespace) -> int:
    with database_at_hand() as url:
        restore(url, Path(arguments.file), is_agreed=arguments.yes)
        os.environ["DATABASE_URL"] = url
        settings.cache_clear()
        migrate.up()
    if arguments.json:
        print(json.dumps({"restored": arguments.file}))
    else:
        print(f"Restored from {arguments.file}.", file=sys.stdout)
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `backup` and `restore`."""
    making = commands.add_parser("backup", help="write the database to a file (also while everything runs)")
    making.add_argument("--to", metavar="FILE", help="default: DATA_DIR/backups/heorot-<time>.dump")
    making.add_argument("--json", action="store_true")
    making.set_defaults(run=_run_backup)
    restoring = commands.add_parser("restore", help="put a backup in the place of the database")
    restoring.add_argument("file", metavar="FILE")
    restoring.add_argument("--yes", action="store_true", help="replace a database that holds messages")
    restoring.add_argument("--json", action="store_true")
    restoring.set_defaults(run=_run_restore)
