"""Finding messages by their words and by their meaning.

Two legs, each the best hundred of what the viewer may read, fused by their ranks. Guild and channels are part of every
statement, never a filter over results: a message that may not be read takes no place, and no timing or count tells
of it. The bot runs this in a thread rather than asking a worker: it is a read, needs no queue to answer, goes on
while Redis or every worker is away, and no excerpt ever passes through Redis or an outcome row.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import engine
from app.core.errors import BadInput, ConfigurationError, Unavailable
from app.core.translations import _
from app.knowledge.embeddings.models import serving, serving_now
from app.knowledge.embeddings.rules import as_sql, language_of
from app.knowledge.search import rules

log = logging.getLogger(__name__)

LIMIT_MAX = 100
_CANDIDATES = 100
# Up to here reading all vectors of the guild costs less than the graph, and misses nothing.
EXACT_ROWS = 10_000

_STEMS_AND_FORMS = """
SELECT lexeme FROM unnest(tsvector_to_array(to_tsvector(CAST(:language AS regconfig), :question))) AS lexeme
UNION
SELECT lexeme FROM unnest(tsvector_to_array(to_tsvector('simple', :question))) AS lexeme
WHERE :with_stop_words OR to_tsvector(CAST(:language AS regconfig), lexeme) <> ''
"""
# Whoever may read a channel may read its public threads (10 of announcements, 11); the bot itself knows only those
# that are not archived.
_PUBLIC_THREADS = """
SELECT id FROM channels
WHERE guild_id = :guild_id AND parent_id = ANY(:channel_ids) AND kind IN (10, 11) AND deleted_at IS NULL
"""
_NOT_OPTED_OUT = "NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = r.guild_id AND o.user_id = r.author_id)"
_KEYWORDS = f"""
SELECT r.message_id FROM message_terms r, CAST(:wanted AS tsquery) AS wanted
WHERE r.guild_id = :guild_id AND r.channel_id = ANY(:channel_ids) AND r.terms @@ wanted AND {_NOT_OPTED_OUT}
ORDER BY ts_rank('{{0.1,0.5,0.5,1}}', r.terms, wanted, 1) DESC, r.message_id DESC
LIMIT {_CANDIDATES}
"""  # noqa: S608 - made of constants of this module.
_VECTOR_ROWS = f"""
SELECT count(*) FROM (
    SELECT FROM message_vectors WHERE guild_id = :guild_id AND model = :model LIMIT {EXACT_ROWS + 1}
) AS counted
"""  # noqa: S608 - see above.
# `+ 0` keeps the planner off the graph, which would lose the guild's rows among all others'.
_EXACT = f"""
SELECT r.message_id FROM message_vectors r
WHERE r.guild_id = :guild_id AND r.model = :model AND r.channel_id = ANY(:channel_ids) AND {_NOT_OPTED_OUT}
ORDER BY (r.embedding <=> CAST(:vector AS halfvec)) + 0, r.message_id DESC
LIMIT {_CANDIDATES}
"""  # noqa: S608 - see above.
# The graph gives its rows in nearly the right order; the outer query puts them right.
_GRAPH = f"""
WITH near AS MATERIALIZED (
    SELECT r.message_id, r.embedding::halfvec({{dims}}) <=> CAST(:vector AS halfvec({{dims}})) AS distance
    FROM message_vectors r
    WHERE r.guild_id = :guild_id AND r.model = :model AND r.channel_id = ANY(:channel_ids) AND {_NOT_OPTED_OUT}
    ORDER BY distance LIMIT {_CANDIDATES}
)
SELECT message_id FROM near ORDER BY distance, message_id DESC
"""  # noqa: S608 - see above.
# The defaults end the walk through the graph before it has met enough rows of one guild.
_WALK_FAR = """
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '200', true),
    set_config('hnsw.max_scan_tuples', '100000', true)
