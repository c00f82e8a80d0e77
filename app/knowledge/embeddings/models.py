"""Which model's vectors each guild searches, and how it comes to another's.

When the chosen provider or model changes, a guild goes on searching the vectors that it has, while a new one is made
beside each of them, the newest message first and only when no new text waits. Once nothing is missing the guild is
switched, in one row, and the old vectors go. Every step is a short transaction that finds its place again: where the
walk over the old vectors stands is written down with what it marked.
"""

import logging
from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.consent import AGREES
from app.core.db import unit_of_work
from app.knowledge.embeddings import cache, generations
from app.knowledge.embeddings.providers import Provider, named, provider
from app.knowledge.embeddings.sources import Source

log = logging.getLogger(__name__)

_STEP_ROWS = 1000

_AGREES = f"(NOT :is_remote OR {AGREES.format(guild='g.guild_id')})"
_TO_BEGIN = f"(g.model <> :model OR g.target IS NOT NULL) AND g.target IS DISTINCT FROM :model AND {_AGREES}"
_BEGIN = f"""
UPDATE guild_models SET target = :model, below = 9223372036854775807
WHERE guild_id IN (SELECT g.guild_id FROM guild_models g WHERE {_TO_BEGIN} ORDER BY g.guild_id FOR UPDATE OF g)
"""  # noqa: S608 - made of constants of this module.
# What a guild's walk marked without its consent was taken off the list again, so the walk begins anew.
_REWIND = f"""
UPDATE guild_models SET below = 9223372036854775807
WHERE guild_id IN (
    SELECT g.guild_id FROM guild_models g
    WHERE g.target = :model AND g.below IS DISTINCT FROM 9223372036854775807 AND NOT {_AGREES}
    ORDER BY g.guild_id FOR UPDATE OF g
)
"""  # noqa: S608 - see above.
# A guild that takes its consent back on the way stays where it is.
_NEXT = f"""
SELECT g.guild_id, g.below FROM guild_models g
WHERE g.target = :model AND g.below IS NOT NULL AND {_AGREES} ORDER BY g.guild_id LIMIT 1 FOR UPDATE OF g SKIP LOCKED
"""  # noqa: S608 - see above.
# Messages with vectors of other models, from the newest down.
_OLD = """
SELECT DISTINCT message_id FROM message_vectors
WHERE guild_id = :guild_id AND model <> :model AND message_id < :below ORDER BY message_id DESC LIMIT :limit
"""
_MARK = """
WITH due AS (
    SELECT m.id FROM messages m
    WHERE m.id = ANY(:ids) AND m.content IS NOT NULL AND m.deleted_at IS NULL AND m.embedding_stale_at IS NULL
    AND NOT EXISTS (SELECT FROM message_vectors v WHERE v.message_id = m.id AND v.model = :model)
    ORDER BY m.id FOR UPDATE OF m
)
UPDATE messages SET embedding_stale_at = clock_timestamp() FROM due d WHERE messages.id = d.id
"""
_MOVE = "UPDATE guild_models SET below = :below WHERE guild_id = :guild_id"
# A guild is switched when its walk is over and none of what it marked is still to be done.
_SWITCH = f"""
UPDATE guild_models g SET model = :model, target = NULL, has_leftovers = true
WHERE g.guild_id IN (
    SELECT w.guild_id FROM guild_models w WHERE w.target = :model AND w.below IS NULL ORDER BY w.guild_id FOR UPDATE
)
AND {_AGREES} AND NOT EXISTS (
    SELECT FROM messages m WHERE m.guild_id = g.guild_id AND m.embedding_stale_at IS NOT NULL AND EXISTS (
        SELECT FROM message_vectors v WHERE v.message_id = m.id AND v.model <> :model
    )
)
RETURNING g.guild_id
"""  # noqa: S608 - see above.
_CLEAN = """
SELECT guild_id, model FROM guild_models
WHERE has_leftovers AND target IS NULL ORDER BY guild_id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_DELETE_OLD = """
DELETE FROM message_vectors WHERE (message_id, model, part) IN (
    SELECT message_id, model, part FROM message_vectors
    WHERE guild_id = :guild_id AND model <> :model ORDER BY message_id, model, part LIMIT :limit FOR UPDATE
) RETURNING guild_id, model, content_hash
"""
_IS_SWITCHING = f"""
SELECT EXISTS (
    SELECT FROM guild_models g WHERE (g.target = :model AND {_AGREES}) OR g.has_leftovers OR ({_TO_BEGIN})
)
"""  # noqa: S608 - see above.


def noted(model: str | None) -> Provider:
    """The provider of a guild with this note; a guild without one has only new vectors. Raises Unavailable."""
    return provider() if model is None else named(model)


def serving(session: Session, guild_id: int) -> Provider:
    """The provider whose vectors this guild searches. Raises Unavailable when it is not configured any more."""
    return noted(session.scalar(text("SELECT model FROM guild_models WHERE guild_id = :id"), {"id": guild_id}))


def is_switching(session: Session, to: Provider) -> bool:
    """Whether some guild's vectors are still to be made by this model, or to be cleared up after."""
    return bool(session.scalar(text(_IS_SWITCHING), {"model": to.model, "is_remote": to.is_remote}))


def advance(to: Provider, sources: Sequence[Source]) -> bool:
    """Do one step on the way of every guild to this provider; whether there was one to do now."""
    values = {"model": to.model, "is_remote": to.is_remote}
    with unit_of_work() as uow:
        uow.session.execute(text(_REWIND), values)
        begun = uow.session.connection().execute(text(_BEGIN), values).rowcount
        done = _walk(uow.session, values)
        if not done:
            switched = list(uow.session.scalars(text(_SWITCH), values))
            done = bool(switched) or _clean(uow.session)
            generations.changed(uow.session, switched)
            for guild_id in switched:
                log.info("a guild is searched by another model now", extra={"guild": guild_id, "model": to.model})
        revived = sum(source.revive(uow.session, _STEP_ROWS, but=to.model) for source in sources)
        uow.commit()
    return bool(begun or revived) or done


def _walk(session: Session, to: Mapping[str, object]) -> bool:
    """Mark the next old vectors' messages of one guild; whether there was a guild to walk."""
    found = session.execute(text(_NEXT), to).one_or_none()
    if found is None:
        return False
    values = {**to, "guild_id": found.guild_id, "below": found.below, "limit": _STEP_ROWS}
    ids = list(session.scalars(text(_OLD), values))
    session.execute(text(_MARK), {**to, "ids": ids})
    below = min(ids) if len(ids) == _STEP_ROWS else None
    session.execute(text(_MOVE), {"guild_id": found.guild_id, "below": below})
    return True


def _clean(session: Session) -> bool:
    """Delete some of the vectors that a switch left behind; whether there was a guild with any."""
    found = session.execute(text(_CLEAN)).one_or_none()
    if found is None:
        return False
    values = {"guild_id": found.guild_id, "model": found.model, "limit": _STEP_ROWS}
    gone = session.execute(text(_DELETE_OLD), values).all()
    cache.drop_with(session, [tuple(row) for row in gone])
    if len(gone) < _STEP_ROWS:
        session.execute(text("UPDATE guild_models SET has_leftovers = false WHERE guild_id = :guild_id"), values)
    return True
