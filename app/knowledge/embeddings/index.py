"""The steps that put messages into the search index; each is one short transaction of its caller.

A vector is computed outside of any transaction, so it is written only under the message's lock, and only if the text
is still the one that it was made from.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.consent import AGREES
from app.core.db import unit_of_work
from app.knowledge.documents import days
from app.knowledge.embeddings import cache, generations, languages, queries, rules
from app.knowledge.embeddings.sources import FINDABLE, Claimed, Made

# A batch takes well under a minute; a worker that died holds its claims no longer than this, doubled at each attempt.
_CLAIM_SECONDS = 60
_DOUBLINGS_MAX = 8
_STEP_ROWS = 2000
# No message has an id as high as this.
ANY_ID = 2**63 - 1

# `x IS NOT TRUE` also meets the text that is NULL.
_SETTLE = f"""
WITH nothing_to_do AS (
    SELECT m.id FROM messages m
    WHERE m.embedding_stale_at IS NOT NULL AND ({FINDABLE}) IS NOT TRUE
    ORDER BY m.id LIMIT :limit FOR UPDATE OF m SKIP LOCKED
)
UPDATE messages SET embedding_stale_at = NULL FROM nothing_to_do n WHERE messages.id = n.id
"""  # noqa: S608 - made of constants of this module.
# A step looks at so many stale messages and no more: most of a backlog has its words already and waits for vectors.
_WITHOUT_TERMS = f"""
WITH recent AS (
    SELECT id FROM messages WHERE embedding_stale_at IS NOT NULL AND id < :below ORDER BY id DESC LIMIT :limit
), fresh AS (
    SELECT m.id, m.guild_id, m.channel_id, m.author_id, m.content
    FROM recent r JOIN messages m ON m.id = r.id LEFT JOIN message_terms t ON t.message_id = m.id
    WHERE m.id >= (SELECT min(id) FROM recent) AND m.id < :below
    AND m.embedding_stale_at IS NOT NULL AND t.message_id IS NULL AND {FINDABLE}
    ORDER BY m.id FOR UPDATE OF m SKIP LOCKED
)
SELECT f.id, f.guild_id, f.channel_id, f.author_id, f.content, coalesce(s.locale, g.locale)
FROM fresh f LEFT JOIN guild_settings s ON s.guild_id = f.guild_id LEFT JOIN guilds g ON g.id = f.guild_id
ORDER BY f.id
"""  # noqa: S608 - see above.
_NEXT_BELOW = """
SELECT min(id) FROM (
    SELECT id FROM messages WHERE embedding_stale_at IS NOT NULL AND id < :below ORDER BY id DESC LIMIT :limit
) AS recent HAVING count(*) = :limit
"""
# `OFFSET 0` keeps the planner from stemming a text once for each place where its stems are needed.
_STORE_TERMS = """
INSERT INTO message_terms (message_id, guild_id, channel_id, author_id, language, terms, words, traits)
SELECT n.id, n.guild_id, n.channel_id, n.author_id, n.language,
    setweight(s.stems, 'A') || setweight(to_tsvector('simple', n.content), 'D')
        || array_to_tsvector(ARRAY[' ' || n.guild_id]),
    least(length(s.stems), 32000), n.traits
