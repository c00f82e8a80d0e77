"""Documents are marked when what they are made of changes, and made anew from the rows; none keeps a text of its own.

What documents there are to be, and how each reads, its kind says (`kinds`, `registry`); what a message changes, `days`.
Two sorts of change. What is added waits until the document has settled: `touch`. What goes (a deletion, an edit, an
opt-out, an erasure, retention) takes every stored form of the document away in the same transaction: `cut`. Vectors
here are deleted at once; a file elsewhere is marked `removing`, and that row is the promise that it will be.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, TextClause, event, text
from sqlalchemy.orm import Session

from app.core import clock, queue
from app.core.consent import AGREES
from app.core.db import unit_of_work
from app.core.errors import BadInput, QueueUnavailable
from app.knowledge.documents import registry, rules
from app.knowledge.documents.kinds import Kind, Place, Written
from app.knowledge.embeddings import cache
from app.knowledge.embeddings.rules import tokens_of

SYNC = "embeddings.store_documents"
_CLAIM_SECONDS = 600
# After about a day of attempts a document is left alone until it changes.
ATTEMPTS_MAX = 8
CHUNK = 200

_ADD = """
INSERT INTO documents (guild_id, source, category, section, url, title, version, tags, channel_id, day)
SELECT n.guild_id, n.source, n.category, n.section, n.url, n.title, n.version, string_to_array(n.tags, ' '),
    n.channel_id, n.day
FROM unnest(
    CAST(:guilds AS bigint[]), CAST(:sources AS text[]), CAST(:categories AS text[]), CAST(:sections AS text[]),
    CAST(:urls AS text[]), CAST(:titles AS text[]), CAST(:versions AS text[]), CAST(:tags AS text[]),
    CAST(:channels AS bigint[]), CAST(:days AS date[])
) AS n(guild_id, source, category, section, url, title, version, tags, channel_id, day)
ORDER BY n.guild_id, n.url
ON CONFLICT (guild_id, url) {otherwise}
"""
_TOUCH = _ADD.format(
    otherwise="""DO UPDATE
SET stale_at = coalesce(documents.stale_at, clock_timestamp()), touched_at = clock_timestamp(), attempts = 0"""
)
_ADD_MISSING = _ADD.format(otherwise="DO NOTHING")
CUT = """
UPDATE documents SET stale_at = coalesce(stale_at, clock_timestamp()), touched_at = clock_timestamp(),
    cut = cut + 1, stored_at = NULL, stored_model = NULL, content_hash = NULL, attempts = 0
WHERE id IN (SELECT d.id FROM documents d {which} ORDER BY d.id FOR UPDATE OF d) RETURNING id
"""
_CUT_THESE = text(CUT.format(which="WHERE d.guild_id = :guild_id AND d.url = ANY(:urls)"))
_AGREES = AGREES.format(guild="d.guild_id")
_IS_DUE = """
d.stale_at IS NOT NULL AND d.stale_at <= CASE WHEN d.day >= CAST(:today AS date) THEN :open ELSE :closed END
AND (d.claimed_until IS NULL OR d.claimed_until <= clock_timestamp()) AND d.attempts < :most
AND d.section = ANY(:sections)
"""
_CLAIM = f"""
WITH due AS (
    SELECT d.id FROM documents d WHERE {_IS_DUE} AND (NOT :needs_consent OR {_AGREES})
    ORDER BY d.day DESC, d.id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
)
UPDATE documents d SET claimed_until = clock_timestamp() + make_interval(secs => :seconds * 2 ^ least(d.attempts, 8)),
    claimed_at = clock_timestamp(), attempts = d.attempts + 1
FROM due WHERE d.id = due.id
RETURNING d.id, d.guild_id, d.section, d.url, d.title, d.channel_id, d.day, d.cut, d.content_hash, d.attempts,
    {_AGREES} AS may_leave
"""  # noqa: S608 - constants.
_DUE = f"SELECT count(*) FROM documents d WHERE {_IS_DUE}"  # noqa: S608 - constants.
_SAME = "SELECT id FROM documents WHERE id = :id AND cut = :cut FOR UPDATE"
_FINISH = """
UPDATE documents SET claimed_until = NULL, attempts = 0, stored_at = clock_timestamp(), stored_model = :model,
    content_hash = :hash, messages = :messages, tokens = :tokens,
    stale_at = CASE WHEN touched_at > claimed_at THEN touched_at END
