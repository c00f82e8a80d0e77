"""Standings that are counted from other rows, and what the guilds' leaderboard messages show."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey


class Standing(Base):
    """How many rows of another table count for a member: people invited, games won.

    Triggers keep it, so that it changes in the transaction of what it counts, whoever writes that.
    """

    __tablename__ = "standings"
    __table_args__ = (
        CheckConstraint("board IN ('invites', 'games')", name="board"),
        Index("ix_standings_ranking", "guild_id", "board", text("score DESC"), "user_id"),
    )

    guild_id: Mapped[SnowflakeKey]
    board: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[SnowflakeKey]
    score: Mapped[Snowflake] = mapped_column(server_default=text("0"))


class LeaderboardMarks(Base):
    """The scores at about a thousand places of a large board, from which ranks far down are told.

    `ranks` and `scores` belong together, best first; a guild whose board is small has no row.
    """

    __tablename__ = "leaderboard_marks"

    guild_id: Mapped[SnowflakeKey]
    board: Mapped[str] = mapped_column(Text, primary_key=True)
    ranks: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    scores: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    counted_at: Mapped[CreatedAt]


class LeaderboardMessage(Base):
    """The one message of a guild that shows its leaderboards, edited in place.

    `generation` is the number of the post: another channel, or a deleted message, begins a new one. `shown` is what
    the message shows, and NULL where that has to be written anew.
    """

    __tablename__ = "leaderboard_messages"

    guild_id: Mapped[SnowflakeKey]
    channel_id: Mapped[Snowflake]
    generation: Mapped[int]
    shown: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    shown_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
