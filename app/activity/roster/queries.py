"""Members and roles as they are stored, to compare them with what Discord lists."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.activity.roster.rules import Stored, StoredRole
from app.core.db import engine

_PEOPLE = text(
    "SELECT members.user_id, users.name, users.display_name, members.nick, members.roles"
    " FROM members LEFT JOIN users ON users.id = members.user_id"
    " WHERE members.guild_id = :guild AND members.user_id = ANY(:ids) AND members.left_at IS NULL"
)
_ROLES = text("SELECT id, name, position, permissions, color FROM roles WHERE guild_id = :guild AND deleted_at IS NULL")


def people(guild_id: int, user_ids: Sequence[int]) -> dict[int, Stored]:
    """Those of these people who are stored as members."""
    with Session(engine()) as session:
        rows = session.execute(_PEOPLE, {"guild": guild_id, "ids": list(user_ids)})
        return {row.user_id: (row.name, row.display_name, row.nick, frozenset(row.roles)) for row in rows}


def roles(guild_id: int) -> dict[int, StoredRole]:
    """The guild's roles."""
    with Session(engine()) as session:
        rows = session.execute(_ROLES, {"guild": guild_id})
        return {row.id: (row.name, row.position, row.permissions, row.color) for row in rows}
