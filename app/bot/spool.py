"""Where batches wait on disk while Redis is away: first in, first out, and safe against a crash of the machine.

One thread uses it. It holds what people wrote, so its folder and file are readable by the bot alone, and what leaves
it is overwritten.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from app.core.errors import Unavailable

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    place INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, id TEXT NOT NULL, payload BLOB NOT NULL
)
"""
# FULL makes every commit reach the disk; secure_delete overwrites what was replayed.
_PRAGMAS = ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=2000")
_LAST_PLACE = 2**63 - 1
# Leaving room avoids going in and out of the full state with every batch.
_ROOM_AGAIN = 0.8


class SpoolFull(Unavailable):
    """The spool has reached its bound, or the disk is full."""


class Entry(NamedTuple):
    """A batch or command on its way to the ledger."""

    task: str
    id: str
    payload: bytes


class Spool:
    """A bounded queue on disk."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """Open the spool in this folder, which is made if need be; a file that cannot be read is put aside."""
        self._path = folder / "spool.sqlite3"
        self._max_bytes = max_bytes
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.touch(mode=0o600, exist_ok=True)
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            self._db = self._put_aside(error)
        self.entries, self.bytes = self._count()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _put_aside(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        aside = self._path.with_name(f"spool.unreadable.{int(time.time())}")
        self._path.rename(aside)
        log.error("the spool could not be read (%s); it was put aside as %s", error, aside.name)
        self._path.touch(mode=0o600)
        return self._open()

    def _count(self, through: int | None = None) -> tuple[int, int]:
        """The number of entries and their bytes, up to a place."""
        statement = "SELECT count(*), coalesce(sum(length(payload)), 0) FROM entries WHERE place <= ?"
        row = self._db.execute(statement, (_LAST_PLACE if through is None else through,)).fetchone()
        return int(row[0]), int(row[1])

    @property
    def has_room(self) -> bool:
        """Whether so much was replayed that a full spool may be filled again."""
        return self.bytes < self._max_bytes * _ROOM_AGAIN

    def fits(self, entries: Iterable[Entry]) -> bool:
        """Whether the bound leaves room for all of these."""
        return self.bytes + _size(entries) <= self._max_bytes

    def append(self, entries: Iterable[Entry]) -> None:
        """Keep these behind all others, on disk when this returns; raises SpoolFull and then keeps none of them."""
        rows = list(entries)
        if not self.fits(rows):
            raise SpoolFull
        try:
            self._insert(rows)
        except sqlite3.Error as error:
            raise SpoolFull(f"the spool cannot be written: {error}") from None
        self.entries += len(rows)
        self.bytes += _size(rows)

    def _insert(self, rows: list[Entry]) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO entries (task, id, payload) VALUES (?, ?, ?)", rows)

    def oldest(self, limit: int) -> list[tuple[int, Entry]]:
        """The entries that came first, with their places."""
        rows = self._db.execute("SELECT place, task, id, payload FROM entries ORDER BY place LIMIT ?", (limit,))
        return [(place, Entry(task, entry_id, payload)) for place, task, entry_id, payload in rows]

    def remove_through(self, place: int) -> None:
        """Forget every entry up to this place."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            entries, size = self._count(place)
            self._db.execute("DELETE FROM entries WHERE place <= ?", (place,))
        self.entries -= entries
        self.bytes -= size
        if not self.entries:
            self._give_back()

    def _give_back(self) -> None:
        """Return the space of an empty spool to the disk."""
        self._db.execute("PRAGMA incremental_vacuum").fetchall()
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; what it holds is replayed by the next start."""
        self._db.close()


def _size(entries: Iterable[Entry]) -> int:
    return sum(len(entry.payload) for entry in entries)
