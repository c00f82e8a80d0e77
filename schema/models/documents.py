"""Documents made of rows, their vectors, and what of them lies in a store elsewhere."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, HalfVector, Snowflake, SnowflakeKey


class Document(Base):
    """A text made of rows, such as a channel's day, and whether it is in the store as they have it; it is not kept.

    `stale_at` says since when it is not. `cut` counts what was taken out of it: what was made before is never stored.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("guild_id", "url"),
        Index("ix_documents_guild_id_channel_id_day", "guild_id", "channel_id", "day"),
        Index("ix_documents_stale", "day", postgresql_where=text("stale_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    guild_id: Mapped[Snowflake]
    source: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    section: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # NULL where it belongs to the whole guild, and where it belongs to no day.
    channel_id: Mapped[Snowflake | None]
    day: Mapped[date | None] = mapped_column(Date)
    messages: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tokens: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    cut: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    stored_model: Mapped[str | None] = mapped_column(Text)
    stored_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    stale_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    touched_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    claimed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    # Where in Redis vectors of its passages may lie that no row tells of yet.
    cache_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]


class DocumentVector(Base):
    """One passage of a document as one model sees it; whatever takes the document takes it."""

    __tablename__ = "document_vectors"
    __table_args__ = (
        CheckConstraint("vector_dims(embedding) = dims", name="dims"),
        Index("ix_document_vectors_guild_id_model", "guild_id", "model"),
    )

    document_id: Mapped[SnowflakeKey]
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake | None]
    dims: Mapped[int] = mapped_column(SmallInteger)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    embedding: Mapped[str] = mapped_column(HalfVector)
    created_at: Mapped[CreatedAt]


class VectorStore(Base):
    """A guild's store elsewhere. The mark in its metadata and in its files' names tells ours from others."""

    __tablename__ = "vector_stores"

    guild_id: Mapped[SnowflakeKey]
    mark: Mapped[str] = mapped_column(Text, unique=True)
    store_id: Mapped[str | None] = mapped_column(Text)
    checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]


class StoreFile(Base):
    """A file elsewhere, from before it is there until it is gone: the row is the promise to remove it."""

    __tablename__ = "store_files"
    __table_args__ = (
        CheckConstraint("state IN ('uploading', 'uploaded', 'attaching', 'attached', 'removing')", name="state"),
        Index("ix_store_files_guild_id_state", "guild_id", "state"),
        Index("ix_store_files_document_id", "document_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    guild_id: Mapped[Snowflake]
    # No foreign key: the row outlives its document until the file is gone.
    document_id: Mapped[int] = mapped_column(BigInteger)
    cut: Mapped[int] = mapped_column(Integer)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    filename: Mapped[str] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(Text, server_default=text("'uploading'"))
    file_id: Mapped[str | None] = mapped_column(Text)
    batch_id: Mapped[str | None] = mapped_column(Text)
    messages: Mapped[int] = mapped_column(Integer)
    tokens: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]
