"""Reading games: words that are being waited for, what members played, and what a guild chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import choices
from app.core.db import engine


@dataclass(frozen=True)
class Word:
    """A word that these players will write in this channel."""

    game_id: int
    guild_id: int
    channel_id: int
    players: frozenset[int]
    word: str


_WORDS = text(
    "SELECT g.id, g.guild_id, g.channel_id, array_agg(p.user_id) AS players, g.state ->> 'word' AS word"
    " FROM games g JOIN game_players p ON p.game_id = g.id"
    " WHERE g.deadline IS NOT NULL AND g.kind = 'quicktype' AND g.state ->> 'phase' IN ('waiting', 'typing')"
    " GROUP BY g.id"
)


def words() -> list[Word]:
    """The words that are being waited for, or will be in a moment."""
    with Session(engine()) as session:
        return [
            Word(row.id, row.guild_id, row.channel_id, frozenset(row.players), row.word)
            for row in session.execute(_WORDS)
        ]


@dataclass(frozen=True)
class Played:
    """What a member did in one kind of game."""

    kind: str
    games: int
    wins: int
    # What came back, less what was staked.
    balance: int


_PLAYED = text(
    "SELECT kind, count(*)::int AS games, (count(*) FILTER (WHERE result = 'win'))::int AS wins,"
    " sum(payout - stake)::bigint AS balance"
    " FROM game_results WHERE guild_id = :guild AND user_id = :user GROUP BY kind ORDER BY games DESC, kind"
)


def played(guild_id: int, user_id: int) -> list[Played]:
    """What a member played here, the most played game first."""
    with Session(engine()) as session:
        return [Played(*row) for row in session.execute(_PLAYED, {"guild": guild_id, "user": user_id})]


def options(guild_id: int) -> Mapping[str, Any]:
    """What the guild chose."""
    with Session(engine()) as session:
        return choices.load(session, guild_id).options
