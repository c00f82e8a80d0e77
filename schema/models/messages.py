"""Messages, what they said before, and reactions to them.

All are partitioned by the week in their message's id, so that retention drops a partition. Nothing may have a foreign
key to them, because that would prevent it.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, Moment, Snowflake, SnowflakeKey


class Message(Base):
    """A message. One whose deletion came before its creation has no author yet: it is a placeholder, not counted."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("deleted_at IS NULL OR content IS NULL", name="deleted_is_blank"),
        CheckConstraint("author_id IS NOT NULL OR deleted_at IS NOT NULL", name="placeholder_is_deleted"),
        Index("ix_messages_channel_id_id", "channel_id", "id"),
        Index("ix_messages_author_id_guild_id", "author_id", "guild_id"),
        Index("ix_messages_stale", "id", postgresql_where=text("embedding_stale_at IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    author_id: Mapped[Snowflake | None]
    # NULL in a guild that only counts, and when the message is deleted.
    content: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    reply_to: Mapped[Snowflake | None]
    attachments: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    seq: Mapped[Snowflake]
    edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # Since when the search index does not show this text; NULL when there is nothing to do.
    embedding_stale_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class MessageRevision(Base):
    """A text that a message had before its present one."""

    __tablename__ = "message_revisions"
    __table_args__ = ({"postgresql_partition_by": "RANGE (message_id)"},)

    message_id: Mapped[SnowflakeKey]
    # When it was written: the message's own time, or that of the edit which brought this text.
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    guild_id: Mapped[Snowflake]
    content: Mapped[str] = mapped_column(Text)
    seq: Mapped[Snowflake]


class Reaction(Base):
    """A reaction; one that was taken back stays as a tombstone, so that no late event brings it back."""

    __tablename__ = "reactions"
    __table_args__ = (
        Index("ix_reactions_user_id_guild_id", "user_id", "guild_id"),
        {"postgresql_partition_by": "RANGE (message_id)"},
    )

    message_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    emoji: Mapped[str] = mapped_column(Text, primary_key=True)
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    # When the newest event about it happened.
    reacted_at: Mapped[Moment]
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seq: Mapped[Snowflake]


class ReactionClear(Base):
    """Reactions to this message (with this emoji; empty: with any) that are older than `seq` are gone."""

    __tablename__ = "reaction_clears"

    message_id: Mapped[SnowflakeKey]
    emoji: Mapped[str] = mapped_column(Text, primary_key=True)
    guild_id: Mapped[Snowflake]
    cleared_at: Mapped[Moment]
    seq: Mapped[Snowflake]
