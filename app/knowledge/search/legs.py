"""The statements of a search: candidates by their words and by their meaning, and reading them with what stands around.

Guild, channels, opt-outs and filters are part of every statement, never a filter over results: a message that may not
be read takes no place among the best.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.knowledge.embeddings.rules import as_sql
from app.knowledge.search import frequencies
from app.knowledge.search.frequencies import Term
from app.knowledge.search.ranking import rarity
from app.knowledge.search.rows import Windows

# So many of each leg are ranked. Forty fewer cost half a point of recall at 50, forty more gained nothing.
CANDIDATES = 60
# The best of each leg are ranked with what stands around them; what stands around the others was half of all rows, and
# found nothing more.
_WIDE = 30
# How many messages the words of one question may bring up to be compared.
BUDGET = 1_500

_SCOPE = """
r.guild_id = :guild_id AND r.channel_id = ANY(:channel_ids)
AND r.author_id NOT IN (SELECT o.user_id FROM opt_outs o WHERE o.guild_id = :guild_id)
"""
# The same of many rows. The guild is among the terms, so `+ 0` keeps the planner from going through all messages of it,
# or of its channels, too. Only where the newest few are looked at, going through those first saves more than it costs.
_SCOPE_OF_WORDS = _SCOPE.replace("r.guild_id", "r.guild_id{unless_few}").replace("r.channel_id", "r.channel_id + 0") + (
    "AND r.message_id{unless_few} >= :from_id"
)
_BY_WORDS = """
SELECT r.message_id FROM message_terms r
WHERE r.terms @@ CAST(:wanted AS tsquery) AND {scope} AND {filters}
ORDER BY ({score}) / (0.8 + 0.2 * r.words / 12.0) DESC, r.message_id DESC LIMIT {limit}
"""
# Of a guild with a graph of its own (`vectors.graphs`) the planner walks that; of any other all vectors are compared.
# The graph gives its rows in nearly the right order; the outer query puts them right. The defaults end the walk through
# the graph before it has met enough messages that may be read; sent together, the two statements are one transaction.
_NEAREST = """
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '200', true),
    set_config('hnsw.max_scan_tuples', '100000', true);
WITH near AS MATERIALIZED (
    SELECT r.message_id, r.embedding::halfvec({dims}) <=> CAST(:vector AS halfvec({dims})) AS distance
    FROM message_vectors r
    WHERE r.model = :model AND {scope} AND {filters}
    ORDER BY distance, r.message_id DESC LIMIT {limit}
)
SELECT message_id FROM near ORDER BY distance, message_id DESC
"""
# A window for each candidate: two messages before it, itself, two after it; itself alone where it is not among the best
# of its leg. One value a column: reading hundreds of rows one by one took longer than finding them.
_READ = """
SELECT array_agg(r.candidate), array_agg(r.step), array_agg(r.message_id), array_agg(r.channel_id),
    array_agg(r.author_id), array_agg(r.words), array_agg(r.traits), array_agg({matches}), array_agg({distance}),
    array_agg({filters})
FROM (
    SELECT c.message_id AS candidate, w.*
    FROM message_terms c CROSS JOIN LATERAL (
        (SELECT -row_number() OVER (ORDER BY p.message_id DESC) AS step, p.* FROM message_terms p
            WHERE p.channel_id = c.channel_id AND p.message_id < c.message_id AND c.message_id = ANY(:wide)
            ORDER BY p.message_id DESC LIMIT 2)
        UNION ALL SELECT 0, c.*
        UNION ALL (SELECT row_number() OVER (ORDER BY n.message_id), n.* FROM message_terms n
            WHERE n.channel_id = c.channel_id AND n.message_id > c.message_id AND c.message_id = ANY(:wide)
            ORDER BY n.message_id LIMIT 2)
    ) w WHERE c.message_id = ANY(:ids)
) r WHERE {scope}
"""
# In brackets, because `|` and `<<` bind equally.
_MATCHES = "((r.terms @@ CAST(:term{n} AS tsquery))::int << {n})"
# A long text has a vector for each of its parts.
_DISTANCE = """
(SELECT min(v.embedding <=> CAST(:vector AS halfvec)) FROM message_vectors v
WHERE v.message_id = r.message_id AND v.model = :model)
"""


@dataclass(frozen=True)
class Scope:
    """What every statement is limited to, as values of its parameters, and the filters as a condition."""

    values: dict[str, Any]
    filters: str = "true"

    @property
    def guild_id(self) -> int:
        """The guild."""
        return int(self.values["guild_id"])


@dataclass(frozen=True)
class Meaning:
    """A question's vector, and the model that made it."""

    model: str
    dims: int
    vector: bytes

    @cached_property
    def as_text(self) -> str:
        """The vector as PostgreSQL reads it."""
        return as_sql(self.vector)


