"""The lottery: its draws, and who bought which tickets."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey


class LotteryDraw(Base):
    """One Sunday's draw; open until `drawn_at`, and a guild has one open draw at most.

    `seed` is secret until the draw, its hash is not. The jackpot itself lies in the ledger of coins.
    """

    __tablename__ = "lottery_draws"
    __table_args__ = (
        CheckConstraint("sold >= 0", name="sold"),
        CheckConstraint("octet_length(seed) = 32", name="seed"),
        # The day in the guild's own calendar, so that no change of its time zone draws twice.
        UniqueConstraint("guild_id", "day"),
        Index("ix_lottery_draws_open", "guild_id", unique=True, postgresql_where=text("drawn_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    guild_id: Mapped[Snowflake]
    day: Mapped[date] = mapped_column(Date)
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    sold: Mapped[Snowflake] = mapped_column(server_default=text("0"))
    opened_at: Mapped[CreatedAt]
    drawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # What the winner got, or what was kept for the next draw.
    jackpot: Mapped[Snowflake | None]
    # Tickets drawn before this one belonged to people who had themselves erased.
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    winning_ticket: Mapped[Snowflake | None]
    winner_id: Mapped[Snowflake | None]


class LotteryPurchase(Base):
    """Tickets that one member bought at once: all numbers from the first to the last."""

    __tablename__ = "lottery_purchases"
    __table_args__ = (
        CheckConstraint("first_ticket > 0 AND last_ticket >= first_ticket", name="tickets"),
        Index("ix_lottery_purchases_user", "guild_id", "user_id"),
    )

    guild_id: Mapped[SnowflakeKey]
    draw_id: Mapped[SnowflakeKey]
    first_ticket: Mapped[SnowflakeKey]
    last_ticket: Mapped[Snowflake]
    user_id: Mapped[Snowflake]
    bought_at: Mapped[CreatedAt]
