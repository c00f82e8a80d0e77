"""Reading leaderboards: pages, a member's own rank, and the marks for ranks far down.

Every statement walks the index of its board from the top, so a page costs the same in a guild of a million members.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.leaderboards.rules import EXACT, MARKS, PAGE, Board, rank_from
from app.core.db import engine

_TOP = (
    "SELECT s.{user} AS user_id, s.{score} AS score FROM {table} s"
    " WHERE s.guild_id = :guild AND {only} ORDER BY s.{score} DESC, s.{user} LIMIT :limit OFFSET :offset"
)
_OWN = "SELECT s.{score} FROM {table} s WHERE s.guild_id = :guild AND s.{user} = :member AND {only}"
_ABOVE = (
    "SELECT count(*) FROM (SELECT 1 FROM {table} s WHERE s.guild_id = :guild AND {only} AND s.{score} >= :score"
    " AND (s.{score} > :score OR s.{user} < :member)"
    " ORDER BY s.{score} DESC, s.{user} LIMIT :limit) above"
)
_MARK = (
    "INSERT INTO leaderboard_marks (guild_id, board, ranks, scores)"
    " SELECT :guild, :board, array_agg(place ORDER BY place), array_agg(score ORDER BY place) FROM ("
    "   SELECT place, score, count(*) OVER () AS members FROM ("
    "     SELECT s.{score} AS score, row_number() OVER (ORDER BY s.{score} DESC, s.{user}) AS place"
    "     FROM {table} s WHERE s.guild_id = :guild AND {only}) ranked) counted"
    " WHERE place % greatest(members / :marks, 1) = 0 OR place = members HAVING count(*) > 0"
    " ON CONFLICT (guild_id, board) DO UPDATE SET ranks = excluded.ranks, scores = excluded.scores, counted_at = now()"
)
_LARGE = "SELECT s.guild_id FROM {table} s WHERE {only} GROUP BY s.guild_id HAVING count(*) > :exact"
_NAMES = text(
    "SELECT u.id, coalesce(m.nick, u.display_name) AS shown, u.name AS username FROM users u"
    " LEFT JOIN members m ON m.user_id = u.id AND m.guild_id = :guild WHERE u.id = ANY(:users)"
)
_MARKS = text("SELECT ranks, scores FROM leaderboard_marks WHERE guild_id = :guild AND board = :board")


@dataclass(frozen=True)
class Place:
    """A member on a board."""

    user_id: int
    score: int


@dataclass(frozen=True)
class Rank:
    """A member's own place: counted, or (`is_exact` False) told from marks; `rank` None where even they do not say."""

    rank: int | None
    score: int
    is_exact: bool


def _sql(statement: str, board: Board) -> Any:
    names = {"table": board.table, "user": board.user, "score": board.score, "only": board.only}
    return text(statement.format(**names))


def top(guild_id: int, board: Board, page: int = 1, size: int = PAGE) -> list[Place]:
    """One page of a board."""
    with Session(engine()) as session:
        return top_in(session, guild_id, board, page, size)


def top_in(session: Session, guild_id: int, board: Board, page: int = 1, size: int = PAGE) -> list[Place]:
    """As `top`, in a transaction that is open."""
    values = {"guild": guild_id, "limit": size, "offset": (page - 1) * size}
    return [Place(row.user_id, row.score) for row in session.execute(_sql(_TOP, board), values)]


def rank(guild_id: int, board: Board, user_id: int) -> Rank | None:
    """A member's own place; None where the member is not on the board."""
    with Session(engine()) as session:
        values: dict[str, Any] = {"guild": guild_id, "member": user_id}
        score = session.execute(_sql(_OWN, board), values).scalar()
        if score is None:
            return None
        marks = _marks(session, guild_id, board)
        far = rank_from(marks, score)
        # Marks are up to an hour old; twice as far down as is counted, nobody has come from there meanwhile.
        if far is None or far <= 2 * EXACT:
            above = session.execute(_sql(_ABOVE, board), {**values, "score": score, "limit": EXACT}).scalar_one()
            if above < EXACT:
                return Rank(above + 1, score, is_exact=True)
    return Rank(far, score, is_exact=False)


def _marks(session: Session, guild_id: int, board: Board) -> dict[int, int]:
    found = session.execute(_MARKS, {"guild": guild_id, "board": board.name}).one_or_none()
    return dict(zip(found.ranks, found.scores, strict=True)) if found else {}


def large(session: Session, board: Board) -> list[int]:
    """The guilds whose board is too long to be counted."""
    return sorted(session.scalars(_sql(_LARGE, board), {"exact": EXACT}))


def mark(session: Session, guild_id: int, board: Board) -> None:
    """Write down the scores at about a thousand places of a board. Twice writes the same."""
    session.execute(_sql(_MARK, board), {"guild": guild_id, "board": board.name, "marks": MARKS})


@dataclass(frozen=True)
class Name:
    """What a member is called in the guild, and what they are called by Discord."""

    shown: str
    username: str


def names(guild_id: int, user_ids: Sequence[int]) -> Mapping[int, Name]:
    """What these members are called, as far as that is known."""
    with Session(engine()) as session:
        return names_in(session, guild_id, user_ids)


def names_in(session: Session, guild_id: int, user_ids: Sequence[int]) -> Mapping[int, Name]:
    """As `names`, in a transaction that is open."""
    rows = session.execute(_NAMES, {"guild": guild_id, "users": list(user_ids)})
    return {row.id: Name(row.shown, row.username) for row in rows}
