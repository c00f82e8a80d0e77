"""What a guild's rows say of one member."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.cache.namespace import Namespace, member
from app.core.db import engine

_PROFILE = text(
    """
    SELECT member.message_count AS messages, member.last_message_at, member.voice_seconds,
           member.first_seen, member.joined_at,
           (SELECT count(*) FROM daily_activity AS day
             WHERE day.guild_id = member.guild_id AND day.user_id = member.user_id
               AND (day.messages > 0 OR day.voice_seconds > 0)) AS active_days
      FROM members AS member
     WHERE member.guild_id = :guild AND member.user_id = :user
    """
)


@dataclass(frozen=True)
class Profile:
    """A member's totals in one guild."""

    messages: int
    last_message_at: datetime | None
    voice_seconds: int
    active_days: int
    first_seen: datetime | None
    joined_at: datetime | None


def _load(guild_id: int, user_id: int) -> Profile | None:
    with engine().connect() as connection:
        row = connection.execute(_PROFILE, {"guild": guild_id, "user": user_id}).mappings().one_or_none()
    return None if row is None else Profile(**row)


# Totals change with every message, so no process holds them itself, and forgetting them need not be told to any.
PROFILES = Namespace("profile", Profile, load=_load, seconds=60, tags=lambda _, user_id: (member(user_id),), local=0)


def profile(guild_id: int, user_id: int) -> Profile | None:
    """The member's totals, or None when nothing is known of them in this guild."""
    return PROFILES.get(guild_id, user_id)
