"""People: who they are everywhere, and what they are and did in each guild."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, Date, DateTime, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey

_NONE = text("0")


class User(Base):
    """A person as the newest event named them; a row goes when no guild knows the person any more."""

    __tablename__ = "users"

    id: Mapped[SnowflakeKey]
    name: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str] = mapped_column(Text)
    is_bot: Mapped[bool] = mapped_column(server_default=text("false"))
    seq: Mapped[Snowflake] = mapped_column(server_default=_NONE)


class Member(Base):
    """A person in a guild, with totals.

    `message_count` is the number of message rows that were ever stored for them here, deleted ones included, and
    `last_message_at` when the newest of them was written.
    """

    __tablename__ = "members"
    # Totals change all the time: room on each page keeps such an update from touching the indexes.
    __table_args__ = (
        Index("ix_members_user_id", "user_id"),
        Index(
            "ix_members_voice",
            "guild_id",
            text("voice_seconds DESC"),
            "user_id",
            postgresql_where=text("voice_seconds > 0 AND left_at IS NULL"),
        ),
        Index("ix_members_gone", "guild_id", "user_id", postgresql_where=text("left_at IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 80}},
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    nick: Mapped[str | None] = mapped_column(Text)
    roles: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    joined_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    left_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # The invite of the newest arrival, and that arrival's number: other events do not know it.
    invite_code: Mapped[str | None] = mapped_column(Text)
    invite_seq: Mapped[Snowflake] = mapped_column(server_default=_NONE)
    first_seen: Mapped[CreatedAt]
    message_count: Mapped[Snowflake] = mapped_column(server_default=_NONE)
    last_message_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    voice_seconds: Mapped[Snowflake] = mapped_column(server_default=_NONE)
    seq: Mapped[Snowflake] = mapped_column(server_default=_NONE)
    presence_seq: Mapped[Snowflake] = mapped_column(server_default=_NONE)


class DailyActivity(Base):
    """What a member did on one day (UTC)."""

    __tablename__ = "daily_activity"
    __table_args__ = (
        Index("ix_daily_activity_guild_id_day", "guild_id", "day"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    messages: Mapped[int] = mapped_column(server_default=_NONE)
    voice_seconds: Mapped[int] = mapped_column(server_default=_NONE)
