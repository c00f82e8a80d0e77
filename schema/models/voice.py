"""Time in voice channels."""

from datetime import datetime

from sqlalchemy import DateTime, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, Moment, Snowflake, SnowflakeKey


class VoiceSession(Base):
    """One voice state of a member, until the next one; a row without a channel says that they left.

    Rows of departures are needed as much as the others: one may come before the arrival that it ends.
    """

    __tablename__ = "voice_sessions"
    __table_args__ = (
        Index(
            "ix_voice_sessions_open",
            "guild_id",
            "user_id",
            postgresql_where=text("ended_at IS NULL AND channel_id IS NOT NULL"),
        ),
        Index("ix_voice_sessions_started_at", "started_at"),
        Index("ix_voice_sessions_ended_at", "guild_id", "ended_at", postgresql_where=text("channel_id IS NOT NULL")),
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    seq: Mapped[SnowflakeKey]
    channel_id: Mapped[Snowflake | None]
    session_id: Mapped[str | None] = mapped_column(Text)
    # 1 self-mute, 2 self-deaf, 4 mute, 8 deaf, 16 suppressed.
    flags: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    started_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class VoiceStamp(Base):
    """Until when everything about voice in a guild is stored: what the rows say of the time before does not change."""

    __tablename__ = "voice_stamps"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    guild_id: Mapped[SnowflakeKey]
    heard_at: Mapped[Moment]