FROM unnest(
    CAST(:ids AS bigint[]), CAST(:guilds AS bigint[]), CAST(:channels AS bigint[]), CAST(:authors AS bigint[]),
    CAST(:contents AS text[]), CAST(:languages AS text[]), CAST(:traits AS smallint[])
) AS n(id, guild_id, channel_id, author_id, content, language, traits)
CROSS JOIN LATERAL (SELECT to_tsvector(CAST(n.language AS regconfig), n.content) AS stems OFFSET 0) s
ORDER BY n.id
ON CONFLICT (message_id) DO UPDATE
SET language = excluded.language, terms = excluded.terms, words = excluded.words, traits = excluded.traits
"""
_CLAIM = f"""
WITH due AS (
    SELECT m.id, m.guild_id, m.content FROM messages m
    WHERE m.embedding_stale_at IS NOT NULL AND {FINDABLE}
    AND EXISTS (SELECT FROM message_terms t WHERE t.message_id = m.id)
    AND NOT EXISTS (
        SELECT FROM embedding_claims c WHERE c.message_id = m.id AND c.claimed_until > clock_timestamp()
    )
    ORDER BY m.id DESC LIMIT :limit FOR UPDATE OF m SKIP LOCKED
), claimed AS (
    INSERT INTO embedding_claims AS c (message_id, guild_id, claimed_until, attempts)
    SELECT id, guild_id, clock_timestamp() + make_interval(secs => :seconds), 1 FROM due ORDER BY id
    ON CONFLICT (message_id) DO UPDATE
    SET attempts = least(c.attempts + 1, 1000),
        claimed_until = clock_timestamp() + make_interval(secs => :seconds * 2 ^ least(c.attempts, :doublings))
    WHERE c.claimed_until <= clock_timestamp()
    RETURNING message_id, attempts
)
SELECT d.id, d.guild_id, d.content, c.attempts,
    {AGREES.format(guild="d.guild_id")},
    (SELECT g.model FROM guild_models g WHERE g.guild_id = d.guild_id AND NOT EXISTS (
        SELECT FROM message_vectors v WHERE v.message_id = d.id AND v.model = g.model
    ))
FROM due d JOIN claimed c ON c.message_id = d.id
"""  # noqa: S608 - see above.
_LOCK = f"""
SELECT m.id, sha256(convert_to(m.content, 'UTF8')) FROM messages m
WHERE m.id = ANY(:ids) AND m.embedding_stale_at IS NOT NULL AND {FINDABLE}
ORDER BY m.id FOR UPDATE OF m
"""  # noqa: S608 - see above.
_STORE = """
INSERT INTO message_vectors (
    message_id, model, part, guild_id, channel_id, author_id, dims, content_hash, embedding
)
SELECT m.id, :model, n.part, m.guild_id, m.channel_id, m.author_id, :dims, n.hash, CAST(n.vector AS halfvec)
FROM unnest(
    CAST(:ids AS bigint[]), CAST(:parts AS smallint[]), CAST(:hashes AS bytea[]), CAST(:vectors AS text[])
) AS n(id, part, hash, vector)
JOIN messages m ON m.id = n.id
ORDER BY m.id, n.part
ON CONFLICT (message_id, model, part) DO UPDATE
SET channel_id = excluded.channel_id, content_hash = excluded.content_hash, embedding = excluded.embedding,
    created_at = now()
"""
# The first vectors of a guild say whose are searched there; `models` changes that later.
_SERVE = """
INSERT INTO guild_models (guild_id, model)
SELECT DISTINCT guild_id, :model FROM unnest(CAST(:guilds AS bigint[])) AS guild_id ORDER BY 1
ON CONFLICT (guild_id) DO NOTHING
"""
# Locked in the order of their key, as everywhere.
_HELD = "SELECT message_id FROM embedding_claims WHERE message_id = ANY(:ids) ORDER BY message_id FOR UPDATE"
_END_CLAIMS = f"""
DELETE FROM embedding_claims WHERE message_id IN ({_HELD}) RETURNING cache_keys
"""  # noqa: S608 - see above.
_NOTE = """
UPDATE embedding_claims c SET cache_keys = ARRAY(SELECT DISTINCT unnest(c.cache_keys || n.keys))
FROM (
    SELECT id, array_agg(key) AS keys
    FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[])) AS u(id, key) GROUP BY id
) AS n
WHERE c.message_id = n.id
"""
_RELEASE = f"""
UPDATE embedding_claims SET claimed_until = clock_timestamp(), attempts = greatest(attempts - 1, 0)
WHERE message_id IN ({_HELD})
"""  # noqa: S608 - see above.
_BURY = """
INSERT INTO embedding_failures (source, item_id, guild_id, model, attempts, reason)
SELECT 'messages', n.id, n.guild_id, :model, n.attempts, :reason
FROM unnest(CAST(:ids AS bigint[]), CAST(:guilds AS bigint[]), CAST(:attempts AS smallint[]))
    AS n(id, guild_id, attempts)
