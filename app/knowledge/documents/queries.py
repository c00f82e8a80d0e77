"""A channel's day as it is stored now, and which documents there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.knowledge.documents.rules import SKIPPED_CHANNELS, Day, Line, words_of
from app.knowledge.embeddings.rules import DEFAULT_LOCALE, language_of
from app.knowledge.embeddings.sources import FINDABLE

# The newest of a day; a log is to be found, not to be complete.
_LINES_MAX = 1000
_CHARACTERS_MAX = 200_000

# A message has its words indexed before any document holds it, so that what takes it out of the index knows the day.
_LINES = f"""
SELECT m.id, m.author_id, m.content FROM messages m
WHERE m.guild_id = :guild_id AND m.channel_id = :channel_id AND m.id >= :first AND m.id < :last AND {FINDABLE}
AND EXISTS (SELECT FROM message_terms t WHERE t.message_id = m.id)
ORDER BY m.id DESC LIMIT {_LINES_MAX}
"""  # noqa: S608 - made of constants.
_CHANNEL = """
SELECT c.name, p.name AS category FROM channels c LEFT JOIN channels p ON p.id = c.parent_id AND p.guild_id = c.guild_id
WHERE c.id = :channel_id AND c.guild_id = :guild_id
"""
# The days of these messages, which stand in the index.
_DAYS = """
SELECT DISTINCT guild_id, channel_id, CAST(snowflake_time(message_id) AT TIME ZONE 'UTC' AS date) AS day
FROM message_terms WHERE guild_id <> 0 AND {which}
"""
_STOP_WORDS = (
    "SELECT w FROM unnest(CAST(:words AS text[])) AS w WHERE to_tsvector(CAST(:language AS regconfig), w) = ''"
)
_LOCALE = """
SELECT coalesce((SELECT locale FROM guild_settings WHERE guild_id = :id), (SELECT locale FROM guilds WHERE id = :id))
"""
_LISTED = """
SELECT id, guild_id, source, category, section, url, title, version, tags, channel_id, day, messages, tokens,
    stored_model, created_at, stored_at, stale_at
FROM documents
WHERE (CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id)
AND (CAST(:section AS text) IS NULL OR section = :section)
ORDER BY guild_id, day, id LIMIT :limit
"""


def day_of(session: Session, guild_id: int, channel_id: int, day: date) -> Day | None:
    """What was said in the channel on that day (UTC); None when there is nothing that may be kept in a document."""
    named = session.execute(text(_CHANNEL), {"guild_id": guild_id, "channel_id": channel_id}).one_or_none()
    channel = (named.name if named else None) or str(channel_id)
    if channel in SKIPPED_CHANNELS:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    bounds = {"first": clock.snowflake_at(start), "last": clock.snowflake_at(start + timedelta(days=1))}
    found = session.execute(text(_LINES), {"guild_id": guild_id, "channel_id": channel_id, **bounds})
    lines: list[Line] = []
    room = _CHARACTERS_MAX
    for row in found:
        room -= len(row.content)
        if room < 0:
            break
        lines.append(Line(row.id, row.author_id, clock.snowflake_time(row.id), row.content))
    category = (named.category if named else None) or "general"
    return Day(channel_id, channel, category, day, lines[::-1]) if lines else None


def stop_words(session: Session, guild_id: int, day: Day) -> frozenset[str]:
    """Those words of the day that say nothing in the guild's language."""
    language = language_of(session.scalar(text(_LOCALE), {"id": guild_id}) or DEFAULT_LOCALE)
    values = {"words": sorted(words_of(day.lines)), "language": language}
    return frozenset(session.scalars(text(_STOP_WORDS), values))


def days_with(session: Session, message_ids: Sequence[int]) -> list[tuple[int, int, date]]:
    """Guild, channel and day of these messages."""
    found = session.execute(text(_DAYS.format(which="message_id = ANY(:ids)")), {"ids": list(message_ids)})
    return [tuple(row) for row in found]


def days_of(session: Session, guild_id: int | None) -> list[tuple[int, int, date]]:
    """The same of every message of one guild or of all."""
    which = "(CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id)"
    return [tuple(row) for row in session.execute(text(_DAYS.format(which=which)), {"guild_id": guild_id})]


def days_by(session: Session, guild_id: int, author_id: int) -> list[tuple[int, date]]:
    """Channels and days of what this person wrote in the guild."""
    which = "guild_id = :guild_id AND author_id = :author_id"
    found = session.execute(text(_DAYS.format(which=which)), {"guild_id": guild_id, "author_id": author_id})
    return [(row.channel_id, row.day) for row in found]


@dataclass(frozen=True)
class Listed:
    """A document with its metadata."""

    id: int
    guild_id: int
    source: str
    category: str
    section: str
    url: str
    title: str
    version: str
    tags: list[str]
    # None where it belongs to the whole guild, or to no day.
    channel_id: int | None
    day: date | None
    messages: int
    tokens: int
    # Whose vectors it has; None while it is not in the store.
    model: str | None
    created_at: datetime
    stored_at: datetime | None
    stale_at: datetime | None


def listed(
    session: Session, guild_id: int | None = None, section: str | None = None, limit: int = 1000
) -> list[Listed]:
    """The documents of one guild or of all, the oldest first."""
    values = {"guild_id": guild_id, "section": section, "limit": limit}
    return [Listed(*row) for row in session.execute(text(_LISTED), values)]
