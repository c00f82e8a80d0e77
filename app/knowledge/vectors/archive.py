"""Vectors in a file, and their way back.

One JSON object a line: a head, one line for each vector, and an end that counts them and carries the digest of all
lines before it, so that a file that was cut is known. A file holds no text. What comes back is bound to the rows that
are there: a vector returns only to a message or document whose text is the one that it was made from, so that nothing
which was deleted, edited or refused since comes back out of an archive.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.core.settings import settings
from app.knowledge.documents.service import add_missing
from app.knowledge.embeddings import generations, rules
from app.knowledge.embeddings.providers import provider
from app.knowledge.embeddings.sources import FINDABLE
from app.knowledge.vectors import archive_documents as documents
from app.knowledge.vectors.archive_documents import DocumentLine

FORMAT, VERSION = "heorot-vectors", 2
# The first version held vectors of messages alone.
_READABLE = (1, VERSION)
_PAGE = 1000

_PAGE_ROWS = """
SELECT message_id, model, part, guild_id, dims, encode(content_hash, 'hex') AS hash, embedding::text AS vector
FROM message_vectors
WHERE (message_id, model, part) > (:message_id, :model, :part)
AND (CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id)
ORDER BY message_id, model, part LIMIT :limit
"""
_MODELS = """
SELECT DISTINCT model, dims FROM (
    SELECT model, dims, guild_id FROM message_vectors UNION ALL SELECT model, dims, guild_id FROM document_vectors
) AS stored
WHERE CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id
"""
_SERVED = "SELECT DISTINCT model FROM guild_models"
_LOCK = f"""
SELECT m.id, m.guild_id, m.content FROM messages m WHERE m.id = ANY(:ids) AND {FINDABLE}
ORDER BY m.id FOR UPDATE OF m
"""  # noqa: S608 - made of constants.
_INSERT = """
INSERT INTO message_vectors (
    message_id, model, part, guild_id, channel_id, author_id, dims, content_hash, embedding
)
SELECT m.id, n.model, n.part, m.guild_id, m.channel_id, m.author_id, n.dims, n.hash, CAST(n.vector AS halfvec)
FROM unnest(
    CAST(:ids AS bigint[]), CAST(:models AS text[]), CAST(:parts AS smallint[]), CAST(:dims AS smallint[]),
    CAST(:hashes AS bytea[]), CAST(:vectors AS text[])
) AS n(id, model, part, dims, hash, vector)
JOIN messages m ON m.id = n.id
ORDER BY m.id, n.model, n.part
ON CONFLICT (message_id, model, part) DO NOTHING
"""
_SERVE = """
INSERT INTO guild_models (guild_id, model)
SELECT DISTINCT ON (n.guild_id) n.guild_id, n.model
FROM unnest(CAST(:guilds AS bigint[]), CAST(:models AS text[])) AS n(guild_id, model)
ORDER BY n.guild_id, n.model = :chosen DESC
ON CONFLICT (guild_id) DO NOTHING
"""
# The largest number that a half can hold; what is not a number is not below it either.
HALF_MAX = 65_504.0
T = TypeVar("T")
Digits = Annotated[str, msgspec.Meta(pattern=r"^\d{1,19}$")]


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    format: str
    version: int
    made_at: str
    models: dict[str, Annotated[int, msgspec.Meta(ge=1, le=4000)]]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One vector of a message."""

    guild: Digits
    message: Digits
    model: str
    part: Annotated[int, msgspec.Meta(ge=0, le=32_767)]
    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    vector: list[float]


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line."""

    vectors: int
    sha256: str


@dataclass
class Restored:
    """What came of an archive's vectors."""

    restored: int = 0
    # Their message or document is gone, has another text, or may not be kept.
    outdated: int = 0
    of_other_models: int = 0
    # Of documents, while those are kept elsewhere.
    kept_elsewhere: int = 0


Progress = Callable[[int], None]


def export(path: Path, guild_id: int | None = None, progress: Progress = lambda _: None) -> int:
    """Write all vectors, or one guild's, to a new file that only its owner may read; how many there are.

    The file has its name once it is whole. Reads page by page, so it may take long and holds nothing up.
    """
    if path.exists():
        raise BadInput(f"{path} is there already; name a file that is not.")
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            count = _write(file, guild_id, progress)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        # Whatever ended it, no part of an archive stays.
        part.unlink(missing_ok=True)
    return count


