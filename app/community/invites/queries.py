"""Reading who invited whom."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine

# Whoever is still there and was no newcomer to Discord counts.
_COUNTS = """
count(*) FILTER (WHERE state IN ('pending', 'rewarded')) AS valid,
count(*) FILTER (WHERE state = 'pending') AS pending,
count(*) FILTER (WHERE state IN ('left', 'revoked')) AS gone,
count(*) FILTER (WHERE state = 'young') AS young
"""
_OF_MEMBER = text(f"SELECT {_COUNTS} FROM invite_arrivals WHERE guild_id = :guild AND inviter_id = :user")  # noqa: S608
_INVITED_BY = text("SELECT inviter_id FROM invite_arrivals WHERE guild_id = :guild AND user_id = :user")
_TOP = text(
    "SELECT a.inviter_id, count(*) AS valid FROM invite_arrivals a"
    " JOIN members m ON m.guild_id = a.guild_id AND m.user_id = a.inviter_id AND m.left_at IS NULL"
    " WHERE a.guild_id = :guild AND a.state IN ('pending', 'rewarded')"
    " GROUP BY a.inviter_id ORDER BY valid DESC, a.inviter_id LIMIT :limit"
)


@dataclass(frozen=True)
class Invited:
    """Whom a member's invites brought: those who count, of whom some have not stayed long enough, and the others."""

    valid: int
    pending: int
    gone: int
    young: int
    invited_by: int | None


def invited(guild_id: int, user_id: int) -> Invited:
    """Whom a member's invites brought, and who invited the member."""
    values = {"guild": guild_id, "user": user_id}
    with Session(engine()) as session:
        counts = session.execute(_OF_MEMBER, values).one()
        inviter = session.execute(_INVITED_BY, values).scalar()
    return Invited(counts.valid, counts.pending, counts.gone, counts.young, inviter)


def top(guild_id: int, limit: int = 10) -> list[tuple[int, int]]:
    """The members (id, how many) whose invites brought the most people."""
    with Session(engine()) as session:
        rows = session.execute(_TOP, {"guild": guild_id, "limit": limit})
        return [(row.inviter_id, row.valid) for row in rows]
