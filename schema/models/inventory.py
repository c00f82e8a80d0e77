"""Bags: who has which items, every change of them, and whose multiplier is active."""

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey

_ITEM = "item IN ('jackpot', 'multiplier_x2', 'multiplier_x3')"


class InventoryItem(Base):
    """How many of an item a member has: always the sum of its changes, and never below zero."""

    __tablename__ = "inventory_items"
    __table_args__ = (
        CheckConstraint(_ITEM, name="item"),
        CheckConstraint("quantity >= 0", name="quantity"),
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    item: Mapped[str] = mapped_column(Text, primary_key=True)
    quantity: Mapped[Snowflake]


class InventoryChange(Base):
    """Items that came (positive) or went (negative).

    `key` is what for (a game, a level, an interaction): a second change under the same key is never written.
    """

    __tablename__ = "inventory_changes"
    __table_args__ = (
        CheckConstraint(_ITEM, name="item"),
        CheckConstraint("quantity <> 0", name="quantity"),
        Index("ix_inventory_changes_user", "guild_id", "user_id"),
    )

    guild_id: Mapped[SnowflakeKey]
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[Snowflake]
    item: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Snowflake]
    # The person who caused it; NULL where the house did by itself.
    actor_id: Mapped[Snowflake | None]
    created_at: Mapped[CreatedAt]


class ActiveMultiplier(Base):
    """The one multiplier of a member that counts now; its row goes with its last game."""

    __tablename__ = "active_multipliers"
    __table_args__ = (
        CheckConstraint("factor IN (2, 3)", name="factor"),
        CheckConstraint("games_left > 0", name="games_left"),
    )

    # The key leaves room for one only.
    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    factor: Mapped[int] = mapped_column(SmallInteger)
    games_left: Mapped[int] = mapped_column(SmallInteger)
    activated_at: Mapped[CreatedAt]