def _write(file: BinaryIO, guild_id: int | None, progress: Progress) -> int:
    digest, count = hashlib.sha256(), 0

    def put(line: str) -> None:
        data = line.encode() + b"\n"
        digest.update(data)
        file.write(data)

    with unit_of_work() as uow:
        models = {row.model: row.dims for row in uow.session.execute(text(_MODELS), {"guild_id": guild_id})}
    put(json.dumps({"format": FORMAT, "version": VERSION, "made_at": clock.now().isoformat(), "models": models}))
    for name, row in _named(guild_id):
        if models.get(row.model) == row.dims:
            facts = {**name, "guild": str(row.guild_id), "model": row.model, "part": row.part, "hash": row.hash}
            # PostgreSQL's text form of a vector is a JSON list.
            put(f'{json.dumps(facts)[:-1]}, "vector": {row.vector}}}')
            count += 1
            if count % _PAGE == 0:
                progress(count)
    file.write(json.dumps({"vectors": count, "sha256": digest.hexdigest()}).encode() + b"\n")
    return count


def _named(guild_id: int | None) -> Iterator[tuple[dict[str, str], Row[Any]]]:
    """Every vector with what it belongs to; a document's name comes first, which tells its line from a message's."""
    for row in _rows(guild_id):
        yield {"message": str(row.message_id)}, row
    for row in documents.stored(guild_id, _PAGE):
        yield {"document": row.url}, row


def _rows(guild_id: int | None) -> Iterator[Row[Any]]:
    after = {"message_id": -1, "model": "", "part": -1}
    is_first = True
    rows: Sequence[Row[Any]] = ()
    while rows or is_first:
        is_first = False
        with unit_of_work() as uow:
            rows = uow.session.execute(text(_PAGE_ROWS), {**after, "guild_id": guild_id, "limit": _PAGE}).all()
        yield from rows
        if rows:
            after = {"message_id": rows[-1].message_id, "model": rows[-1].model, "part": rows[-1].part}


