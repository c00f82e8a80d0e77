"""Vectors of documents in an archive, and their way back: only to a document that reads as it did when they were made.

Where documents are kept elsewhere, no vector of them is here; they are sent anew from the rows.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.core.db import unit_of_work
from app.knowledge.documents import service
from app.knowledge.embeddings.rules import hash_of, parts, tokens_of
from app.knowledge.vectors.pgvector import STORE

_PAGE_ROWS = """
SELECT v.document_id, d.guild_id, d.url, v.model, v.part, v.dims, encode(v.content_hash, 'hex') AS hash,
    v.embedding::text AS vector
FROM document_vectors v JOIN documents d ON d.id = v.document_id
WHERE (v.document_id, v.model, v.part) > (:document_id, :model, :part)
AND (CAST(:guild_id AS bigint) IS NULL OR v.guild_id = :guild_id)
ORDER BY v.document_id, v.model, v.part LIMIT :limit
"""
_LOCK = """
SELECT id, guild_id, section, url, title, channel_id, day FROM documents
WHERE guild_id = :guild_id AND url = :url FOR UPDATE
"""
_DELETE = "DELETE FROM document_vectors WHERE document_id = :id AND model = :model"


class DocumentLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One vector of a document, which its address names."""

    document: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    guild: Annotated[str, msgspec.Meta(pattern=r"^\d{1,19}$")]
    model: str
    part: Annotated[int, msgspec.Meta(ge=0, le=32_767)]
    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    vector: list[float]


def stored(guild_id: int | None, page: int) -> Iterator[Row[Any]]:
    """Every vector of documents, those of one document together."""
    after = {"document_id": -1, "model": "", "part": -1}
    while True:
        with unit_of_work() as uow:
            rows = uow.session.execute(text(_PAGE_ROWS), {**after, "guild_id": guild_id, "limit": page}).all()
        yield from rows
        if len(rows) < page:
            return
        after = {"document_id": rows[-1].document_id, "model": rows[-1].model, "part": rows[-1].part}


def restore(session: Session, lines: Sequence[DocumentLine], dims: int) -> bool:
    """Give a document its vectors of one model back, all of them; whether it reads as it did when they were made."""
    first = lines[0]
    row = session.execute(text(_LOCK), {"guild_id": int(first.guild), "url": first.document}).one_or_none()
    written = None if row is None else service.read(session, row)
    if row is None or written is None:
        return False
    hashes = [hash_of(part) for part in parts(written.passages)]
    if [(line.part, line.hash) for line in lines] != [(n, one.hex()) for n, one in enumerate(hashes)]:
        return False
    values = {
        "id": row.id,
        "model": first.model,
        "guild_id": row.guild_id,
        "channel_id": row.channel_id,
        "dims": dims,
        "parts": list(range(len(lines))),
        "hashes": hashes,
        "vectors": [json.dumps(line.vector) for line in lines],
    }
    session.execute(text(_DELETE), values)
    session.execute(text(STORE), values)
    facts: dict[str, str | int] = {
        "title": written.title,
        "model": first.model,
        "messages": written.messages,
        "tokens": tokens_of(written.content),
    }
    service.restored(session, row.id, hash_of(written.passages), **facts)
    return True
