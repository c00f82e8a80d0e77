"""Prizes that are drawn among those who join."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Moment, Snowflake, SnowflakeKey


class Giveaway(Base):
    """A giveaway; its id is that of the command that made it.

    The seed stays here until the draw; what people see before is its hash, so that neither side can choose the winners
    afterwards. `changes` counts what the message in the channel has to show, and `shown` what it shows.
    """

    __tablename__ = "giveaways"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'ended', 'cancelled')", name="status"),
        CheckConstraint("prize_kind IN ('coins', 'item', 'other')", name="prize_kind"),
        CheckConstraint("prize_amount > 0", name="prize_amount"),
        CheckConstraint("winners BETWEEN 1 AND 50", name="winners"),
        Index("ix_giveaways_guild_id", "guild_id", "status"),
        Index("ix_giveaways_due", "ends_at", postgresql_where=text("status = 'active'")),
        Index("ix_giveaways_unshown", "id", postgresql_where=text("changes <> shown")),
    )

    id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    host_id: Mapped[Snowflake | None]
    title: Mapped[str] = mapped_column(Text)
    prize_kind: Mapped[str] = mapped_column(Text)
    # The item, or what the host hands over themselves.
    prize: Mapped[str] = mapped_column(Text)
    # Coins or items for each winner.
    prize_amount: Mapped[Snowflake] = mapped_column(server_default=text("1"))
    winners: Mapped[int] = mapped_column(SmallInteger)
    language: Mapped[str] = mapped_column(Text)
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Text, server_default="active")
    ends_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    changes: Mapped[int] = mapped_column(server_default=text("0"))
    shown: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]


class GiveawayEntry(Base):
    """A member who joined; `place` is the winner's place in the draw (1 is the first)."""

    __tablename__ = "giveaway_entries"
    __table_args__ = (Index("ix_giveaway_entries_user", "guild_id", "user_id"),)

    guild_id: Mapped[Snowflake]
    giveaway_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    joined_at: Mapped[CreatedAt]
    place: Mapped[int | None] = mapped_column(SmallInteger)
