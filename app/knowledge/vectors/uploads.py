"""From due documents to files in their guild's store elsewhere: upload, put into the store, see that they are found.

Killed between any two requests, a row says what to look for; what has to be done again is done again.
"""

import logging
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.clients import vector_stores as remote
from app.core import clock
from app.core.consent import AGREES
from app.core.db import unit_of_work
from app.core.errors import BadInput, Unavailable
from app.core.settings import settings
from app.knowledge.documents import rules, service
from app.knowledge.documents.service import Rendered
from app.knowledge.embeddings.rules import hash_of
from app.knowledge.vectors.removals import IN_FLIGHT, find, forget_store
from app.knowledge.vectors.rows import FORGET_FILE, fetch, run

log = logging.getLogger(__name__)

_UPLOADS_AT_ONCE, _ATTACHED_AT_ONCE = 20, 100
_STORE_DAYS = 30
_ATTRIBUTE_MAX = 512
_FILE_LIFE, _RENEWED_BEFORE = timedelta(days=30), timedelta(days=3)
METADATA_KEY = "heorot"
# Stands for the channel of what has none.
GUILD_WIDE = "guild"
MODEL = "openai"

# How long a guild's texts are kept, and whether they may be sent.
_WISHES = f"""
SELECT coalesce((SELECT retention_days FROM guild_settings WHERE guild_id = :id), :days) AS days,
    {AGREES.format(guild=":id")} AS agrees
"""  # noqa: S608 - constants.
# A file whose texts must go soon is left to expire: a new one would live no longer.
_EXPIRING = """
UPDATE documents SET stale_at = '-infinity', content_hash = NULL WHERE id IN (
    SELECT d.id FROM documents d JOIN store_files f ON f.document_id = d.id
    LEFT JOIN guild_settings s ON s.guild_id = d.guild_id
    WHERE f.state = 'attached' AND f.expires_at < :soon AND d.stale_at IS NULL
    AND (d.day IS NULL OR (d.day + coalesce(s.retention_days, :days))::timestamp AT TIME ZONE 'UTC' > f.expires_at)
    ORDER BY d.id FOR UPDATE OF d
)
"""
_LOST = """
SELECT id, filename FROM store_files WHERE state = 'uploading' AND file_id IS NULL AND created_at < :before ORDER BY id
"""
_NEW_FILE = """
INSERT INTO store_files (guild_id, document_id, cut, content_hash, filename, messages, tokens)
VALUES (:guild_id, :document_id, :cut, :hash, :filename, :messages, :tokens) RETURNING id
"""
_UPLOADED = """
UPDATE store_files SET file_id = :file_id, expires_at = :expires_at,
    state = CASE state WHEN 'uploading' THEN 'uploaded' ELSE state END
WHERE id = :id RETURNING state
"""
_TO_ATTACH = f"""
SELECT f.id, f.guild_id, f.file_id, f.document_id, s.store_id, d.source, d.category, d.section, d.url, d.version,
    d.title, d.tags, d.channel_id, d.day, f.messages, f.tokens
FROM store_files f JOIN documents d ON d.id = f.document_id JOIN vector_stores s ON s.guild_id = f.guild_id
WHERE f.state = 'uploaded' AND f.file_id IS NOT NULL AND s.store_id IS NOT NULL AND {AGREES.format(guild="f.guild_id")}
ORDER BY f.guild_id, f.id LIMIT :limit
"""  # noqa: S608 - constants.
_ATTACHING = """
SELECT f.id, f.guild_id, f.document_id, f.cut, f.content_hash, f.file_id, f.batch_id, f.messages, f.tokens, s.store_id,
    d.title
FROM store_files f JOIN documents d ON d.id = f.document_id JOIN vector_stores s ON s.guild_id = f.guild_id
WHERE f.state = 'attaching' ORDER BY f.id
"""
# A version that is older than one that is in the store goes, and not before.
_OLDER = """
UPDATE store_files SET state = 'removing' WHERE document_id = :document_id AND state <> 'removing' AND id < (
    SELECT max(id) FROM store_files WHERE document_id = :document_id AND state = 'attached'
)
"""


def find_lost() -> None:
    """Take up files that were uploaded by a worker that did not live to write it down; try the others anew."""
    lost = fetch(_LOST, before=clock.now() - IN_FLIGHT)
    found = find([row.filename for row in lost]) if lost else {}
    for row in lost:
        if row.filename in found:
            values = {"id": row.id, "file_id": found[row.filename], "expires_at": clock.now() + timedelta(days=1)}
            run(_UPLOADED, **values)
        else:
            run(FORGET_FILE, id=row.id)


