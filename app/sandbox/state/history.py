"""A channel's messages in the order of their ids, bounded."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=_Numbered)

HISTORY_LIMIT = 1_000_000
_SLACK = 4096


class History(Generic[T]):
    """Messages by id; appends are cheap and the oldest fall out beyond the limit."""

    __slots__ = ("_gone", "_ids", "_limit", "_rows")

    def __init__(self, limit: int = HISTORY_LIMIT) -> None:
        self._rows: dict[int, T] = {}
        self._ids: list[int] = []
        self._gone = 0
        self._limit = limit

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return iter(self._rows.values())

    def append(self, row: T) -> None:
        """Add a row whose id is larger than every id before it."""
        self._rows[row.id] = row
        self._ids.append(row.id)
        if len(self._rows) > self._limit:
            del self._rows[next(iter(self._rows))]
            self._forget_one()

    def get(self, row_id: int) -> T | None:
        """The row, or None when it never was, was removed or fell out."""
        return self._rows.get(row_id)

    def pop(self, row_id: int) -> T | None:
        """Remove the row and return it."""
        row = self._rows.pop(row_id, None)
        if row is not None:
            self._forget_one()
        return row

    def _forget_one(self) -> None:
        # Ids of removed rows stay in the list and are skipped; it is rebuilt only once they
        # outnumber the living, so a removal costs no copy of a long list.
        self._gone += 1
        if self._gone > _SLACK and self._gone > len(self._rows):
            self._ids = list(self._rows)
            self._gone = 0

    def latest(self, limit: int) -> list[T]:
        """The newest rows, newest first."""
        return self._walk(len(self._ids) - 1, -1, limit)

    def before(self, row_id: int, limit: int) -> list[T]:
        """The rows just older than the id, newest first."""
        return self._walk(bisect_left(self._ids, row_id) - 1, -1, limit)

    def after(self, row_id: int, limit: int) -> list[T]:
        """The rows just newer than the id, newest first, as Discord lists them."""
        return self._walk(bisect_right(self._ids, row_id), 1, limit)[::-1]

    def around(self, row_id: int, limit: int) -> list[T]:
        """Rows on both sides of the id, newest first."""
        middle = self.get(row_id)
        half = limit // 2
        newer = self.after(row_id, half)
        older = self.before(row_id, limit - half - (1 if middle else 0))
        return [*newer, *([middle] if middle else []), *older]

    def _walk(self, start: int, step: int, limit: int) -> list[T]:
        found: list[T] = []
        index = start
        while 0 <= index < len(self._ids) and len(found) < limit:
            row = self._rows.get(self._ids[index])
            if row is not None:
                found.append(row)
            index += step
        return found
