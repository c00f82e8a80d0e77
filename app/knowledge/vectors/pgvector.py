"""Documents in PostgreSQL: their passages are embedded as any other text, and found within the guild exactly.

A passage's text is not kept. It is read anew from the rows, and shown only if it is still the one that was embedded.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.core.consent import agrees
from app.core.db import engine
from app.core.errors import BadInput, ConfigurationError, HeorotError, Unavailable
from app.core.settings import settings
from app.knowledge.documents import service
from app.knowledge.documents.service import Rendered
from app.knowledge.embeddings import cache
from app.knowledge.embeddings.providers import named, provider
from app.knowledge.embeddings.rules import as_sql, hash_of, parts
from app.knowledge.embeddings.sources import Claimed, Made
from app.knowledge.vectors.stores import READABLE, Found, Progress, Scope, check

log = logging.getLogger(__name__)

# A long log is hundreds of passages, and the model takes seconds for them.
_CLAIMED_AT_ONCE = 4

# One model's vectors of a document.
STORE = """
INSERT INTO document_vectors (document_id, model, part, guild_id, channel_id, dims, content_hash, embedding)
SELECT :id, :model, n.part, :guild_id, CAST(:channel_id AS bigint), :dims, n.hash, CAST(n.vector AS halfvec)
FROM unnest(CAST(:parts AS smallint[]), CAST(:hashes AS bytea[]), CAST(:vectors AS text[])) AS n(part, hash, vector)
"""
_REPLACED = "DELETE FROM document_vectors WHERE document_id = :id RETURNING model, content_hash"
_BURY = """
INSERT INTO embedding_failures (source, item_id, guild_id, model, attempts, reason)
VALUES ('documents', :id, :guild_id, :model, :attempts, :reason)
ON CONFLICT (source, item_id) DO UPDATE
SET model = excluded.model, attempts = excluded.attempts, reason = excluded.reason, failed_at = now()
"""
_REVIVE = """
WITH chosen AS (
    SELECT item_id FROM embedding_failures
    WHERE source = 'documents' AND (CAST(:but AS text) IS NULL OR model <> :but)
    ORDER BY item_id LIMIT :limit FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM embedding_failures f USING chosen c WHERE f.source = 'documents' AND f.item_id = c.item_id
), due AS (
    UPDATE documents d SET stale_at = '-infinity', attempts = 0 FROM chosen c WHERE c.item_id = d.id
)
SELECT count(*) FROM chosen
"""
# What another model made is made anew once the guild is searched by the chosen one.
_OF_OTHER_MODELS = """
UPDATE documents SET stale_at = '-infinity' WHERE id IN (
    SELECT d.id FROM documents d JOIN guild_models g ON g.guild_id = d.guild_id
    WHERE d.stored_model <> :chosen AND g.model = :chosen AND d.stale_at IS NULL
    ORDER BY d.id LIMIT 100 FOR UPDATE OF d SKIP LOCKED
)
"""
_SEARCHED = "SELECT guild_id, model FROM guild_models WHERE guild_id = ANY(:guilds)"
_MODELS = f"""
SELECT DISTINCT d.stored_model FROM documents d
WHERE {READABLE.format(row="d")} AND d.stored_model IS NOT NULL ORDER BY d.stored_model
"""  # noqa: S608 - made of constants.
_NEAREST = f"""
SELECT v.document_id, v.part, v.content_hash, d.guild_id, d.section, d.url, d.title, d.channel_id, d.day,
    1 - ((v.embedding <=> CAST(:vector AS halfvec)) + 0) AS score