WHERE id = :id AND cut = :cut
"""
_RESTORED = """
UPDATE documents SET claimed_until = NULL, attempts = 0, stored_at = clock_timestamp(), stored_model = :model,
    content_hash = :hash, title = :title, messages = :messages, tokens = :tokens, stale_at = NULL
WHERE id = :id
"""
_NOTE = """
UPDATE documents SET cache_keys = ARRAY(SELECT DISTINCT unnest(cache_keys || CAST(:keys AS text[]))) WHERE id = :id
"""
_NOTED = "SELECT cache_keys FROM documents WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
_UNNOTE = "UPDATE documents SET cache_keys = '{}' WHERE id = ANY(:ids) AND cache_keys <> '{}'"
_RELEASE = """
UPDATE documents SET claimed_until = NULL, attempts = greatest(attempts - 1, 0) WHERE id = ANY(:ids)
"""
_FAILED = """
UPDATE documents SET stale_at = coalesce(stale_at, clock_timestamp()), content_hash = NULL,
    claimed_until = clock_timestamp() + make_interval(secs => 600 * 2 ^ least(attempts, 8))
WHERE id = ANY(:ids)
"""
_REMOVE_FILES = "UPDATE store_files SET state = 'removing' WHERE document_id = ANY(:ids) AND state <> 'removing'"
# What belongs to no day is as old as its row, and goes for its age only where its kind is asked for.
_OVER = """
SELECT id, guild_id, section, messages FROM (
    SELECT d.id, d.guild_id, d.section, d.messages,
        coalesce(d.day, CASE WHEN CAST(:section AS text) IS NOT NULL THEN CAST(d.created_at AS date) END) AS day,
        sum(d.messages) OVER (PARTITION BY d.guild_id, d.section ORDER BY d.day DESC, d.id DESC) AS newest
    FROM documents d WHERE CAST(:guild_id AS bigint) IS NULL OR d.guild_id = :guild_id
) AS counted
WHERE (CAST(:section AS text) IS NULL OR section = :section)
AND ((:keep > 0 AND section = :log AND newest > :keep) OR (CAST(:before AS date) IS NOT NULL AND day < :before))
ORDER BY day, id LIMIT :limit
"""
_WHOSE = "guild_id <> 0 AND (CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id)"
_MARK_ALL = f"""
UPDATE documents SET stale_at = '-infinity', content_hash = NULL, attempts = 0
WHERE {_WHOSE} AND (CAST(:since AS timestamptz) IS NULL OR stored_at IS NULL OR stored_at < :since)
"""  # noqa: S608 - constants.


@dataclass(frozen=True)
class Rendered:
    """A document that this worker has in hand, with its text as the rows have it now."""

    id: int
    guild_id: int
    section: str
    url: str
    title: str
    channel_id: int | None
    day: date | None
    # The number of times that something was taken out of it.
    cut: int
    stored_hash: bytes | None
    attempts: int
    may_leave: bool
    content: str
    passages: str
    messages: int
    # How its file elsewhere is called, at the beginning and at the end.
    prefix: str
    ending: str

    @property
    def tokens(self) -> int:
        """About how many tokens it has."""
        return tokens_of(self.content)


def touch(session: Session, places: Iterable[tuple[Kind, Place]]) -> None:
    """These documents are there, and are to be made anew once they have settled: something was added to them."""
    _write(session, places, _TOUCH)


def _write(session: Session, places: Iterable[tuple[Kind, Place]], statement: str) -> None:
    # No document is of direct messages, which belong to no guild.
    rows = [(kind, place) for kind, place in places if place.guild_id]
    if not rows:
        return
    values = {
        "guilds": [place.guild_id for _, place in rows],
        "channels": [place.channel_id for _, place in rows],
        "days": [place.day for _, place in rows],
        "sections": [kind.section for kind, _ in rows],
        "sources": [kind.source for kind, _ in rows],
        "versions": [kind.version for kind, _ in rows],
        "categories": [kind.category for kind, _ in rows],
        "urls": [place.url for _, place in rows],
        "titles": [place.title for _, place in rows],
        "tags": [" ".join(rules.tags(kind.prefix, place.channel_id, place.day)) for kind, place in rows],
    }
    session.execute(text(statement), values)


def cut(session: Session, guild_id: int, urls: Sequence[str]) -> None:
    """What was taken out of these documents is not to be found from this commit on; they are made anew, or go."""
    cut_where(session, _CUT_THESE, {"guild_id": guild_id, "urls": list(urls)})


def cut_where(session: Session, statement: TextClause, values: Mapping[str, object]) -> None:
    """The same of those that a statement made of `CUT` finds."""
    _take_away(session, list(session.scalars(statement, values)))


def _take_away(session: Session, document_ids: Sequence[int]) -> None:
    """Nothing of these documents is found any more here; what lies elsewhere is going to be removed."""
    if not document_ids:
        return
    ids = {"ids": sorted(document_ids)}
    gone = "DELETE FROM document_vectors WHERE document_id = ANY(:ids) RETURNING guild_id, model, content_hash"
    cache.drop_with(session, [tuple(row) for row in session.execute(text(gone), ids)])
    drop_noted(session, document_ids)
    if session.connection().execute(text(_REMOVE_FILES), ids).rowcount:
        event.listen(session, "after_commit", lambda _: hint(), once=True)


def note(session: Session, keys: Mapping[int, Sequence[str]]) -> None:
    """Write down with these documents, which this transaction claimed, what may be cached before they are stored."""
    for document_id, some in sorted(keys.items()):
        session.execute(text(_NOTE), {"id": document_id, "keys": list(some)})


def drop_noted(session: Session, document_ids: Sequence[int], stored: Collection[str] = ()) -> None:
    """Of what may be cached for these documents nothing stays from this commit on but what is stored."""
    ids = {"ids": sorted(document_ids)}
    noted = {key for keys in session.scalars(text(_NOTED), ids) for key in keys}
    session.execute(text(_UNNOTE), ids)
    cache.drop_keys_with(session, noted.difference(stored))


def hint() -> None:
    """Have the store looked after soon; a sweep does it anyway."""
    try:
        queue.send(SYNC)
    except QueueUnavailable:
        return


def due(session: Session, now: datetime | None = None) -> int:
    """How many documents wait to be made, and for nothing else."""
    return int(session.scalar(text(_DUE), _due_at(now or clock.now())) or 0)


def _due_at(moment: datetime) -> dict[str, object]:
    opened, closed = rules.due_before(moment)
    return {
        "today": moment.date(),
        "open": opened,
        "closed": closed,
        "most": ATTEMPTS_MAX,
        "sections": registry.sections(),
    }


def claim(session: Session, limit: int, *, needs_consent: bool, now: datetime | None = None) -> list[Rendered]:
    """Take so many due documents in hand, with their texts; those of which nothing is left go."""
    wanted = {"needs_consent": needs_consent, "limit": limit, "seconds": _CLAIM_SECONDS}
    found = session.execute(text(_CLAIM), _due_at(now or clock.now()) | wanted).all()
    made = [_rendered(session, row) for row in found]
    empty = [row.id for row, one in zip(found, made, strict=True) if one is None]
    delete(session, empty)
    return [one for one in made if one is not None]


def _rendered(session: Session, row: Row[Any]) -> Rendered | None:
    kind, written = registry.kind_of(row.section), read(session, row)
    if kind is None or written is None:
        return None
    return Rendered(
        id=row.id,
        guild_id=row.guild_id,
        section=row.section,
        url=row.url,
        title=written.title,
        channel_id=row.channel_id,
        day=row.day,
        cut=row.cut,
        stored_hash=None if row.content_hash is None else bytes(row.content_hash),
        attempts=row.attempts,
        may_leave=row.may_leave,
        content=written.content,
        passages=written.passages,
        messages=written.messages,
        prefix=kind.prefix,
        ending=kind.ending,
    )


def read(session: Session, row: Row[Any]) -> Written | None:
    """The document of this row as it reads now; None when there is nothing to be read, or nothing that makes it."""
    kind = registry.kind_of(row.section)
    place = Place(row.guild_id, row.url, row.title, row.channel_id, row.day)
    return None if kind is None else kind.written(session, place)


def is_same(session: Session, document: Rendered) -> bool:
    """Whether nothing was taken out of it since; locks it until the transaction ends."""
    return session.execute(text(_SAME), {"id": document.id, "cut": document.cut}).one_or_none() is not None


def finish(session: Session, document: Rendered, content_hash: bytes, model: str) -> None:
    """The document is in the store as it was rendered; it stays marked if something was added since."""
    figures = {"messages": document.messages, "tokens": document.tokens}
    finish_by_id(session, document.id, document.cut, content_hash=content_hash, model=model, **figures)
    session.execute(
        text("UPDATE documents SET title = :title WHERE id = :id"), {"title": document.title, "id": document.id}
    )


def finish_by_id(
    session: Session, document_id: int, cut_count: int, *, content_hash: bytes, model: str, messages: int, tokens: int
) -> None:
    """The same of a document that was rendered earlier, perhaps by another worker."""
    values = {"id": document_id, "cut": cut_count, "model": model, "hash": content_hash}
    session.execute(text(_FINISH), {**values, "messages": messages, "tokens": tokens})


def release(session: Session, documents: Sequence[int]) -> None:
    """Give these back, because the other side is away: that counts as no attempt."""
    session.execute(text(_RELEASE), {"ids": list(documents)})


def release_failed(session: Session, documents: Sequence[int]) -> None:
    """Try these again, after longer each time; one that was tried too often is left alone until it changes."""
    session.execute(text(_FAILED), {"ids": list(documents)})


def delete(session: Session, document_ids: Sequence[int]) -> None:
    """These documents go, from every store."""
    if document_ids:
        _take_away(session, document_ids)
        session.execute(text("DELETE FROM documents WHERE id = ANY(:ids)"), {"ids": sorted(document_ids)})


def surplus(
    session: Session,
    keep: int,
    guild_id: int | None = None,
    *,
    older_than: timedelta | None = None,
    section: str | None = None,
    limit: int = 1_000_000,
) -> list[tuple[int, int, str, int]]:
    """Documents (id, guild, section, messages) that pruning takes: logs beyond so many messages, and what is older."""
    if section is not None and section not in registry.sections():
        raise BadInput(f"“{section}” is no source. Allowed: messages, {', '.join(registry.sections())}.")
    before = None if older_than is None else (clock.now() - older_than).date()
    values = {"keep": keep, "guild_id": guild_id, "section": section, "before": before, "log": rules.LOG}
    return [tuple(row) for row in session.execute(text(_OVER), {**values, "limit": limit})]


def prune(
    keep: int,
    guild_id: int | None = None,
    *,
    older_than: timedelta | None = None,
    section: str | None = None,
    chunk: int = CHUNK,
) -> int:
    """Delete what pruning takes, the oldest first, each chunk in a transaction; how many. Twice is safe."""
    total, done = 0, chunk
    while done == chunk:
        with unit_of_work() as uow:
            found = surplus(uow.session, keep, guild_id, older_than=older_than, section=section, limit=chunk)
            delete(uow.session, [one[0] for one in found])
            uow.commit()
        done = len(found)
        total += done
    return total


def add_missing(session: Session, guild_id: int | None) -> None:
    """Rows for documents of one guild or of all that there are to be and that are not there, due to be made."""
    for kind in registry.KINDS:
        _write(session, [(kind, place) for place in kind.places(session, guild_id)], _ADD_MISSING)


def restored(session: Session, document_id: int, content_hash: bytes, **facts: str | int) -> None:
    """The document, whose row the caller has locked, is in the store as it reads now.

    The facts are its title, model, messages and tokens.
    """
    session.execute(text(_RESTORED), {"id": document_id, "hash": content_hash, **facts})


def mark_all(guild_id: int | None, *, but_since: datetime | None = None) -> int:
    """Have every document of one guild or of all made anew from the rows, those that are missing too; how many.

    Those that were stored since that moment are left as they are.
    """
    with unit_of_work() as uow:
        add_missing(uow.session, guild_id)
        values = {"guild_id": guild_id, "since": but_since}
        count = uow.session.connection().execute(text(_MARK_ALL), values).rowcount
        uow.commit()
    return count
