"""Roles that come with a level: what members are to have, and carrying it out in Discord.

The wish of each (member, role) is one row, and each new wish counts its version up. A task carries the newest wish out
and closes it only if it is still the newest, so giving and taking may be repeated and overtaken without harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import choices, posts, queue
from app.core.db import UnitOfWork
from app.core.translations import _, speaking

CHANGE = "outbound.level_role"
# While a worker has a change in hand, no sweep offers it.
_LEASE = timedelta(seconds=60)

# A role that the member never got from us is not taken; the same wish as before is repeated only where it failed.
_SYNC = text(
    "INSERT INTO level_role_changes (guild_id, user_id, role_id, is_wanted)"
    " SELECT guild_id, :user, role_id, :level >= level FROM level_roles"
    " WHERE guild_id = :guild AND (:level >= level OR EXISTS (SELECT FROM level_role_changes c"
    "   WHERE c.guild_id = level_roles.guild_id AND c.user_id = :user AND c.role_id = level_roles.role_id))"
    " ORDER BY role_id ON CONFLICT (guild_id, user_id, role_id) DO UPDATE SET is_wanted = excluded.is_wanted,"
    " version = level_role_changes.version + 1, due_at = now(), attempts = 0, done_at = NULL, failed_at = NULL"
    " WHERE level_role_changes.is_wanted <> excluded.is_wanted OR level_role_changes.failed_at IS NOT NULL"
    " RETURNING role_id"
)
_SYNC_ALL = text(
    "INSERT INTO level_role_changes (guild_id, user_id, role_id, is_wanted)"
    " SELECT l.guild_id, l.user_id, :role, true FROM member_levels l WHERE l.guild_id = :guild AND l.level >= :level"
    " AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = l.guild_id AND o.user_id = l.user_id)"
    " ORDER BY l.user_id ON CONFLICT (guild_id, user_id, role_id) DO UPDATE SET is_wanted = true,"
    " version = level_role_changes.version + 1, due_at = now(), attempts = 0, done_at = NULL, failed_at = NULL"
    " WHERE NOT level_role_changes.is_wanted OR level_role_changes.failed_at IS NOT NULL RETURNING 1"
)
_TAKE_ALL = text(
    "UPDATE level_role_changes c SET is_wanted = false, version = c.version + 1, due_at = now(), attempts = 0,"
    " done_at = NULL, failed_at = NULL FROM level_roles r, member_levels l"
    " WHERE c.guild_id = :guild AND c.is_wanted AND r.guild_id = c.guild_id AND r.role_id = c.role_id"
    " AND l.guild_id = c.guild_id AND l.user_id = c.user_id AND l.level < r.level"
)
_TAKE = text(
    "UPDATE level_role_changes SET attempts = attempts + 1, due_at = :lease FROM ("
    "   SELECT guild_id, user_id, role_id FROM level_role_changes WHERE guild_id = :guild AND user_id = :user"
    "   AND role_id = :role AND done_at IS NULL AND failed_at IS NULL AND due_at <= :now FOR UPDATE SKIP LOCKED"
    " ) f WHERE level_role_changes.guild_id = f.guild_id AND level_role_changes.user_id = f.user_id"
    " AND level_role_changes.role_id = f.role_id"
    " RETURNING level_role_changes.is_wanted, level_role_changes.version, level_role_changes.attempts"
)
_CLOSE = text(
    "UPDATE level_role_changes SET done_at = :now, last_error = NULL"
    " WHERE guild_id = :guild AND user_id = :user AND role_id = :role AND version = :version"
)
_GIVE_UP = text(
    "UPDATE level_role_changes SET failed_at = :now, last_error = :reason"
    " WHERE guild_id = :guild AND user_id = :user AND role_id = :role AND version = :version"
)
_PUT_OFF = text(
    "UPDATE level_role_changes SET due_at = :until, last_error = :reason"
    " WHERE guild_id = :guild AND user_id = :user AND role_id = :role AND version = :version"
)
_DUE = text(
    "SELECT guild_id, user_id, role_id FROM level_role_changes"
    " WHERE done_at IS NULL AND failed_at IS NULL AND due_at <= :now ORDER BY due_at LIMIT :limit"
)


@dataclass(frozen=True)
class Change:
    """A role that a worker is to give or take."""

    guild_id: int
    user_id: int
    role_id: int
    is_wanted: bool
    version: int
    attempts: int

    @property
    def key(self) -> dict[str, int]:
        """The values that find its row."""
        return {"guild": self.guild_id, "user": self.user_id, "role": self.role_id, "version": self.version}


def sync(uow: UnitOfWork, guild_id: int, user_id: int, level: int) -> None:
    """Want the roles that this level brings, and no longer those that it does not bring and that we gave."""
    values = {"guild": guild_id, "user": user_id, "level": level}
    for role in uow.session.scalars(_SYNC, values).all():
        uow.after_commit(partial(queue.send, CHANGE, guild_id, user_id, role))


def sync_all(session: Session, guild_id: int, role_id: int, level: int) -> int:
    """Want this role for everybody at this level or above; for how many it is new. A sweep carries it out."""
    return len(session.execute(_SYNC_ALL, {"guild": guild_id, "role": role_id, "level": level}).all())


def take_all(session: Session, guild_id: int) -> None:
    """Want no longer what we gave to members who are below its level now. A sweep carries it out."""
    session.execute(_TAKE_ALL, {"guild": guild_id})


def take(session: Session, guild_id: int, user_id: int, role_id: int, now: datetime) -> Change | None:
    """The change with this attempt counted, or None when it is done, not due, or in another worker's hands."""
    values = {"guild": guild_id, "user": user_id, "role": role_id, "now": now, "lease": now + _LEASE}
    row = session.execute(_TAKE, values).one_or_none()
    return Change(guild_id, user_id, role_id, *row) if row else None


def close(session: Session, change: Change, now: datetime) -> None:
    """Discord did it; a newer wish stays open."""
    session.execute(_CLOSE, {**change.key, "now": now})


def give_up(uow: UnitOfWork, change: Change, now: datetime, reason: str, *, is_told: bool) -> None:
    """Discord refuses it, and would again; the log channel hears of it once for each role."""
    uow.session.execute(_GIVE_UP, {**change.key, "now": now, "reason": reason[:500]})
    channel = choices.log_channel(uow.session, change.guild_id)
    if not is_told or channel is None:
        return
    with speaking(choices.load(uow.session, change.guild_id).language):
        text = _(
            "⚠️ I cannot give or take the role {role} for a level: {reason}. I need the permission to manage roles, and"
            " my own role must stand above it. Then use /leveling role add again."
        ).format(role=f"<@&{change.role_id}>", reason=reason[:100])
    posts.owe(
        uow,
        guild_id=change.guild_id,
        channel_id=channel,
        kind="leveling",
        dedupe_key=f"level-role-refused:{change.role_id}",
        body={"content": text},
    )


def put_off(session: Session, change: Change, until: datetime, reason: str) -> None:
    """Try it again then."""
    session.execute(_PUT_OFF, {**change.key, "until": until, "reason": reason[:500]})


def due(session: Session, now: datetime, limit: int = 200) -> list[Mapping[str, int]]:
    """Changes whose time has come, oldest first."""
    return [dict(row) for row in session.execute(_DUE, {"now": now, "limit": limit}).mappings()]
