"""How each command that changes something ended; who inserts the row first, decides."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey


class Outcome(Base):
    """The end of one command: `done` or `refused` by a worker, `expired` by the bot at the deadline.

    The key is the interaction's id (for the prefix form, the message's).
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        CheckConstraint("state IN ('done', 'refused', 'expired')", name="state"),
        Index("ix_outcomes_created_at", "created_at"),
        Index("ix_outcomes_user_id", "user_id"),
    )

    interaction_id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    user_id: Mapped[Snowflake]
    command: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
