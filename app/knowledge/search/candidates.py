"""What a search ranks: the messages that its two legs bring up, with what stands around them.

The two are asked at the same time, each over a connection of its own: words are looked up while the model still works.
Nobody holds a connection while waiting for the model or for the other leg, so that no search waits for another's.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.consent import agrees
from app.core.db import reading
from app.core.errors import BadInput, ConfigurationError, Unavailable
from app.knowledge.embeddings.languages import detect
from app.knowledge.embeddings.models import noted
from app.knowledge.embeddings.providers import Provider
from app.knowledge.embeddings.rules import language_of
from app.knowledge.search import legs, rules
from app.knowledge.search.dates import mentions
from app.knowledge.search.filters import Filters
from app.knowledge.search.frequencies import Term
from app.knowledge.search.legs import Meaning, Scope
from app.knowledge.search.people import Named
from app.knowledge.search.ranking import Asked
from app.knowledge.search.rows import Rows, Windows, merge

log = logging.getLogger(__name__)

_NO_FILTERS = Filters()
# Threads begin with the first search. What waits for another was handed over after it, so they never wait in a ring.
_beside = ThreadPoolExecutor(16, thread_name_prefix="words")
_Terms = Future[list[Term]]
# The messages that the words bring up, and how rare each word is.
_Found = tuple[list[int], list[float]]

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
CHANNELS = """
CAST(:channel_ids AS bigint[]) || ARRAY(
    SELECT id FROM channels
    WHERE guild_id = :guild_id AND parent_id = ANY(:channel_ids) AND kind IN (10, 11) AND deleted_at IS NULL
)
"""
_LOCALE = """
coalesce((SELECT locale FROM guild_settings WHERE guild_id = :guild_id),
    (SELECT locale FROM guilds WHERE id = :guild_id))
"""
_GROUND = f"""
SELECT {CHANNELS}, {_LOCALE}, (SELECT model FROM guild_models WHERE guild_id = :guild_id)
"""  # noqa: S608 - made of constants.


@dataclass(frozen=True)
class Ground:
    """Where a search looks."""

    guild_id: int
    # With the public threads of the channels that may be read.
    channel_ids: list[int]
    # The guild's, as a text search configuration.
    language: str
    # None where it is not configured (any more): by words alone then.
    model: Provider | None


def ground(session: Session, guild_id: int, channel_ids: Sequence[int]) -> Ground:
    """Where somebody searches who may read these channels of the guild."""
    values = {"guild_id": guild_id, "channel_ids": list(channel_ids)}
    everywhere, locale, model = session.execute(text(_GROUND), values).one()
    return Ground(guild_id, everywhere, language_of(locale), _provider(model))


def gather(on: Ground, question: str, named: Named, filters: Filters = _NO_FILTERS) -> tuple[Rows, Asked]:
    """What is to be ranked, and what ranking has to know of the question."""
    condition, values = filters.condition(rules.phrases(question))
    scope = Scope({"guild_id": on.guild_id, "channel_ids": on.channel_ids, **values}, condition)
    terms = _beside.submit(_terms_of, on.language, (named.without, question))
    found = _beside.submit(_by_words, scope, terms)
    meaning = _meaning(on.model, on.guild_id, named.as_told)
    words = _beside.submit(_with_words, scope, terms, found, meaning)
    near = _by_meaning(scope, terms, meaning)
    asked = Asked(
        rarity=tuple(found.result()[1]),
        has_meaning=meaning is not None,
        named=named.one,
        asks_when=rules.asks_when(question),
        dates=mentions(question, clock.now().astimezone(filters.zone).date()),
    )
    return merge((words.result(), near), len(terms.result())), asked


def _terms_of(guilds: str, questions: Sequence[str]) -> list[Term]:
    """Those of the first question that has any."""
    with reading() as session:
        return next(filter(None, (_terms(session, guilds, question) for question in questions)), [])


def _by_words(scope: Scope, terms: _Terms) -> _Found:
    asked = terms.result()
    with reading() as session:
        return legs.by_words(session, scope, asked)


def _with_words(scope: Scope, terms: _Terms, found: Future[_Found], meaning: Meaning | None) -> Windows:
    ids, _rarity = found.result()
    with reading() as session:
        return legs.read(session, scope, ids, terms.result(), meaning)


def _by_meaning(scope: Scope, terms: _Terms, meaning: Meaning | None) -> Windows:
    if meaning is None:
        return Windows()
    asked = terms.result()
    with reading() as session:
        return legs.read(session, scope, legs.by_meaning(session, scope, meaning), asked, meaning)


def meaning_of(guild_id: int, question: str) -> Meaning | None:
    """The question as the model sees it; None without a model, and where the guild keeps its texts at home.

    No transaction is open while the model works.
    """
    with reading() as session:
        on = ground(session, guild_id, ())
    return _meaning(on.model, guild_id, question)


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


def _provider(model: str | None) -> Provider | None:
    try:
        return noted(model)
    except (ConfigurationError, Unavailable) as error:
        log.warning("searching by words alone: %s", error)
        return None


def _may_leave(guild_id: int) -> bool:
    with reading() as session:
        return agrees(session, guild_id)