def claim() -> list[Rendered]:
    """Documents that are due, in hand."""
    with unit_of_work() as uow:
        values = {"soon": clock.now() + _RENEWED_BEFORE, "days": settings().retention_days}
        uow.session.execute(text(_EXPIRING), values)
        found = service.claim(uow.session, _UPLOADS_AT_ONCE, needs_consent=True)
        uow.commit()
    return found


def upload(documents: Sequence[Rendered]) -> int:
    """Upload those that have changed; how many."""
    count = 0
    for place, document in enumerate(documents):
        try:
            count += _upload_one(document)
        except Unavailable:
            with unit_of_work() as uow:
                service.release(uow.session, [one.id for one in documents[place:]])
                uow.commit()
            raise
        except BadInput as error:
            log.warning("a document was refused: %s", error)
            with unit_of_work() as uow:
                service.release_failed(uow.session, [document.id])
                uow.commit()
    return count


def attach() -> int:
    """Put a batch of uploaded files into the store of one guild; how many batches were asked for."""
    rows = fetch(_TO_ATTACH, limit=_ATTACHED_AT_ONCE)
    rows = [row for row in rows if row.guild_id == rows[0].guild_id]
    if not rows:
        return 0
    ids = [row.id for row in rows]
    run("UPDATE store_files SET state = 'attaching' WHERE id = ANY(:ids) AND state = 'uploaded'", ids=ids)
    try:
        batch = remote.attach(rows[0].store_id, [(row.file_id, attributes(row)) for row in rows])
    except BadInput as error:
        # One of the files is not there any more, and nobody says which.
        log.warning("a batch of documents was refused: %s", error)
        _give_up(rows)
        return 1
    if batch is None:
        forget_store(rows[0].guild_id)
        return 0
    run(
        "UPDATE store_files SET batch_id = :batch WHERE id = ANY(:ids) AND state = 'attaching'",
        ids=ids,
        batch=batch,
    )
    return 1


def finish_batches() -> int:
    """See which files their store has taken up; how many."""
    batches: dict[tuple[str | None, str | None], list[Row[Any]]] = defaultdict(list)
    for row in fetch(_ATTACHING):
        batches[row.store_id, row.batch_id].append(row)
    count = 0
    for (store_id, batch_id), rows in batches.items():
        # A batch whose number was never written down: its files are in the store, or have to be put there again.
        states = {}
        if store_id is not None:
            states = remote.batch_states(store_id, batch_id) if batch_id else remote.attached(store_id)
        count += sum(_finish(row, states.get(row.file_id)) for row in rows)
    return count


def attributes(row: Any) -> dict[str, str | float | bool]:
    """The metadata of a document's file; ids are text, because a number there loses the last digits of one."""
    times = {} if row.day is None else {"date": row.day.isoformat(), "day": row.day.toordinal()}
    return {
        "source": row.source,
        "category": row.category,
        "section": row.section,
        "url": row.url,
        "version": row.version,
        "title": row.title[:_ATTRIBUTE_MAX],
        # Its kind, its channel and its day, which are attributes of their own as well: these can be filtered by.
        "tags": " ".join(row.tags)[:_ATTRIBUTE_MAX],
        "guild_id": str(row.guild_id),
        "channel_id": GUILD_WIDE if row.channel_id is None else str(row.channel_id),
        **times,
        "messages": row.messages,
        "tokens": row.tokens,
    }


def _give_up(rows: Sequence[Row[Any]]) -> None:
    """These files go, and their documents are sent again later, after longer each time."""
    with unit_of_work() as uow:
        statement = "UPDATE store_files SET state = 'removing' WHERE id = ANY(:ids)"
        uow.session.execute(text(statement), {"ids": [row.id for row in rows]})
        service.release_failed(uow.session, [row.document_id for row in rows])
        uow.commit()


def _upload_one(document: Rendered) -> int:
    if document.stored_hash == hash_of(document.content):
        with unit_of_work() as uow:
            service.finish(uow.session, document, document.stored_hash, MODEL)
            uow.commit()
        return 0
    # Others were sent since this one was claimed: the guild may have changed its mind.
    if not _wishes(document.guild_id).agrees:
        return 0
    planned = _plan(document, _store_of(document.guild_id))
    if planned is None:
        return 0
    life = _life(document, planned.days)
    try:
        file_id = remote.upload(planned.name, document.content.encode(), int(life.total_seconds()))
    except BadInput:
        run(FORGET_FILE, id=planned.id)
        raise
    with unit_of_work() as uow:
        values = {"id": planned.id, "file_id": file_id, "expires_at": clock.now() + life}
        is_known = uow.session.scalar(text(_UPLOADED), values) is not None
        uow.commit()
    if not is_known:
        # Its row was given up meanwhile, so nothing else would remove it.
        remote.delete_file(file_id)
    return 1


