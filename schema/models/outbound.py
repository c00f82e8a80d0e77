"""What the bot says on its own account, and which commands Discord knows."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Moment, Snowflake, SnowflakeKey


class OutboundPost(Base):
    """A post to a channel or, at the person's wish, to a person; written with the fact that it tells of.

    It is waiting while `sent_at` and `failed_at` are NULL; `confirmed_at` says that its nonce was seen in the channel.
    """

    __tablename__ = "outbound_posts"
    __table_args__ = (
        CheckConstraint("num_nonnulls(channel_id, user_id) = 1", name="one_target"),
        UniqueConstraint("nonce"),
        UniqueConstraint("guild_id", "dedupe_key"),
        Index(
            "ix_outbound_posts_waiting",
            "due_at",
            postgresql_where=text("sent_at IS NULL AND failed_at IS NULL"),
        ),
        Index("ix_outbound_posts_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake | None]
    user_id: Mapped[Snowflake | None]
    # The member that the post speaks of, so that an erasure finds it.
    subject_id: Mapped[Snowflake | None]
    nonce: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    dedupe_key: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    due_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(server_default="0")
    first_tried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    message_id: Mapped[Snowflake | None]
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)


class SyncedCommands(Base):
    """The hash of the application commands that Discord has, so that they are sent only when they changed."""

    __tablename__ = "synced_commands"

    application_id: Mapped[SnowflakeKey]
    hash: Mapped[str] = mapped_column(Text)
    synced_at: Mapped[CreatedAt]
