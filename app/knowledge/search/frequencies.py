"""How many of a guild's messages have a word, without reading them all.

A small guild is counted. Of a large one each process keeps a sample of the newest messages for a while; a word that
is not among them is rare, and is counted up to a bound.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.settings import settings

# Counting this many messages takes a few milliseconds.
SMALL = 2_000
_SAMPLE = 4_000
_KEEP_SECONDS = 3600.0
_GUILDS_MAX = 64
# A word that the sample has this often is common enough for its share to be trusted.
_TRUSTED = 3
_COUNT_MAX = 3_000
_STEP = 1.25

_SIZE = "SELECT count(*) FROM message_terms WHERE guild_id = :guild_id"
_SIZE_UP_TO = """
SELECT count(*) FROM (SELECT FROM message_terms WHERE guild_id = :guild_id LIMIT :most) AS counted
"""
_SAMPLED = """
SELECT lexeme, count(*) FROM (
    SELECT terms FROM message_terms WHERE guild_id = :guild_id ORDER BY message_id DESC LIMIT :sample
) AS newest, unnest(tsvector_to_array(newest.terms)) AS lexeme
GROUP BY lexeme HAVING count(*) >= :trusted
"""
_NTH_NEWEST = """
SELECT message_id FROM message_terms WHERE guild_id = :guild_id ORDER BY message_id DESC OFFSET :skip LIMIT 1
"""
_COUNT = """
SELECT (SELECT count(*) FROM (
    SELECT FROM message_terms r WHERE r.terms @@ CAST(w.wanted AS tsquery) LIMIT :most
) AS counted)
FROM unnest(CAST(:wanted AS text[])) WITH ORDINALITY AS w(wanted, place) ORDER BY w.place
"""


@dataclass(frozen=True)
class Sample:
    """A large guild's size, and how often words occur among its newest messages."""

    size: int
    counts: dict[str, int]
    # The messages that so many newer ones stood before when they were counted.
    newest: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Term:
    """A word of a question in all the forms that answer it."""

    lexemes: tuple[str, ...]
    is_prefix: bool = False

    @property
    def query(self) -> str:
        """As a tsquery in its text form."""
        return "(" + " | ".join(quoted(lexeme) + (":*" if self.is_prefix else "") for lexeme in self.lexemes) + ")"


_kept: OrderedDict[tuple[str, int], tuple[float, Sample]] = OrderedDict()
_lock = Lock()


def quoted(lexeme: str) -> str:
    """A lexeme as a tsquery wants it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def guild_lexeme(guild_id: int) -> str:
    """What every message of this guild has among its terms."""
    return quoted(f" {guild_id}")


def count(session: Session, guild_id: int, terms: Sequence[Term]) -> tuple[int, list[int]]:
    """How many messages the guild has, and about how many of them have each term."""
    sample = _of_a_moment_ago(guild_id)
    if sample is None:
        size: int = session.scalar(text(_SIZE_UP_TO), {"guild_id": guild_id, "most": SMALL + 1}) or 0
        if size <= SMALL:
            return size, _counted(session, guild_id, terms)
        sample = _sample(session, guild_id)
    found = [_estimated(sample, term) for term in terms]
    unknown = [place for place, number in enumerate(found) if number is None]
    exact = _counted(session, guild_id, [terms[place] for place in unknown])
    known = dict(zip(unknown, exact, strict=True))
    return sample.size, [known[place] if number is None else number for place, number in enumerate(found)]


def nth_newest(session: Session, guild_id: int, least: int) -> int:
    """A message with about so many newer ones of its guild, or a quarter more; 0 where there are not so many.

    Counting goes through all of them, so it is done as seldom as a sample is taken.
    """
    place = math.ceil(_STEP ** math.ceil(math.log(max(least, 1), _STEP)))
    known = sample.newest if (sample := _of_a_moment_ago(guild_id)) else {}
    if place not in known:
        known[place] = session.scalar(text(_NTH_NEWEST), {"guild_id": guild_id, "skip": place}) or 0
    return known[place]


def forget() -> None:
    """Forget every kept sample (tests)."""
    with _lock:
        _kept.clear()


def _estimated(sample: Sample, term: Term) -> int | None:
    if term.is_prefix:
        return None
    counted = max((sample.counts.get(lexeme, 0) for lexeme in term.lexemes), default=0)
    return counted * sample.size // min(_SAMPLE, sample.size) if counted else None


def _counted(session: Session, guild_id: int, terms: Sequence[Term]) -> list[int]:
    if not terms:
        return []
    wanted = [f"{guild_lexeme(guild_id)} & {term.query}" for term in terms]
    return list(session.scalars(text(_COUNT), {"wanted": wanted, "most": _COUNT_MAX}))


def _of_a_moment_ago(guild_id: int) -> Sample | None:
    with _lock:
        until, sample = _kept.get((settings().database_url, guild_id), (0.0, None))
    return sample if until > time.monotonic() else None


def _sample(session: Session, guild_id: int) -> Sample:
    key = (settings().database_url, guild_id)
    scope = {"guild_id": guild_id}
    size: int = session.scalar(text(_SIZE), scope) or 0
    rows = session.execute(text(_SAMPLED), {**scope, "sample": _SAMPLE, "trusted": _TRUSTED})
    sample = Sample(size, dict(rows.all()))
    with _lock:
        _kept[key] = (time.monotonic() + _KEEP_SECONDS, sample)
        while len(_kept) > _GUILDS_MAX:
            _kept.popitem(last=False)
    return sample