JOIN messages m ON m.id = n.id AND m.embedding_stale_at IS NOT NULL
ORDER BY n.id
ON CONFLICT (source, item_id) DO UPDATE
SET model = excluded.model, attempts = excluded.attempts, reason = excluded.reason, failed_at = now()
"""
_REVIVE = """
WITH chosen AS (
    SELECT item_id FROM embedding_failures
    WHERE source = 'messages' AND (CAST(:but AS text) IS NULL OR model <> :but)
    ORDER BY item_id LIMIT :limit FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM embedding_failures f USING chosen c WHERE f.source = 'messages' AND f.item_id = c.item_id
), due AS (
    SELECT m.id FROM messages m JOIN chosen c ON c.item_id = m.id WHERE m.content IS NOT NULL
    ORDER BY m.id FOR UPDATE OF m
), revived AS (
    UPDATE messages SET embedding_stale_at = clock_timestamp() FROM due d WHERE messages.id = d.id
)
SELECT count(*) FROM chosen
"""


def settle(session: Session, limit: int) -> int:
    """Take the mark off messages that hold nothing to be found; how many there were."""
    return _count(session, _SETTLE, {"limit": limit})


def index_terms(session: Session, limit: int, below: int = ANY_ID) -> int | None:
    """Index the words of those that have none among so many stale messages, the newest with ids below that one.

    The id to go on below, or None when there are no more.
    """
    step = {"limit": limit, "below": below}
    next_below: int | None = session.execute(text(_NEXT_BELOW), step).scalar()
    fresh = session.execute(text(_WITHOUT_TERMS), step).all()
    if fresh:
        ids, guilds, channels, authors, contents, locales = map(list, zip(*fresh, strict=True))
        read = [
            languages.read(content, rules.language_of(locale))
            for content, locale in zip(contents, locales, strict=True)
        ]
        rows = {"ids": ids, "guilds": guilds, "channels": channels, "authors": authors, "contents": contents}
        traits = [one.traits for one in read]
        session.execute(text(_STORE_TERMS), {**rows, "languages": [one.language for one in read], "traits": traits})
        generations.changed(session, set(guilds))
    return next_below


def claim(session: Session, limit: int) -> list[Claimed]:
    """Take so many of the newest messages in hand; another worker leaves them alone for a minute or more.

    Only those whose words are indexed: the vector takes the mark off, and nothing would come back for the words.
    """
    values = {"limit": limit, "seconds": _CLAIM_SECONDS, "doublings": _DOUBLINGS_MAX}
    return [Claimed(*row) for row in session.execute(text(_CLAIM), values)]


def note(session: Session, keys: Mapping[int, Sequence[str]]) -> None:
    """Write down with these claims, which this transaction made, what may be cached until they end."""
    pairs = [(message, key) for message, some in keys.items() for key in some]
    values = {"ids": [message for message, _ in pairs], "keys": [key for _, key in pairs]}
    session.execute(text(_NOTE), values)


def store(session: Session, rows: Sequence[Claimed], made: Sequence[Made]) -> set[int]:
    """Write the vectors of those messages whose text is still the same, and end every claim; which were the same.

    The models come in the order in which they serve a guild that has none yet. A message without a vector here needs
    none: its mark is taken off all the same.
    """
    same = _lock_same(session, rows)
    for one in made:
        _write(session, one, [row for row in same if row.id in one.vectors])
    generations.changed(session, {row.guild_id for row in same for one in made if row.id in one.vectors})
    done = text("UPDATE messages SET embedding_stale_at = NULL WHERE id = ANY(:ids)")
    session.execute(done, {"ids": [row.id for row in same]})
    written = [(row, one.model) for one in made for row in same if row.id in one.vectors]
    _end_claims(session, rows, {key for row, model in written for key in row.cache_keys(model)})
    days.touch(session, [row.id for row in same])
    return {row.id for row in same}


def _end_claims(session: Session, rows: Sequence[Claimed], stored: Collection[str] = ()) -> None:
    """Nobody has these in hand any more; of what was cached for them only what was stored stays."""
    ended = session.scalars(text(_END_CLAIMS), {"ids": [row.id for row in rows]})
    cache.drop_keys_with(session, {key for keys in ended for key in keys}.difference(stored))


def _lock_same(session: Session, rows: Sequence[Claimed]) -> list[Claimed]:
    locked = session.execute(text(_LOCK), {"ids": [row.id for row in rows]}).all()
    current = {message_id: bytes(content_hash) for message_id, content_hash in locked}
    return [row for row in rows if current.get(row.id) == row.hash]


def _write(session: Session, made: Made, rows: Sequence[Claimed]) -> None:
    parts = [
        (row.id, place, rules.hash_of(part), rules.as_sql(vector))
        for row in rows
        for place, (part, vector) in enumerate(zip(row.parts, made.vectors[row.id], strict=True))
    ]
    ids, places, hashes, vectors = map(list, zip(*parts, strict=True)) if parts else ([], [], [], [])
    values = {"ids": ids, "parts": places, "hashes": hashes, "vectors": vectors}
    session.execute(text(_STORE), {"model": made.model, "dims": made.dims, **values})
    guilds = sorted({row.guild_id for row in rows})
    session.execute(text(_SERVE), {"model": made.model, "guilds": guilds})


def release(session: Session, rows: Sequence[Claimed]) -> None:
    """Give these messages back, because the model is away: that counts as no attempt."""
    session.execute(text(_RELEASE), {"ids": [row.id for row in rows]})


def bury(session: Session, rows: Sequence[Claimed], reason: str, model: str) -> None:
    """Take the mark off these messages and note why; a new text, or another model, brings them back."""
    same = _lock_same(session, rows)
    values = {
        "ids": [row.id for row in same],
        "guilds": [row.guild_id for row in same],
        "attempts": [row.attempts for row in same],
    }
    session.execute(text(_BURY), {**values, "reason": reason, "model": model})
    session.execute(text("UPDATE messages SET embedding_stale_at = NULL WHERE id = ANY(:ids)"), values)
    _end_claims(session, rows)


def revive(session: Session, limit: int, *, but: str | None = None) -> int:
    """Mark so many buried messages stale again, or only those that another model than this gave up; how many."""
    return int(session.execute(text(_REVIVE), {"limit": limit, "but": but}).scalar_one())


class Messages:
    """The messages of guilds, as the pipeline sees them."""

    name = "messages"
    waiting = staticmethod(queries.backlog)
    claim = staticmethod(claim)
    note = staticmethod(note)
    store = staticmethod(store)
    release = staticmethod(release)
    bury = staticmethod(bury)
    revive = staticmethod(revive)

    def settle(self, goes_on: Callable[[], bool]) -> None:
        """Take the mark off all messages that hold nothing to be found, or off as many as the time allows."""
        done = _STEP_ROWS
        while done == _STEP_ROWS and goes_on():
            with unit_of_work() as uow:
                done = settle(uow.session, _STEP_ROWS)
                uow.commit()

    def prepare(self, goes_on: Callable[[], bool]) -> bool:
        """Index the words of all stale messages from the newest down; False when the time did not allow it."""
        below: int | None = ANY_ID
        while below is not None and goes_on():
            with unit_of_work() as uow:
                below = index_terms(uow.session, _STEP_ROWS, below)
                uow.commit()
        return below is None


MESSAGES = Messages()


def _count(session: Session, statement: str, values: Mapping[str, object]) -> int:
    return session.connection().execute(text(statement), dict(values)).rowcount
