"""Rows that events tell of, written in sets so that the newest event about each column wins, in whatever order.

Events about one thing come in two kinds: what it is like (its profile) and whether it is there. Each kind has a guard
of its own, `seq` and `presence_seq`, because a row that took a departure must still take a late profile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session


def moment(millis: int) -> datetime:
    """A time of an event as a datetime."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def day_of(millis: int) -> date:
    """The day (UTC) of a time of an event."""
    return moment(millis).date()


def as_json(rows: Iterable[object]) -> str:
    """Rows as `json_to_recordset` takes them."""
    return msgspec.json.encode(list(rows)).decode()


@dataclass(frozen=True)
class Table:
    """A table that follows the two guards."""

    name: str
    # SQL types by column.
    key: Mapping[str, str]
    profile: Mapping[str, str]
    # The column that says when the thing went away; None where it is there.
    gone: str = "deleted_at"
    # Columns without a guard, set when the row is made.
    fixed: Mapping[str, str] = field(default_factory=dict)

    def statement(self) -> str:
        """The upsert; rows are taken in the order of their key, so that concurrent batches cannot deadlock."""
        presence = {self.gone: "timestamptz"}
        guards = {"seq": "bigint", "presence_seq": "bigint"}
        columns = {**self.key, **self.fixed, **self.profile, **presence, **guards}
        names, keys = ", ".join(columns), ", ".join(self.key)
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        settings = [_newest(self.name, name, "seq") for name in self.profile]
        settings += [_newest(self.name, name, "presence_seq") for name in presence]
        settings += [f"{guard} = greatest({self.name}.{guard}, excluded.{guard})" for guard in guards]
        return (
            f"INSERT INTO {self.name} ({names}) SELECT {names} FROM json_to_recordset(:rows) AS r ({typed})"  # noqa: S608
            f" ORDER BY {keys} ON CONFLICT ({keys}) DO UPDATE SET {', '.join(settings)}"
            f" WHERE excluded.seq > {self.name}.seq OR excluded.presence_seq > {self.name}.presence_seq"
        )


def _newest(table: str, column: str, guard: str) -> str:
    return f"{column} = CASE WHEN excluded.{guard} > {table}.{guard} THEN excluded.{column} ELSE {table}.{column} END"


class Facts:
    """What a batch tells of one table's rows, folded to one row for each key."""

    def __init__(self, table: Table, **defaults: object) -> None:
        """`defaults` are the profile's values of a row that only a departure told of, where NULL is not allowed."""
        self._table = table
        self._defaults = defaults
        self._rows: dict[tuple[object, ...], dict[str, Any]] = {}

    def _row(self, key: Sequence[object], fixed: Mapping[str, object]) -> dict[str, Any]:
        row = self._rows.setdefault(tuple(key), {"seq": 0, "presence_seq": 0, **self._defaults})
        row.update(zip(self._table.key, key, strict=True))
        row.update(fixed)
        return row

    def is_like(self, key: Sequence[object], seq: int, profile: Mapping[str, object], **fixed: object) -> None:
        """At `seq` the thing was there, and like this."""
        row = self._row(key, fixed)
        if seq > row["seq"]:
            row.update(profile, seq=seq)
        if seq > row["presence_seq"]:
            row.update({self._table.gone: None, "presence_seq": seq})

    def is_gone(self, key: Sequence[object], seq: int, since: datetime, **fixed: object) -> None:
        """At `seq` the thing was gone."""
        row = self._row(key, fixed)
        if seq > row["presence_seq"]:
            row.update({self._table.gone: since, "presence_seq": seq})

    def write(self, session: Session) -> None:
        """Bring the table up to this."""
        if self._rows:
            session.execute(text(self._table.statement()), {"rows": as_json(self._rows.values())})
