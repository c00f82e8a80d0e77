"""What is to go from stores elsewhere, and what went there without our doing."""

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from app.clients import vector_stores as remote
from app.core import clock
from app.core.consent import AGREES
from app.core.db import unit_of_work
from app.knowledge.vectors.rows import FORGET_FILE, fetch, run

log = logging.getLogger(__name__)

_REMOVED_AT_ONCE = 200
# A request that is under way in another worker is over after this.
IN_FLIGHT = timedelta(minutes=10)
_CHECKED_EVERY = timedelta(hours=1)
_MARK = re.compile(r"_(?P<mark>[0-9a-f]{12})-(?P<row>\d+)\.(?:json|txt)$")

# Of guilds that took their consent back, of documents that are gone, and of a store that is not used any more.
_UNWANTED = f"""
UPDATE store_files SET state = 'removing' WHERE id IN (
    SELECT f.id FROM store_files f
    WHERE f.state <> 'removing' AND (
        NOT :is_used OR NOT {AGREES.format(guild="f.guild_id")}
        OR NOT EXISTS (SELECT FROM documents d WHERE d.id = f.document_id)
    )
    ORDER BY f.id FOR UPDATE OF f
) RETURNING document_id
"""  # noqa: S608 - made of constants.
_REMOVING = """
SELECT f.id, f.file_id, f.filename, f.guild_id, f.created_at, s.store_id FROM store_files f
LEFT JOIN vector_stores s ON s.guild_id = f.guild_id
WHERE f.state = 'removing' AND f.id > :after ORDER BY f.id LIMIT :limit
"""
_EMPTY_STORES = f"""
SELECT s.guild_id, s.store_id FROM vector_stores s
WHERE (NOT :is_used OR NOT {AGREES.format(guild="s.guild_id")}
    OR NOT EXISTS (SELECT FROM documents d WHERE d.guild_id = s.guild_id))
AND NOT EXISTS (SELECT FROM store_files f WHERE f.guild_id = s.guild_id) ORDER BY s.guild_id
"""  # noqa: S608 - made of constants.


def remove(*, is_used: bool) -> int:
    """Remove files that are marked, then stores with nothing in them that nobody wants; how many files."""
    with unit_of_work() as uow:
        uow.session.execute(text(_UNWANTED), {"is_used": is_used})
        uow.commit()
    count, after = 0, 0
    while rows := fetch(_REMOVING, after=after, limit=_REMOVED_AT_ONCE):
        after = rows[-1].id
        lost = [row for row in rows if row.file_id is None]
        found = find([row.filename for row in lost]) if lost else {}
        for row in rows:
            file_id = row.file_id or found.get(row.filename)
            # One that may still be on its way has its row until it has arrived, or will not any more.
            if file_id is None and clock.now() - row.created_at < IN_FLIGHT:
                continue
            if file_id is not None:
                if row.store_id is not None:
                    remote.detach(row.store_id, file_id)
                remote.delete_file(file_id)
            run(FORGET_FILE, id=row.id)
            count += 1
    for row in fetch(_EMPTY_STORES, is_used=is_used):
        if row.store_id is not None:
            remote.delete_store(row.store_id)
        run("DELETE FROM vector_stores WHERE guild_id = :guild_id", guild_id=row.guild_id)
    return count


def to_check() -> list[tuple[int, str]]:
    """Stores that were not looked at for an hour."""
    statement = """
        SELECT guild_id, store_id FROM vector_stores
        WHERE store_id IS NOT NULL AND (checked_at IS NULL OR checked_at < :before) ORDER BY guild_id
    """
    return [tuple(row) for row in fetch(statement, before=clock.now() - _CHECKED_EVERY)]


def check_store(guild_id: int, store_id: str) -> int:
    """Compare the store with the rows: what is missing there is made anew, what nobody knows there goes; how many."""
    lost = 0
    if not remote.is_alive(store_id):
        forget_store(guild_id)
    else:
        there = remote.attached(store_id)
        statement = "SELECT id, document_id, file_id FROM store_files WHERE guild_id = :id AND state = 'attached'"
        known = fetch(statement, id=guild_id)
        missing = [row for row in known if there.get(row.file_id) != "completed"]
        _lose(missing)
        rows = fetch("SELECT file_id FROM store_files WHERE guild_id = :id AND file_id IS NOT NULL", id=guild_id)
        for file_id in there.keys() - {row.file_id for row in rows}:
            remote.detach(store_id, file_id)
            lost += 1
        lost += len(missing)
    run("UPDATE vector_stores SET checked_at = clock_timestamp() WHERE guild_id = :id", id=guild_id)
    return lost


def _lose(rows: Sequence[Row[Any]]) -> None:
    """These files are not in their store any more: what is left of them goes, and their documents are sent anew."""
    run("UPDATE store_files SET state = 'removing' WHERE id = ANY(:ids)", ids=[row.id for row in rows])
    statement = (
        "UPDATE documents SET stale_at = '-infinity', content_hash = NULL, stored_at = NULL WHERE id = ANY(:ids)"
    )
    run(statement, ids=[row.document_id for row in rows])


def forget_store(guild_id: int) -> None:
    """The guild's store is gone (it expired, or somebody deleted it): another one takes its place."""
    log.warning("a vector store is gone and is made anew", extra={"guild": guild_id})
    run("UPDATE vector_stores SET store_id = NULL WHERE guild_id = :id", id=guild_id)
    _lose(fetch("SELECT id, document_id FROM store_files WHERE guild_id = :id AND state <> 'removing'", id=guild_id))


def clean_orphans() -> int:
    """Delete files of ours that no row knows, left by an upload whose row was given up; how many.

    Ours are those whose name carries the mark of one of our stores: other programs may share the account.
    """
    with unit_of_work() as uow:
        marks = set(uow.session.scalars(text("SELECT mark FROM vector_stores")))
        known = set(uow.session.scalars(text("SELECT filename FROM store_files")))
    if not marks:
        return 0
    before = (clock.now() - IN_FLIGHT).timestamp()
    ours = [file for file in remote.files() if _mark_of(file.filename) in marks]
    orphans = [file for file in ours if file.filename not in known and file.created_at < before]
    for file in orphans:
        remote.delete_file(file.id)
    return len(orphans)


def _mark_of(filename: str) -> str | None:
    found = _MARK.search(filename)
    return found["mark"] if found else None


def find(filenames: Iterable[str]) -> dict[str, str]:
    """The ids of those of these files that are there."""
    wanted = set(filenames)
    return {file.filename: file.id for file in remote.files() if file.filename in wanted}