"""
_FETCH = f"""
SELECT r.id, r.channel_id, r.author_id, r.content FROM messages r
WHERE r.id = ANY(:ids) AND r.guild_id = :guild_id AND r.channel_id = ANY(:channel_ids)
AND r.deleted_at IS NULL AND r.author_id IS NOT NULL AND r.content <> '' AND {_NOT_OPTED_OUT}
"""  # noqa: S608 - see above.


@dataclass(frozen=True)
class Hit:
    """A message that was found."""

    message_id: int
    channel_id: int
    author_id: int
    excerpt: str

    @property
    def written_at(self) -> datetime:
        """When it was written."""
        return clock.snowflake_time(self.message_id)


@dataclass(frozen=True)
class Found:
    """Every message that was found, best first, and whether the meaning of the question was searched as well."""

    message_ids: tuple[int, ...]
    has_meaning: bool


def search(guild_id: int, channel_ids: Sequence[int], question: str, limit: int = 50) -> Found:
    """What `find` finds, with the question's vector where the model is at hand; else by words alone.

    Blocks, so the event loop must call it in a thread.
    """
    vector = vector_of(guild_id, question)
    with Session(engine()) as session:
        found = find(session, guild_id, channel_ids, question, limit, vector=vector)
    return Found(tuple(found), vector is not None)


def vector_of(guild_id: int, question: str) -> bytes | None:
    """The question as the model sees it; None without a model, and where the guild keeps its texts at home.

    No transaction is open while the model works.
    """
    asked = rules.readable(question)
    if not asked:
        return None
    try:
        model = serving_now(guild_id)
        if model.is_remote and not _may_leave(guild_id):
            return None
        return model.embed([asked])[0]
    except (BadInput, Unavailable, ConfigurationError) as error:
        log.warning("searching by words alone: %s", error)
        return None


def find(
    session: Session,
    guild_id: int,
    channel_ids: Sequence[int],
    question: str,
    limit: int = 50,
    *,
    vector: bytes | None = None,
) -> list[int]:
    """The ids of the messages of these channels and their public threads that answer the question best, best first.

    Any text is a question; one without a word or a vector finds nothing. Raises BadInput for a limit out of bounds.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(
            _("The limit is {limit}, and must lie between 1 and {most}.").format(limit=limit, most=LIMIT_MAX)
        )
    if not channel_ids:
        return []
    scope = _scope(session, guild_id, channel_ids)
    legs = [_by_words(session, scope, rules.readable(question))]
    if vector is not None:
        legs.append(_by_meaning(session, scope, vector))
    return [message_id for message_id, _score in rules.fuse(legs)[:limit]]


def hits(guild_id: int, channel_ids: Sequence[int], message_ids: Sequence[int], question: str) -> list[Hit]:
    """These messages as they are now, in this order; without those that went, or may not be read (any more)."""
    with Session(engine()) as session:
        values = {"ids": list(message_ids), **_scope(session, guild_id, channel_ids)}
        rows = {row.id: row for row in session.execute(text(_FETCH), values)}
    words = sorted(rules.readable(question).split(), key=len, reverse=True)
    return [
        Hit(row.id, row.channel_id, row.author_id, rules.excerpt(row.content, words))
        for row in map(rows.get, message_ids)
        if row is not None
    ]


def _scope(session: Session, guild_id: int, channel_ids: Sequence[int]) -> dict[str, object]:
    """What every statement is limited to: the guild, these channels and their public threads."""
    scope = {"guild_id": guild_id, "channel_ids": list(channel_ids)}
    threads = session.scalars(text(_PUBLIC_THREADS), scope)
    return {"guild_id": guild_id, "channel_ids": [*channel_ids, *threads]}


def _by_words(session: Session, scope: dict[str, object], question: str) -> list[int]:
    if not question:
        return []
    language = language_of(_locale(session, scope["guild_id"]))
    wanted = ""
    # A question of stop words alone ("who is it") is answered by them, any other without them.
    for with_stop_words in (False, True):
        values = {"language": language, "question": question, "with_stop_words": with_stop_words}
        wanted = wanted or rules.any_of(session.scalars(text(_STEMS_AND_FORMS), values))
    if not wanted:
        return []
    return list(session.scalars(text(_KEYWORDS), {**scope, "wanted": wanted}))


def _by_meaning(session: Session, scope: dict[str, object], vector: bytes) -> list[int]:
    model = serving(session, int(str(scope["guild_id"])))
    if len(vector) != model.size:
        # The guild came to another model since the question was asked.
        return []
    values = {**scope, "model": model.model, "vector": as_sql(vector)}
    if session.scalar(text(_VECTOR_ROWS), values) <= EXACT_ROWS:
        return _once(session.scalars(text(_EXACT), values))
    session.execute(text(_WALK_FAR))
    return _once(session.scalars(text(_GRAPH.format(dims=model.dims)), values))


def _once(message_ids: Iterable[int]) -> list[int]:
    """Each message at the place of its best part."""
    return list(dict.fromkeys(message_ids))


def _locale(session: Session, guild_id: object) -> str | None:
    statement = text(
        "SELECT coalesce((SELECT locale FROM guild_settings WHERE guild_id = :id),"
        " (SELECT locale FROM guilds WHERE id = :id))"
    )
    locale: str | None = session.scalar(statement, {"id": guild_id})
    return locale


def _may_leave(guild_id: int) -> bool:
    statement = text("SELECT features ->> 'openai' = 'true' FROM guild_settings WHERE guild_id = :id")
    with Session(engine()) as session:
        return bool(session.scalar(statement, {"id": guild_id}))
