"""Run the migrations up, down and up on a database of their own, then compare it with `schema/schema.sql`.

`python -m scripts.schema_drift [--write]`: a downgrade that fails or leaves something behind, and a schema that is not
the committed one, are faults. `--write` replaces the committed schema instead.
"""

import difflib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from app.core.settings import PROJECT
from app.stack.postgres import EmbeddedPostgres
from schema import drift


def migrate(url: str, *words: str) -> None:
    """Run one `python -m app migrate` on this database; end if it fails."""
    command = [sys.executable, "-m", "app", "migrate", *words]
    environ = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(command, cwd=PROJECT, env=environ, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"migrate {' '.join(words)} failed:\n{done.stdout}{done.stderr}")


def require_equal(expected: str, found: str, what: str) -> None:
    """End with the differences, unless there are none."""
    if expected != found:
        lines = difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", lineterm="")
        sys.exit("\n".join([f"Drift in {what}:", *lines]))


def _own(dumped: str) -> str:
    """The dump without Alembic's note of the revision and pgvector, which outlive a downgrade."""
    statements = dumped.strip().split("\n\n")
    return "\n\n".join(text for text in statements if "alembic_version" not in text and "EXTENSION" not in text)


def check(url: str) -> None:
    """Migrate this empty database up, down and up; end if the way leaves traces."""
    migrate(url, "up")
    first = drift.dump(url)
    migrate(url, "down", "--revision", "base")
    require_equal("", _own(drift.dump(url)), "what the downgrades leave behind")
    migrate(url, "up")
    require_equal(first, drift.dump(url), "the schema after a downgrade and a second upgrade")


def main() -> int:
    """Check on a server of its own; 1 when the committed schema is another."""
    with tempfile.TemporaryDirectory(prefix="heorot-drift-") as folder:
        # The uid that root lends to PostgreSQL passes through.
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "data")
        server.start()
        try:
            check(server.url)
            os.environ["DATABASE_URL"] = server.url
            return drift.main(sys.argv[1:])
        finally:
            server.destroy()


if __name__ == "__main__":
    sys.exit(main())
