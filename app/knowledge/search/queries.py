"""Finding messages by their words and by their meaning.

Two legs bring up candidates, what stands around each is looked up, and all are ranked together. Guild and channels are
part of every statement, never a filter over results: a message that may not be read takes no place, and no count of
results tells of it. The bot runs this in a thread rather than asking a worker: it is a read, needs no queue to answer,
goes on while Redis or every worker is away, and no excerpt ever passes through Redis or an outcome row.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import text

from app.core import choices, clock
from app.core.db import reading
from app.core.errors import BadInput
from app.core.settings import settings
from app.core.translations import _
from app.knowledge.search import candidates, pages, people, ranking, results, rules
from app.knowledge.search.candidates import CHANNELS
from app.knowledge.search.dates import parse
from app.knowledge.search.filters import Filters
from app.knowledge.search.results import Ranking

LIMIT_MAX = 100
_NO_FILTERS = Filters()

_READABLE = f"""
FROM messages r WHERE r.id = ANY(:ids) AND r.guild_id = :guild_id AND r.channel_id = ANY({CHANNELS})
AND r.deleted_at IS NULL AND r.author_id IS NOT NULL AND r.content <> ''
AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = r.guild_id AND o.user_id = r.author_id)
"""
_FETCH = f"SELECT r.id, r.channel_id, r.author_id, r.content {_READABLE}"
_WITH_DOCUMENTS = f"""
SELECT r.channel_id FROM (SELECT DISTINCT channel_id FROM documents WHERE guild_id = :guild_id) AS r
WHERE r.channel_id = ANY({CHANNELS}) AND {{filters}} ORDER BY r.channel_id
"""  # noqa: S608 - made of constants.


@dataclass(frozen=True)
class Viewer:
    """Who searches, and the channels whose history they may read at this moment."""

    user_id: int
    channel_ids: tuple[int, ...]


@dataclass(frozen=True)
class Page:
    """Messages that were found, best first, and what asks for those after them."""

    message_ids: tuple[int, ...]
    # Whether the meaning of the question was searched as well.
    has_meaning: bool
    next: str | None = None
    # Of all pages together.
    total: int = 0


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


def search(guild_id: int, channel_ids: Sequence[int], question: str, limit: int = 50) -> Page:
    """The first page of what these channels answer; see `find`."""
    return find(guild_id, Viewer(0, tuple(channel_ids)), question, limit=limit)


def find(
    guild_id: int,
    viewer: Viewer,
    question: str,
    filters: Filters = _NO_FILTERS,
    *,
    limit: int = 50,
    after: str | None = None,
) -> Page:
    """The messages that this person may read and that answer the question best, best first.

    Any text is a question; one without a word or a vector finds nothing. `after` is the `next` of the page before.
    Blocks, so the event loop must call it in a thread. Raises BadInput for a limit out of bounds and for a token that
    is not of this search.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(
            _("The limit is {limit}, and must lie between 1 and {most}.").format(limit=limit, most=LIMIT_MAX)
        )
    asked = rules.readable(question)
    of = pages.fingerprint(guild_id, viewer.user_id, asked, filters)
    place = pages.place_of(after, of, settings().database_url) if after is not None else None
    if not viewer.channel_ids or not asked:
        return Page((), has_meaning=False)
    found, is_new = _ranking(guild_id, viewer, asked, filters)
    rest = pages.after(found.found, place)
    shown, more = rest[:limit], rest[limit:]
    token = pages.token(pages.Place(shown[-1][1], shown[-1][0]), of, settings().database_url) if more else None
    # What was read just now was read under the same conditions.
    ids = tuple(message for message, _score in shown) if is_new else _readable(guild_id, viewer, shown)
    return Page(ids, found.has_meaning, token, len(found.found))


def more(
    guild_id: int, viewer: Viewer, question: str, filters: Filters, *, besides: Collection[int], limit: int
) -> tuple[tuple[int, ...], bool]:
    """The next messages besides these, and whether there are any after them.

    For whoever still knows what was shown: scores move with every message that comes or goes, and this loses and
    doubles nothing all the same.
    """
    made, _is_new = _ranking(guild_id, viewer, rules.readable(question), filters)
    rest = _readable(guild_id, viewer, [one for one in made.found if one[0] not in besides])
    return rest[:limit], len(rest) > limit


def channels(guild_id: int, viewer: Viewer, filters: Filters) -> list[int]:
    """The channels and public threads of which there are documents that this person may read and the filters name."""
    condition, values = Filters(channels=filters.channels, tags=filters.tags).condition()
    where = {"guild_id": guild_id, "channel_ids": list(viewer.channel_ids)}
    with reading() as session:
        return list(session.scalars(text(_WITH_DOCUMENTS.format(filters=condition)), {**where, **values}))


def between(guild_id: int, filters: Filters, when: str) -> Filters:
    """These filters, limited to the days that somebody means by this text on the clocks of their guild.

    Raises BadInput for a text that names no days.
    """
    with reading() as session:
        zone = choices.load(session, guild_id).zone
    first, last = parse(when, clock.now().astimezone(zone).date())
    return replace(filters, first=first, last=last, zone=zone)


def _ranking(guild_id: int, viewer: Viewer, question: str, filters: Filters) -> tuple[Ranking, bool]:
    """Everything that was found, from a moment ago or anew, and whether anew."""
    today = clock.now().astimezone(filters.zone).date()
    with reading() as session:
        on = candidates.ground(session, guild_id, viewer.channel_ids)
        named = people.named(session, guild_id, question)
    model = on.model.model if on.model else ""
    key = results.key(guild_id, sorted(viewer.channel_ids), question, filters, model, today)
    kept = results.get(key)
    if kept is not None:
        return kept, False
    rows, asked = candidates.gather(on, question, named, filters)
    made = Ranking(ranking.rank(rows, asked), asked.has_meaning)
    if made.has_meaning:
        # Without the model the next search may find more.
        results.put(key, made)
    return made, True


def hits(guild_id: int, channel_ids: Sequence[int], message_ids: Sequence[int], question: str) -> list[Hit]:
    """These messages as they are now, in this order; without those that went, or may not be read (any more)."""
    with reading() as session:
        values = {"ids": list(message_ids), "guild_id": guild_id, "channel_ids": list(channel_ids)}
        rows = {row.id: row for row in session.execute(text(_FETCH), values)}
    words = sorted(rules.readable(question).split(), key=len, reverse=True)
    return [
        Hit(row.id, row.channel_id, row.author_id, rules.excerpt(row.content, words))
        for row in map(rows.get, message_ids)
        if row is not None
    ]


def _readable(guild_id: int, viewer: Viewer, found: Iterable[tuple[int, float]]) -> tuple[int, ...]:
    """Those that are still there and may be read now, whenever they were ranked."""
    ids = [message_id for message_id, _score in found]
    with reading() as session:
        values = {"ids": ids, "guild_id": guild_id, "channel_ids": list(viewer.channel_ids)}
        there = set(session.scalars(text(f"SELECT r.id {_READABLE}"), values))
    return tuple(message_id for message_id in ids if message_id in there)
