"""Finding messages by their words and by their meaning.

Two legs bring up candidates, what stands around each is looked up, and all are ranked together. Guild and channels are
part of every statement, never a filter over results: a message that may not be read takes no place, and no count of
results tells of it. The bot runs this in a thread rather than asking a worker: it is a read, needs no queue to answer,
goes on while Redis or every worker is away, and no excerpt ever passes through Redis or an outcome row.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import choices, clock
from app.core.consent import agrees
from app.core.db import engine
from app.core.errors import BadInput, ConfigurationError, Unavailable
from app.core.settings import settings
from app.core.translations import _
from app.knowledge.embeddings.languages import detect
from app.knowledge.embeddings.models import serving
from app.knowledge.embeddings.providers import Provider
from app.knowledge.embeddings.rules import language_of
from app.knowledge.search import legs, pages, people, ranking, results, rules
from app.knowledge.search.dates import mentions, parse
from app.knowledge.search.filters import Filters
from app.knowledge.search.frequencies import Term
from app.knowledge.search.legs import Meaning, Scope
from app.knowledge.search.people import Named
from app.knowledge.search.ranking import Around, Asked, Row
from app.knowledge.search.results import Ranking

log = logging.getLogger(__name__)

LIMIT_MAX = 100
_NO_FILTERS = Filters()

# A word in its exact form, in the stems of the languages in question, and whether it tells nothing.
_WORDS = """
SELECT w.lexeme, ARRAY(
    SELECT DISTINCT stem FROM unnest(CAST(:languages AS text[])) AS l(name),
        unnest(tsvector_to_array(to_tsvector(CAST(l.name AS regconfig), w.lexeme))) AS stem
), to_tsvector(CAST(:language AS regconfig), w.lexeme) = ''
FROM unnest(to_tsvector('simple', :question)) AS w ORDER BY w.positions[1] LIMIT :most
"""
# Whoever may read a channel may read its public threads (10 of announcements, 11); the bot itself knows only those
# that are not archived.
_CHANNELS = """
CAST(:channel_ids AS bigint[]) || ARRAY(
    SELECT id FROM channels
    WHERE guild_id = :guild_id AND parent_id = ANY(:channel_ids) AND kind IN (10, 11) AND deleted_at IS NULL
)
"""
_LOCALE = """
coalesce((SELECT locale FROM guild_settings WHERE guild_id = :guild_id),
    (SELECT locale FROM guilds WHERE id = :guild_id))
"""
_PLACE = f"SELECT {_CHANNELS} AS channel_ids, {_LOCALE} AS locale"
_READABLE = f"""
FROM messages r WHERE r.id = ANY(:ids) AND r.guild_id = :guild_id AND r.channel_id = ANY({_CHANNELS})
AND r.deleted_at IS NULL AND r.author_id IS NOT NULL AND r.content <> ''
AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = r.guild_id AND o.user_id = r.author_id)
"""
_FETCH = f"SELECT r.id, r.channel_id, r.author_id, r.content {_READABLE}"
_WITH_DOCUMENTS = f"""
SELECT r.channel_id FROM (SELECT DISTINCT channel_id FROM documents WHERE guild_id = :guild_id) AS r
WHERE r.channel_id = ANY({_CHANNELS}) AND {{filters}} ORDER BY r.channel_id
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
    found = _ranking(guild_id, viewer, asked, filters)
    rest = pages.after(found.found, place)
    shown, more = rest[:limit], rest[limit:]
    token = pages.token(pages.Place(shown[-1][1], shown[-1][0]), of, settings().database_url) if more else None
    return Page(_readable(guild_id, viewer, shown), found.has_meaning, token, len(found.found))


def more(
    guild_id: int, viewer: Viewer, question: str, filters: Filters, *, besides: Collection[int], limit: int
) -> tuple[tuple[int, ...], bool]:
    """The next messages besides these, and whether there are any after them.

    For whoever still knows what was shown: scores move with every message that comes or goes, and this loses and
    doubles nothing all the same.
    """
    ranked = _ranking(guild_id, viewer, rules.readable(question), filters).found
    rest = _readable(guild_id, viewer, [one for one in ranked if one[0] not in besides])
    return rest[:limit], len(rest) > limit


def channels(guild_id: int, viewer: Viewer, filters: Filters) -> list[int]:
    """The channels and public threads of which there are documents that this person may read and the filters name."""
    condition, values = Filters(channels=filters.channels, tags=filters.tags).condition()
    where = {"guild_id": guild_id, "channel_ids": list(viewer.channel_ids)}
    with Session(engine()) as session:
        return list(session.scalars(text(_WITH_DOCUMENTS.format(filters=condition)), {**where, **values}))


def between(guild_id: int, filters: Filters, when: str) -> Filters:
    """These filters, limited to the days that somebody means by this text on the clocks of their guild.

    Raises BadInput for a text that names no days.
    """
    with Session(engine()) as session:
        zone = choices.load(session, guild_id).zone
    first, last = parse(when, clock.now().astimezone(zone).date())
    return replace(filters, first=first, last=last, zone=zone)


