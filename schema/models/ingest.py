"""The books of ingest: what was applied, what was refused, what could not be, and how far each channel is complete."""

from datetime import date

from sqlalchemy import BigInteger, Date, Identity, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey


class IngestBatch(Base):
    """A batch that is committed; its row is what makes a second delivery do nothing."""

    __tablename__ = "ingest_batches"
    __table_args__ = (Index("ix_ingest_batches_applied_at", "applied_at"),)

    batch_id: Mapped[str] = mapped_column(Text, primary_key=True)
    events: Mapped[int]
    applied_at: Mapped[CreatedAt]


class EventOutcome(Base):
    """How many events of a guild were not stored on one day, by reason (`expired`, `refused`)."""

    __tablename__ = "event_outcomes"

    guild_id: Mapped[SnowflakeKey]
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    outcome: Mapped[str] = mapped_column(Text, primary_key=True)
    events: Mapped[Snowflake]


class ChannelWatermark(Base):
    """Up to and including `complete_to`, nothing of this channel is missing."""

    __tablename__ = "channel_watermarks"

    guild_id: Mapped[SnowflakeKey]
    channel_id: Mapped[SnowflakeKey]
    complete_to: Mapped[Snowflake]
    seq: Mapped[Snowflake]


class DeadLetter(Base):
    """An event that could not be applied, as it came; personal data, so it is erased with its user and kept 30 days."""

    __tablename__ = "dead_letters"
    __table_args__ = (Index("ix_dead_letters_created_at", "created_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    queue: Mapped[str] = mapped_column(Text)
    entry_id: Mapped[str] = mapped_column(Text)
    event_type: Mapped[str | None] = mapped_column(Text)
    guild_id: Mapped[Snowflake | None]
    user_id: Mapped[Snowflake | None]
    # What was wrong, without what anybody wrote.
    reason: Mapped[str] = mapped_column(Text)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]


class BotSequence(Base):
    """Up to where event numbers are given out (row 0: to all bots of this database)."""

    __tablename__ = "bot_sequences"

    bot_id: Mapped[SnowflakeKey]
    reserved: Mapped[Snowflake]
