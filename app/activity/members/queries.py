"""What is stored of members."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.cache.namespace import Namespace, member
from app.core.db import engine

_PRESENT = text("SELECT user_id FROM members WHERE guild_id = :guild AND left_at IS NULL ORDER BY user_id")


def present(guild_id: int) -> list[int]:
    """The guild's members who are not known to have left."""
    with Session(engine()) as session:
        return list(session.scalars(_PRESENT, {"guild": guild_id}))


_MEMBER = text(
    "SELECT users.name, users.display_name, members.nick, members.roles, members.joined_at, members.left_at"
    " FROM members LEFT JOIN users ON users.id = members.user_id"
    " WHERE members.guild_id = :guild AND members.user_id = :user"
)


@dataclass(frozen=True)
class Person:
    """A member as the newest event named them."""

    name: str | None
    display_name: str | None
    nick: str | None
    roles: tuple[int, ...]
    joined_at: datetime | None
    left_at: datetime | None

    @property
    def called(self) -> str | None:
        """What the guild sees: the nickname, else the name that the person shows everywhere."""
        return self.nick or self.display_name or self.name


def _load(guild_id: int, user_id: int) -> Person | None:
    with Session(engine()) as session:
        row = session.execute(_MEMBER, {"guild": guild_id, "user": user_id}).one_or_none()
    if row is None:
        return None
    return Person(row.name, row.display_name, row.nick, tuple(row.roles), row.joined_at, row.left_at)


# Every message names its author, so no process holds them itself.
MEMBERS = Namespace("member", Person, load=_load, seconds=600, tags=lambda _, user_id: (member(user_id),), local=0)


def person(guild_id: int, user_id: int) -> Person | None:
    """The member, or None when nothing is known of them in this guild."""
    return MEMBERS.get(guild_id, user_id)
