"""The statements of a search: candidates by their words, candidates by their meaning, and what stands around them.

Guild, channels, opt-outs and filters are part of every statement, never a filter over results: a message that may not
be read takes no place among the best.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.knowledge.embeddings.rules import as_sql
from app.knowledge.search import frequencies
from app.knowledge.search.frequencies import Term
from app.knowledge.search.ranking import Around, Row, rarity

# So many of each leg are ranked, with what stands around them. Forty fewer cost half a point of recall at 50, forty
# more gained nothing.
CANDIDATES = 60
# How many messages the words of one question may bring up to be compared.
BUDGET = 1_500

_SCOPE = """
r.guild_id = :guild_id AND r.channel_id = ANY(:channel_ids)
AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = r.guild_id AND o.user_id = r.author_id)
"""
_BY_WORDS = """
SELECT r.message_id FROM message_terms r
WHERE r.terms @@ CAST(:wanted AS tsquery) AND r.message_id >= :from_id AND {scope} AND {filters}
ORDER BY ({score}) / (0.8 + 0.2 * r.words / 12.0) DESC, r.message_id DESC LIMIT {limit}
"""
_NTH_NEWEST = """
SELECT message_id FROM message_terms WHERE guild_id = :guild_id ORDER BY message_id DESC OFFSET :skip LIMIT 1
"""
# Of a guild with a graph of its own (`vectors.graphs`) the planner walks that; of any other all vectors are compared.
# The graph gives its rows in nearly the right order; the outer query puts them right.
_NEAREST = """
WITH near AS MATERIALIZED (
    SELECT r.message_id, r.embedding::halfvec({dims}) <=> CAST(:vector AS halfvec({dims})) AS distance
    FROM message_vectors r
    WHERE r.model = :model AND {scope} AND {filters}
    ORDER BY distance, r.message_id DESC LIMIT {limit}
)
SELECT message_id FROM near ORDER BY distance, message_id DESC
"""
# The defaults end the walk through the graph before it has met enough messages that may be read.
_WALK_FAR = """
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '300', true),
    set_config('hnsw.max_scan_tuples', '100000', true)
"""
_AROUND = """
SELECT c.message_id,
    ARRAY(SELECT p.message_id FROM message_terms p WHERE p.channel_id = c.channel_id AND p.message_id < c.message_id
        ORDER BY p.message_id DESC LIMIT 2),
    ARRAY(SELECT n.message_id FROM message_terms n WHERE n.channel_id = c.channel_id AND n.message_id > c.message_id
        ORDER BY n.message_id LIMIT 2)
FROM message_terms c WHERE c.message_id = ANY(:ids)
"""
_ROWS = """
SELECT r.message_id, r.channel_id, r.author_id, r.words, r.traits, {filters}{matches}
FROM message_terms r
WHERE r.message_id = ANY(:ids) AND {scope}
"""
# A statement of its own: joined to the rows, the planner takes them for so few that it goes through these for each.
_CLOSENESS = """
SELECT v.message_id, 1 - min(v.embedding <=> CAST(:vector AS halfvec)) FROM message_vectors v
WHERE v.message_id = ANY(:ids) AND v.model = :model GROUP BY v.message_id
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
    from_id = 0
    if expected > 2 * BUDGET and scope.filters == "true":
        # Words that are everywhere: among the newest messages there are enough of them.
        skip = 2 * BUDGET * size // expected
        from_id = session.scalar(text(_NTH_NEWEST), {"guild_id": scope.guild_id, "skip": skip}) or 0
    statement = _BY_WORDS.format(scope=_SCOPE, filters=scope.filters, score=score, limit=CANDIDATES)
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
    values = {**scope.values, "model": meaning.model, "vector": as_sql(meaning.vector)}
    shape = {"scope": _SCOPE, "filters": scope.filters, "limit": CANDIDATES, "dims": meaning.dims}
    session.execute(text(_WALK_FAR))
    return _once(session.scalars(text(_NEAREST.format(**shape)), values))


def _once(message_ids: Iterable[int]) -> list[int]:
    """Each message at the place of its best part."""
    return list(dict.fromkeys(message_ids))


def around(session: Session, ids: Sequence[int]) -> Around:
    """What stands before and after these messages; ids alone, of whatever may be read there or not."""
    found = Around()
    for message, before, after in session.execute(text(_AROUND), {"ids": list(ids)}):
        found.add(before, message, after)
    return found


def rows(
    session: Session, scope: Scope, ids: Sequence[int], terms: Sequence[Term], meaning: Meaning | None
) -> list[Row]:
    """These messages as ranking sees them, without those that may not be read."""
    matches = "".join(f", r.terms @@ CAST(:term{n} AS tsquery)" for n in range(len(terms)))
    values: dict[str, object] = {f"term{n}": term.query for n, term in enumerate(terms)}
    statement = _ROWS.format(scope=_SCOPE, filters=scope.filters, matches=matches)
    found = session.execute(text(statement), {**scope.values, **values, "ids": list(ids)})
    near = _closeness(session, ids, meaning) if meaning else {}
    return [
        Row(message, channel, author, tuple(matched), near.get(message), words, traits, may_answer)
        for message, channel, author, words, traits, may_answer, *matched in found
    ]


def _closeness(session: Session, ids: Sequence[int], meaning: Meaning) -> dict[int, float]:
    """How near each of these messages' best part is, as a cosine; nothing of one that has no vector."""
    values = {"ids": list(ids), "model": meaning.model, "vector": as_sql(meaning.vector)}
    return dict(session.execute(text(_CLOSENESS), values).all())