def by_words(session: Session, scope: Scope, terms: Sequence[Term]) -> tuple[list[int], list[float]]:
    """The messages whose words answer best, and how rare each term is.

    Common words do not bring up messages where rarer ones do, so that a question costs no more in a large guild.
    """
    if not terms:
        return [], []
    size, found = frequencies.count(session, scope.guild_id, terms)
    rare = [rarity(size, number) for number in found]
    wanted, expected = _wanted(terms, found, size)
    if not wanted:
        return [], rare
    score, values = _score(terms, rare)
    from_id, newest = 0, size
    if expected > 2 * BUDGET and scope.filters == "true":
        # Words that are everywhere: among the newest messages there are enough of them.
        newest = 2 * BUDGET * size // expected
        from_id = frequencies.nth_newest(session, scope.guild_id, newest)
    where = _SCOPE_OF_WORDS.format(unless_few="" if newest < size // 2 else " + 0")
    statement = _BY_WORDS.format(scope=where, filters=scope.filters, score=score, limit=CANDIDATES)
    values |= {"wanted": f"{frequencies.guild_lexeme(scope.guild_id)} & ({wanted})", "from_id": from_id}
    return list(session.scalars(text(statement), {**scope.values, **values})), rare


def _wanted(terms: Sequence[Term], found: Sequence[int], size: int) -> tuple[str, int]:
    """Which messages are brought up, as a tsquery, and about how many those are."""
    order = [place for place in sorted(range(len(terms)), key=lambda place: found[place]) if found[place]]
    if not order:
        return "", 0
    chosen, expected = [terms[order[0]].query], found[order[0]]
    if expected > BUDGET and len(order) > 1:
        both = found[order[0]] * found[order[1]] // max(size, 1)
        return f"{terms[order[0]].query} & {terms[order[1]].query}", max(both, 1)
    for place in order[1:]:
        if expected + found[place] > BUDGET:
            break
        chosen.append(terms[place].query)
        expected += found[place]
    return " | ".join(chosen), expected


def _score(terms: Sequence[Term], rare: Sequence[float]) -> tuple[str, dict[str, object]]:
    parts = [f"(r.terms @@ CAST(:term{n} AS tsquery))::int * CAST(:rare{n} AS float8)" for n in range(len(terms))]
    values: dict[str, object] = {f"term{n}": term.query for n, term in enumerate(terms)}
    return " + ".join(parts), values | {f"rare{n}": number for n, number in enumerate(rare)}


def by_meaning(session: Session, scope: Scope, meaning: Meaning) -> list[int]:
    """The messages whose vectors are nearest, nearest first."""
    values = {**scope.values, "model": meaning.model, "vector": meaning.as_text}
    shape = {"scope": _SCOPE, "filters": scope.filters, "limit": CANDIDATES, "dims": meaning.dims}
    return _once(session.scalars(text(_NEAREST.format(**shape)), values))


def _once(message_ids: Iterable[int]) -> list[int]:
    """Each message at the place of its best part."""
    return list(dict.fromkeys(message_ids))


def read(session: Session, scope: Scope, ids: Sequence[int], terms: Sequence[Term], meaning: Meaning | None) -> Windows:
    """What a leg found and what stands around the best of it, as ranking sees it, without what may not be read."""
    if not ids:
        return Windows()
    matches = " | ".join(_MATCHES.format(n=n) for n in range(len(terms))) or "0"
    shape = {"scope": _SCOPE, "filters": scope.filters, "matches": matches}
    statement = _READ.format(**shape, distance=_DISTANCE if meaning else "CAST(NULL AS float8)")
    values: dict[str, object] = {f"term{n}": term.query for n, term in enumerate(terms)}
    values |= {"ids": list(ids), "wide": list(ids[:_WIDE])}
    if meaning:
        values |= {"model": meaning.model, "vector": meaning.as_text}
    columns = session.execute(text(statement), {**scope.values, **values}).one()
    return Windows(*(column or () for column in columns))
