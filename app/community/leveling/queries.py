"""Reading levels and what a guild chose about them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine

# Ranks beyond this are not counted: it would take longer the larger the guild is.
RANKED = 10_000
_STANDING = text("SELECT xp, level, wants_direct FROM member_levels WHERE guild_id = :guild AND user_id = :user")
_ABOVE = text(
    "SELECT count(*) FROM ("
    "   SELECT FROM member_levels WHERE guild_id = :guild AND xp > :xp ORDER BY xp DESC LIMIT :limit"
    ") above"
)
_MULTIPLIERS = text(
    "SELECT target_id, kind, percent FROM xp_multipliers WHERE guild_id = :guild ORDER BY kind, percent DESC, target_id"
)
_ROLES = text("SELECT role_id, level FROM level_roles WHERE guild_id = :guild ORDER BY level, role_id")
_CHANGES = text(
    "SELECT user_id, actor_id, action, before, after, created_at FROM xp_changes WHERE guild_id = :guild"
    " AND (CAST(:user AS bigint) IS NULL OR user_id = :user) ORDER BY id DESC LIMIT :limit"
)
_EVERYBODY = text(
    "SELECT l.user_id, coalesce(m.nick, u.display_name, u.name, '') AS name, l.level, l.xp,"
    " coalesce(m.message_count, 0) AS messages, coalesce(m.voice_seconds, 0) AS voice_seconds"
    " FROM member_levels l LEFT JOIN members m ON m.guild_id = l.guild_id AND m.user_id = l.user_id"
    " LEFT JOIN users u ON u.id = l.user_id WHERE l.guild_id = :guild"
    " AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = l.guild_id AND o.user_id = l.user_id)"
    " ORDER BY l.xp DESC, l.user_id"
)


@dataclass(frozen=True)
class Standing:
    """A member's experience; the rank is None beyond the first ten thousand, and for who has nothing."""

    xp: int = 0
    rank: int | None = None
    wants_direct: bool = False


def standing(guild_id: int, user_id: int) -> Standing:
    """What a member has, and how many have more."""
    with Session(engine()) as session:
        row = session.execute(_STANDING, {"guild": guild_id, "user": user_id}).one_or_none()
        if row is None:
            return Standing()
        above = session.execute(_ABOVE, {"guild": guild_id, "xp": row.xp, "limit": RANKED}).scalar_one()
    return Standing(row.xp, above + 1 if row.xp and above < RANKED else None, row.wants_direct)


@dataclass(frozen=True)
class Configuration:
    """A guild's multipliers as (channel or role, kind, percent), and its roles as (role, level)."""

    multipliers: list[tuple[int, str, int]]
    roles: list[tuple[int, int]]


def configuration(guild_id: int) -> Configuration:
    """What a guild chose besides its settings."""
    with Session(engine()) as session:
        multipliers = [
            (row.target_id, row.kind, row.percent) for row in session.execute(_MULTIPLIERS, {"guild": guild_id})
        ]
        return Configuration(
            multipliers, [(row.role_id, row.level) for row in session.execute(_ROLES, {"guild": guild_id})]
        )


@dataclass(frozen=True)
class Change:
    """What an admin did to a member's experience."""

    user_id: int
    actor_id: int | None
    action: str
    before: int
    after: int
    created_at: datetime


def changes(guild_id: int, user_id: int | None, limit: int = 15) -> list[Change]:
    """The newest changes by admins, of one member or of all."""
    with Session(engine()) as session:
        return [Change(*row) for row in session.execute(_CHANGES, {"guild": guild_id, "user": user_id, "limit": limit})]


def everybody(guild_id: int) -> list[tuple[int, str, int, int, int, int]]:
    """Everybody with experience: id, name, level, experience, messages, seconds in voice; the highest first."""
    with Session(engine()) as session:
        return [
            (row.user_id, row.name, row.level, row.xp, row.messages, row.voice_seconds)
            for row in session.execute(_EVERYBODY, {"guild": guild_id})
        ]