def restore(path: Path, progress: Progress = lambda _: None) -> Restored:
    """Bring back the vectors of an archive that was checked from its first line to its last; what came of them.

    Twice is safe: what is there stays as it is. Raises BadInput that names the line at fault, before anything changes.
    """
    head = check(path)
    wanted = _searched(head)
    result = Restored()
    done = 0
    of_messages = (line for line in _lines(path) if isinstance(line, Line))
    for _, batch in groupby(enumerate(of_messages), key=lambda pair: pair[0] // _PAGE):
        lines = [line for _, line in batch]
        with unit_of_work() as uow:
            _restore(uow.session, [line for line in lines if line.model in wanted], head, result)
            uow.commit()
        result.of_other_models += sum(line.model not in wanted for line in lines)
        done += len(lines)
        progress(done)
    _restore_documents(path, wanted, head, result, lambda more: progress(done + more))
    return result


def _restore_documents(path: Path, wanted: set[str], head: Head, result: Restored, progress: Progress) -> None:
    """The same of documents, each in a transaction with all of its vectors."""
    is_here = settings().vector_store == "pgvector"
    if is_here:
        with unit_of_work() as uow:
            add_missing(uow.session, None)
            uow.commit()
    of_documents = (line for line in _lines(path) if isinstance(line, DocumentLine))
    done = 0
    for (guild, _, model), found in groupby(of_documents, key=lambda line: (line.guild, line.document, line.model)):
        lines = list(found)
        if not is_here:
            result.kept_elsewhere += len(lines)
        elif model not in wanted:
            result.of_other_models += len(lines)
        else:
            _restore_document(guild, lines, head, result)
        done += len(lines)
        progress(done)


def _restore_document(guild: str, lines: list[DocumentLine], head: Head, result: Restored) -> None:
    model = lines[0].model
    with unit_of_work() as uow:
        if documents.restore(uow.session, lines, head.models[model]):
            uow.session.execute(text(_SERVE), {"guilds": [int(guild)], "models": [model], "chosen": provider().model})
            result.restored += len(lines)
        else:
            result.outdated += len(lines)
        uow.commit()


def _searched(head: Head) -> set[str]:
    """The models of an archive whose vectors are of use here."""
    with unit_of_work() as uow:
        used = {provider().model, *uow.session.scalars(text(_SERVED))}
    if not used & head.models.keys():
        raise BadInput(
            f"the archive holds vectors of {_listed(head.models)}, and what is searched here are those of"
            f" {_listed(used)}. Choose that model, or rebuild from the stored texts: `vectors rebuild` without a file."
        )
    return used & head.models.keys()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no model"


def check(path: Path) -> Head:
    """The head of an archive that is whole and sound. Raises BadInput that names the line at fault."""
    digest, count, end = hashlib.sha256(), 0, None
    head: Head | None = None
    for number, raw in enumerate(_raw(path), start=1):
        if end is not None:
            raise BadInput(f"{path.name}, line {number}: something follows the end of the archive.")
        if head is None:
            head = _head(path, raw)
        elif raw.startswith(b'{"vectors"'):
            end = _decoded(path, number, raw, End)
            continue
        else:
            _check_line(path, number, _decoded(path, number, raw, _kind(raw)), head)
            count += 1
        digest.update(raw)
    if head is None or end is None:
        raise BadInput(f"{path.name} ends before its last line: it was cut after {count} vectors. Use a whole archive.")
    if (end.vectors, end.sha256) != (count, digest.hexdigest()):
        raise BadInput(f"{path.name} is not what was written: its end tells of {end.vectors} other vectors.")
    return head


def _raw(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None


def _head(path: Path, raw: bytes) -> Head:
    try:
        head = msgspec.json.decode(raw, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        head = None
    if head is None or head.format != FORMAT:
        raise BadInput(f"{path.name} is no archive of vectors; `vectors export` writes one.")
    if head.version not in _READABLE:
        raise BadInput(
            f"{path.name} has version {head.version} of the format; this program reads versions"
            f" {' and '.join(map(str, _READABLE))}."
        )
    return head


def _kind(raw: bytes) -> type[Line] | type[DocumentLine]:
    return DocumentLine if raw.startswith(b'{"document"') else Line


def _decoded(path: Path, number: int, raw: bytes, kind: type[T]) -> T:
    try:
        if not raw.endswith(b"\n"):
            raise BadInput(f"{path.name}, line {number}: the archive was cut here. Use a whole one.")
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name}, line {number}: {error}.") from None


def _check_line(path: Path, number: int, line: Line | DocumentLine, head: Head) -> None:
    dims = head.models.get(line.model)
    if dims is None:
        raise BadInput(f"{path.name}, line {number}: the archive's head names {_listed(head.models)}, not this model.")
    if len(line.vector) != dims:
        raise BadInput(f"{path.name}, line {number}: a vector of {len(line.vector)} numbers; {line.model} has {dims}.")
    if not all(abs(value) <= HALF_MAX for value in line.vector) or not any(line.vector):
        raise BadInput(f"{path.name}, line {number}: no vector of finite numbers that are not all 0.")


def _lines(path: Path) -> Iterator[Line | DocumentLine]:
    """The vectors of a checked archive."""
    for number, raw in enumerate(_raw(path)):
        if number and not raw.startswith(b'{"vectors"'):
            yield msgspec.json.decode(raw, type=_kind(raw))


def _restore(session: Session, lines: Sequence[Line], head: Head, result: Restored) -> None:
    found = session.execute(text(_LOCK), {"ids": sorted({int(line.message) for line in lines})})
    messages = {row.id: (row.guild_id, _hashes(row.content)) for row in found}
    sound = [line for line in lines if _fits(line, messages)]
    values = {
        "ids": [int(line.message) for line in sound],
        "models": [line.model for line in sound],
        "parts": [line.part for line in sound],
        "dims": [head.models[line.model] for line in sound],
        "hashes": [bytes.fromhex(line.hash) for line in sound],
        "vectors": [json.dumps(line.vector) for line in sound],
    }
    session.execute(text(_INSERT), values)
    guild_ids = [int(line.guild) for line in sound]
    guilds = {"guilds": guild_ids, "models": values["models"], "chosen": provider().model}
    session.execute(text(_SERVE), guilds)
    generations.changed(session, guild_ids)
    result.restored += len(sound)
    result.outdated += len(lines) - len(sound)


def _hashes(content: str) -> list[str]:
    return [rules.hash_of(part).hex() for part in rules.parts(content)]


def _fits(line: Line, messages: dict[int, tuple[int, list[str]]]) -> bool:
    """Whether the vector was made from what stands in the message now."""
    guild_id, hashes = messages.get(int(line.message), (None, []))
    return guild_id == int(line.guild) and hashes[line.part : line.part + 1] == [line.hash]
