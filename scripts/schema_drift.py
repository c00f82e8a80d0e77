"""Compare what the migrations make with `schema/schema.sql`: `python -m scripts.schema_drift [--write]`.

The migrations run up, down and up again on an empty database of its own first, so a downgrade that does not work, or
one that leaves something behind, fails here too. Partitions come and go with time and are left out.
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg2

from app.stack import binaries
from app.stack.postgres import EmbeddedPostgres

PROJECT = Path(__file__).resolve().parents[1]
COMMITTED = PROJECT / "schema" / "schema.sql"
# Lines of pg_dump that name its version, or a random word.
NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*|)$")


def migrate(url: str, *words: str) -> None:
    """Run one `python -m app migrate` on this database; end if it fails."""
    environ = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "app", "migrate", *words],
        cwd=PROJECT, env=environ, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"migrate {' '.join(words)} failed:\n{done.stdout}{done.stderr}")


def query(url: str, statement: str) -> list[str]:
    """The first column of what a statement finds."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return [row[0] for row in cursor.fetchall()]


def dump(url: str, *left_out: str) -> str:
    """The database's schema as SQL, without these tables, partitions, and what changes from run to run."""
    partitions = query(url, "SELECT format('%I.%I', relnamespace::regnamespace, relname) FROM pg_class "
                            "WHERE relispartition AND relkind = 'r'")  # fmt: skip
    program = binaries.postgres_home() / "bin" / "pg_dump"
    without = [word for name in (*partitions, *left_out) for word in ("-T", name)]
    command = [program, "--schema-only", "--no-owner", "--no-privileges", *without, "-d", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.rstrip() for line in text.splitlines() if not NOISE.match(line)]
    return "\n".join(lines)


def migrated() -> str:
    """The schema that the migrations make, after a way down and up again that left nothing behind."""
    with tempfile.TemporaryDirectory(prefix="heorot-drift-") as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "data")
        server.start()
        try:
            empty = dump(server.url)
            migrate(server.url, "up")
            first = dump(server.url)
            migrate(server.url, "down", "--revision", "base")
            require_equal(
                empty,
                _without_extension(dump(server.url, "public.alembic_version")),
                "what the downgrades leave behind",
            )
            migrate(server.url, "up")
            second = dump(server.url)
        finally:
            server.destroy()
    require_equal(first, second, "the schema after a downgrade and a second upgrade")
    return first


def _without_extension(text: str) -> str:
    """The dump without pgvector, which a downgrade may leave for others."""
    return re.sub(r"(CREATE|COMMENT ON) EXTENSION .*;\n?", "", text).strip()


def require_equal(expected: str, found: str, what: str) -> None:
    """End with the differences, unless there are none."""
    if expected != found:
        lines = difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", lineterm="")
        sys.exit("\n".join([f"Drift in {what}:", *lines]))


def main() -> None:
    """Check the committed schema, or write it."""
    found = migrated()
    if sys.argv[1:] == ["--write"]:
        COMMITTED.write_text(f"{found}\n")
    elif not COMMITTED.exists():
        sys.exit(f"{COMMITTED} is missing: run `make schema`.")
    else:
        require_equal(COMMITTED.read_text().strip(), found, "schema/schema.sql (`make schema` writes it anew)")


if __name__ == "__main__":
    main()