def _ranking(guild_id: int, viewer: Viewer, question: str, filters: Filters) -> Ranking:
    """Everything that was found, from a moment ago or anew."""
    today = clock.now().astimezone(filters.zone).date()
    with Session(engine()) as session:
        model = _model(session, guild_id)
        named = people.named(session, guild_id, question)
    name = model.model if model else ""
    key = results.key(guild_id, sorted(viewer.channel_ids), question, filters, name, today)
    kept = results.get(key)
    if kept is not None:
        return kept
    meaning = _meaning(model, guild_id, named.as_told)
    with Session(engine()) as session:
        found = candidates(session, guild_id, viewer.channel_ids, question, named, meaning=meaning, filters=filters)
    made = Ranking(ranking.rank(*found), meaning is not None)
    if made.has_meaning:
        # Without the model the next search may find more.
        results.put(key, made)
    return made


def meaning_of(guild_id: int, question: str) -> Meaning | None:
    """The question as the model sees it; None without a model, and where the guild keeps its texts at home.

    No transaction is open while the model works.
    """
    with Session(engine()) as session:
        model = _model(session, guild_id)
    return _meaning(model, guild_id, question)


def _meaning(model: Provider | None, guild_id: int, question: str) -> Meaning | None:
    if model is None or not question.strip():
        return None
    try:
        if model.is_remote and not _may_leave(guild_id):
            return None
        return Meaning(model.model, model.dims, model.embed([question])[0])
    except (BadInput, Unavailable, ConfigurationError) as error:
        log.warning("searching by words alone: %s", error)
        return None


def candidates(
    session: Session,
    guild_id: int,
    channel_ids: Sequence[int],
    question: str,
    named: Named,
    *,
    meaning: Meaning | None,
    filters: Filters = _NO_FILTERS,
) -> tuple[list[Row], Around, Asked]:
    """What is to be ranked: the rows, what follows what, and what is known of the question."""
    place = session.execute(text(_PLACE), {"guild_id": guild_id, "channel_ids": list(channel_ids)}).one()
    condition, values = filters.condition(rules.phrases(question))
    scope = Scope({"guild_id": guild_id, "channel_ids": place.channel_ids, **values}, condition)
    language = language_of(place.locale)
    terms = _terms(session, language, named.without) or _terms(session, language, question)
    ids, rarity = legs.by_words(session, scope, terms)
    if meaning is not None:
        ids = list(dict.fromkeys([*ids, *legs.by_meaning(session, scope, meaning)]))
    around = legs.around(session, ids)
    everybody = {*ids, *around.following, *around.preceding}
    rows = legs.rows(session, scope, sorted(everybody), terms, meaning)
    today = clock.now().astimezone(filters.zone).date()
    asked = Asked(
        rarity=tuple(rarity),
        has_meaning=meaning is not None,
        named=named.one,
        asks_when=rules.asks_when(question),
        dates=mentions(question, today),
    )
    return rows, around, asked


def hits(guild_id: int, channel_ids: Sequence[int], message_ids: Sequence[int], question: str) -> list[Hit]:
    """These messages as they are now, in this order; without those that went, or may not be read (any more)."""
    with Session(engine()) as session:
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
    with Session(engine()) as session:
        values = {"ids": ids, "guild_id": guild_id, "channel_ids": list(viewer.channel_ids)}
        there = set(session.scalars(text(f"SELECT r.id {_READABLE}"), values))
    return tuple(message_id for message_id in ids if message_id in there)


def _terms(session: Session, guilds: str, question: str) -> list[Term]:
    """The words to search for, each in its exact form and its stems; stop words only where there is nothing else."""
    language = detect(question, guilds)
    values = {"languages": sorted({language, guilds}), "language": language, "most": rules.WORDS_MAX}
    words = session.execute(text(_WORDS), {**values, "question": question}).all()
    starts = [Term((word,), is_prefix=True) for word in rules.prefixes(question)]
    whole = [(Term(tuple(sorted({word, *stems}))), is_stop) for word, stems, is_stop in words]
    telling = [term for term, is_stop in whole if not is_stop] or [term for term, _is_stop in whole]
    # The longest words of a question tell most.
    telling.sort(key=lambda term: -max(map(len, term.lexemes)))
    return [*starts, *telling][: rules.TERMS_MAX]


def _model(session: Session, guild_id: int) -> Provider | None:
    """The model whose vectors are searched; None where it is not configured (any more): by words alone then."""
    try:
        return serving(session, guild_id)
    except (ConfigurationError, Unavailable) as error:
        log.warning("searching by words alone: %s", error)
        return None


def _may_leave(guild_id: int) -> bool:
    with Session(engine()) as session:
        return agrees(session, guild_id)