@dataclass(frozen=True)
class _Planned:
    """A file that is about to be uploaded, and for how many days its guild keeps texts."""

    id: int
    name: str
    days: int


def _plan(document: Rendered, mark: str) -> _Planned | None:
    """Write the file down before it is sent; None where something was taken out of it, or it may not be sent."""
    with unit_of_work() as uow:
        wishes = _wishes(document.guild_id, uow.session)
        if not wishes.agrees or not service.is_same(uow.session, document):
            return None
        row = {
            "guild_id": document.guild_id,
            "document_id": document.id,
            "cut": document.cut,
            "hash": hash_of(document.content),
            "filename": secrets.token_hex(16),
            "messages": document.messages,
            "tokens": document.tokens,
        }
        file_row = int(uow.session.execute(text(_NEW_FILE), row).scalar_one())
        name = rules.file_name(
            document.prefix, document.ending, document.channel_id, document.day, f"{mark}-{file_row}"
        )
        named = text("UPDATE store_files SET filename = :name WHERE id = :id")
        uow.session.execute(named, {"name": name, "id": file_row})
        titled = text("UPDATE documents SET title = :title WHERE id = :id")
        uow.session.execute(titled, {"title": document.title, "id": document.id})
        uow.commit()
    return _Planned(file_row, name, wishes.days)


def _wishes(guild_id: int, session: Session | None = None) -> Row[Any]:
    values = {"id": guild_id, "days": settings().retention_days}
    if session is None:
        return fetch(_WISHES, **values)[0]
    return session.execute(text(_WISHES), values).one()


def _life(document: Rendered, days: int) -> timedelta:
    """How long a file may be there: not longer than its guild keeps texts, and at most what the other side allows.

    Its first texts go when the day is so many days old. What belongs to no day stays until its kind takes it back.
    """
    if document.day is None:
        return _FILE_LIFE
    start = datetime(document.day.year, document.day.month, document.day.day, tzinfo=UTC)
    left = start + timedelta(days=days) - clock.now()
    return min(max(left, timedelta(hours=1)), _FILE_LIFE)


def _store_of(guild_id: int) -> str:
    """The mark of the guild's store, which is there when this returns."""
    with unit_of_work() as uow:
        statement = "INSERT INTO vector_stores (guild_id, mark) VALUES (:guild_id, :mark) ON CONFLICT DO NOTHING"
        uow.session.execute(text(statement), {"guild_id": guild_id, "mark": secrets.token_hex(6)})
        statement = "SELECT mark, store_id FROM vector_stores WHERE guild_id = :guild_id"
        mark, store_id = uow.session.execute(text(statement), {"guild_id": guild_id}).one()
        uow.commit()
    if store_id is None:
        # A worker may have made one and not lived to write it down.
        there = remote.find_stores(METADATA_KEY, mark)
        metadata = {METADATA_KEY: mark, "guild_id": str(guild_id)}
        store_id = there[0] if there else remote.create_store(f"heorot-{guild_id}", metadata, _STORE_DAYS)
        statement = "UPDATE vector_stores SET store_id = :store, checked_at = clock_timestamp() WHERE guild_id = :id"
        run(statement, store=store_id, id=guild_id)
    return str(mark)


def _finish(row: Row[Any], state: str | None) -> bool:
    """Write down what became of a file in its store; whether it is found there now."""
    if state == "in_progress":
        return False
    if state is None:
        # Not there: once more, in another batch.
        run(
            "UPDATE store_files SET state = 'uploaded', batch_id = NULL WHERE id = :id AND state = 'attaching'",
            id=row.id,
        )
        return False
    with unit_of_work() as uow:
        now_state = "attached" if state == "completed" else "removing"
        statement = "UPDATE store_files SET state = :state WHERE id = :id AND state = 'attaching'"
        values = {"state": now_state, "id": row.id}
        is_mine = uow.session.connection().execute(text(statement), values).rowcount == 1
        if is_mine and now_state == "attached":
            uow.session.execute(text(_OLDER), {"document_id": row.document_id})
            _finish_document(uow.session, row)
        elif is_mine:
            log.warning("the vector store could not take a document up: %s", state)
            service.release_failed(uow.session, [row.document_id])
        uow.commit()
    return is_mine and now_state == "attached"


def _finish_document(session: Session, row: Row[Any]) -> None:
    service.finish_by_id(
        session,
        row.document_id,
        row.cut,
        content_hash=bytes(row.content_hash),
        model=MODEL,
        messages=row.messages,
        tokens=row.tokens,
    )
