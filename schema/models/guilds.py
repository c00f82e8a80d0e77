"""Guilds, their channels, roles and invites.

`seq` guards what such a thing is like, `presence_seq` whether it is there: the two are told by different events, and
each column keeps what the newest event about it said, in whatever order they came.
"""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey

_UNTOLD = text("0")


class Guild(Base):
    """A guild; row 0 stands for direct messages. `left_at` is when the bot left, and starts the purge's clock."""

    __tablename__ = "guilds"

    id: Mapped[SnowflakeKey]
    name: Mapped[str | None] = mapped_column(Text)
    owner_id: Mapped[Snowflake | None]
    member_count: Mapped[int | None]
    locale: Mapped[str | None] = mapped_column(Text)
    afk_channel_id: Mapped[Snowflake | None]
    joined_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    left_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)
    presence_seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)
    first_seen: Mapped[CreatedAt]


class Channel(Base):
    """A channel or thread; one known only from its messages has no name yet."""

    __tablename__ = "channels"
    __table_args__ = (
        Index("ix_channels_guild_id", "guild_id"),
        Index("ix_channels_to_blank", "id", postgresql_where=text("deleted_at IS NOT NULL AND blanked_at IS NULL")),
    )

    id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    kind: Mapped[int | None] = mapped_column(SmallInteger)
    name: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[Snowflake | None]
    is_archived: Mapped[bool] = mapped_column(server_default=text("false"))
    # Of a forum: the names of its tags by their ids. Of a post in one: the ids of those it bears, also of removed ones.
    available_tags: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    applied_tags: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # When the messages that went with the channel had all been blanked.
    blanked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)
    presence_seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)


class Role(Base):
    """A role of a guild."""

    __tablename__ = "roles"
    __table_args__ = (Index("ix_roles_guild_id", "guild_id"),)

    id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    name: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int | None]
    permissions: Mapped[Snowflake | None]
    color: Mapped[int | None]
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)
    presence_seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)


class Invite(Base):
    """An invite to a guild."""

    __tablename__ = "invites"

    guild_id: Mapped[SnowflakeKey]
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    channel_id: Mapped[Snowflake | None]
    inviter_id: Mapped[Snowflake | None]
    max_uses: Mapped[int | None]
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)
    presence_seq: Mapped[Snowflake] = mapped_column(server_default=_UNTOLD)