FROM document_vectors v JOIN documents d ON d.id = v.document_id
WHERE v.model = :model AND d.stored_model = :model AND {READABLE.format(row="v")}
AND (CAST(:section AS text) IS NULL OR d.section = :section)
AND (CAST(:since AS date) IS NULL OR d.day >= :since) AND (CAST(:until AS date) IS NULL OR d.day <= :until)
ORDER BY score DESC, v.document_id DESC, v.part LIMIT :limit
"""  # noqa: S608 - see above.


@dataclass(frozen=True)
class ClaimedDocument(Claimed):
    """A document whose passages this worker has in hand."""

    document: Rendered | None = None


class Documents:
    """Documents, as the embedding pipeline sees them."""

    name = "documents"

    def settle(self, goes_on: Callable[[], bool]) -> None:
        """Nothing: an empty document goes when it is claimed."""

    def prepare(self, goes_on: Callable[[], bool]) -> bool:
        """Nothing needs to be done before the vectors; always complete."""
        return goes_on() or True

    def waiting(self, session: Session) -> int:
        """How many days have settled and are to be made."""
        return service.due(session) if settings().vector_store == "pgvector" else 0

    def claim(self, session: Session, limit: int) -> list[Claimed]:
        """Take due documents in hand, the newest days first."""
        if settings().vector_store != "pgvector":
            return []
        session.execute(text(_OF_OTHER_MODELS), {"chosen": provider().model})
        found = service.claim(session, min(limit, _CLAIMED_AT_ONCE), needs_consent=False)
        # One model's vectors are enough, because each day is searched by those that it has: the chosen one's, or, where
        # that may not see it, those of the model that its guild keeps.
        at_home = [one.guild_id for one in found if provider().is_remote and not one.may_leave]
        searched = {row.guild_id: row.model for row in session.execute(text(_SEARCHED), {"guilds": at_home})}
        return [
            ClaimedDocument(
                one.id, one.guild_id, one.passages, one.attempts, one.may_leave, searched.get(one.guild_id), one
            )
            for one in found
        ]

    def note(self, session: Session, keys: Mapping[int, Sequence[str]]) -> None:
        """Write down what may be cached of documents that are in hand."""
        service.note(session, keys)

    def store(self, session: Session, rows: Sequence[Claimed], made: Sequence[Made]) -> set[int]:
        """Write the vectors of those documents out of which nothing was taken since."""
        same = set()
        for row in rows:
            document = _document(row)
            if not service.is_same(session, document):
                continue
            same.add(row.id)
            models = [one for one in made if row.id in one.vectors]
            _replace(session, row, document, models)
            service.finish(session, document, row.hash, (models or made)[0].model)
        return same

    def release(self, session: Session, rows: Sequence[Claimed]) -> None:
        """Give them back, because the model is away."""
        service.release(session, [row.id for row in rows])

    def bury(self, session: Session, rows: Sequence[Claimed], reason: str, model: str) -> None:
        """Leave them alone until they change."""
        service.drop_noted(session, [row.id for row in rows])
        for row in rows:
            facts = {"id": row.id, "guild_id": row.guild_id, "attempts": row.attempts}
            session.execute(text(_BURY), {**facts, "model": model, "reason": reason})
            session.execute(text("UPDATE documents SET stale_at = NULL, claimed_until = NULL WHERE id = :id"), facts)

    def revive(self, session: Session, limit: int, *, but: str | None = None) -> int:
        """Try so many again that were left alone."""
        return int(session.execute(text(_REVIVE), {"limit": limit, "but": but}).scalar_one())


DOCUMENTS = Documents()


def _document(row: Claimed) -> Rendered:
    if not isinstance(row, ClaimedDocument) or row.document is None:
        raise TypeError("a row of another source")
    return row.document


def _replace(session: Session, row: Claimed, document: Rendered, models: Sequence[Made]) -> None:
    """The passages as they are now, and no trace of those that were there before: no deletion would find it."""
    before = {
        (row.guild_id, found.model, bytes(found.content_hash))
        for found in session.execute(text(_REPLACED), {"id": row.id})
    }
    for one in models:
        _write(session, row, document, one)
    now = {(row.guild_id, one.model, hash_of(part)) for one in models for part in row.parts}
    cache.drop_with(session, before - now)
    service.drop_noted(session, [row.id], {key for one in models for key in row.cache_keys(one.model)})


def _write(session: Session, row: Claimed, document: Rendered, made: Made) -> None:
    vectors = made.vectors[row.id]
    values = {
        "id": row.id,
        "model": made.model,
        "dims": made.dims,
        "guild_id": row.guild_id,
        "channel_id": document.channel_id,
        "parts": list(range(len(vectors))),
        "hashes": [hash_of(part) for part in row.parts],
        "vectors": [as_sql(vector) for vector in vectors],
    }
    session.execute(text(STORE), values)


class Pgvector:
    """The store in PostgreSQL."""

    name = "pgvector"

    def sync(self, progress: Progress = lambda _: None) -> dict[str, int] | None:  # noqa: ARG002 - none is made here.
        """Nothing of its own: the embedding pipeline does it."""
        return {}

    def search(self, scope: Scope, question: str, limit: int = 10) -> list[Found]:
        """The passages nearest to the question, as they are written now."""
        asked = check(scope, question, limit)
        if not asked:
            return []
        vectors = _vectors(scope, asked)
        with Session(engine()) as session:
            ranked = [_nearest(session, scope, model, vector, limit) for model, vector in vectors.items()]
            found = _merged(ranked, limit)
            texts = _passages(session, found)
        return [
            Found(row.document_id, row.url, row.title, row.channel_id, row.day, passage, float(row.score))
            for row in found
            if (passage := texts.get((row.document_id, bytes(row.content_hash)))) is not None
        ]

    def rebuild(self, guild_id: int | None, *, but_since: datetime | None = None) -> int:
        """Have every document embedded anew."""
        return service.mark_all(guild_id, but_since=but_since)


PGVECTOR = Pgvector()


def _vectors(scope: Scope, question: str) -> dict[str, bytes]:
    """The question's vector by each model that made days of these channels, as far as it may be sent to them.

    There are several while a guild is on its way to another model. One that is away is left out, unless none is left.
    """
    with Session(engine()) as session:
        models = list(session.scalars(text(_MODELS), scope.values))
        may_leave = agrees(session, scope.guild_id)
    vectors: dict[str, bytes] = {}
    errors: list[HeorotError] = []
    for name in models:
        try:
            model = named(name)
            if may_leave or not model.is_remote:
                vectors[name] = model.embed([question])[0]
        except (BadInput, ConfigurationError, Unavailable) as error:
            log.warning("some days cannot be searched: %s", error)
            errors.append(error)
    if errors and not vectors:
        raise errors[0]
    return vectors


def _nearest(session: Session, scope: Scope, model: str, vector: bytes, limit: int) -> Sequence[Row[Any]]:
    values = scope.values | {
        "vector": as_sql(vector),
        "model": model,
        "section": scope.section,
        "since": scope.since,
        "until": scope.until,
        "limit": limit,
    }
    return session.execute(text(_NEAREST), values).all()


def _merged(ranked: Sequence[Sequence[Row[Any]]], limit: int) -> list[Row[Any]]:
    """The best of each, then the second of each: what two models call near cannot be compared."""
    by_rank = [row for rank in zip_longest(*ranked) for row in rank if row is not None]
    return by_rank[:limit]


def _passages(session: Session, found: Sequence[Row[Any]]) -> dict[tuple[int, bytes], str]:
    """The passages of these documents by the hash of their text, as the rows have them now."""
    texts: dict[tuple[int, bytes], str] = {}
    for document_id, row in {row.document_id: row for row in found}.items():
        written = service.read(session, row)
        if written is not None:
            texts |= {(document_id, hash_of(part)): part for part in parts(written.passages)}
    return texts
