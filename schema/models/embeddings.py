"""What makes a message findable: its words, its vectors, and who is computing them.

The message's own row says whether there is work (`messages.embedding_stale_at`); none of these rows does.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, HalfVector, Moment, Snowflake, SnowflakeKey


class MessageTerms(Base):
    """The words of one message: its language's stems with weight A, the exact forms with weight D.

    One more lexeme, a space and the guild's id, lets the GIN index answer for one guild alone; no word has a space.

    A table of its own, because the words of a message stay findable when its vectors are pruned or replaced, are
    there before any vector is, and cost the ingest path nothing: the GIN index is fed by the embeddings worker.
    """

    __tablename__ = "message_terms"
    __table_args__ = (
        Index("ix_message_terms_guild_id_message_id", "guild_id", "message_id"),
        # What stands before and after a message.
        Index("ix_message_terms_channel_id_message_id", "channel_id", "message_id"),
        Index("ix_message_terms_terms", "terms", postgresql_using="gin"),
    )

    message_id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    author_id: Mapped[Snowflake]
    # A name of a text search configuration; not `regconfig`, which pg_upgrade refuses.
    language: Mapped[str] = mapped_column(Text)
    terms: Mapped[str] = mapped_column(TSVECTOR)
    # How many different stems.
    words: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    # Bits: 1 it asks something, 2 it tells of a time.
    traits: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))


class MessageVector(Base):
    """One message, or a part of a long one, as one model sees it.

    The model is part of the key, so that search goes on with the old model's vectors while a new one's are made.
    `content_hash` is that of the part. Guilds with many get an index of their nearest ones (`vectors.graphs`).
    """

    __tablename__ = "message_vectors"
    __table_args__ = (
        CheckConstraint("vector_dims(embedding) = dims", name="dims"),
        Index("ix_message_vectors_guild_id_model_message_id", "guild_id", "model", "message_id"),
    )

    message_id: Mapped[SnowflakeKey]
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("0"))
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    author_id: Mapped[Snowflake]
    dims: Mapped[int] = mapped_column(SmallInteger)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    embedding: Mapped[str] = mapped_column(HalfVector)
    created_at: Mapped[CreatedAt]


class EmbeddingClaim(Base):
    """A message that a worker has in hand until this moment; a claim that runs out frees it for another.

    It goes when the vector is written. `attempts` counts claims that ended otherwise, and spaces the next ones out.
    `cache_keys` says where in Redis a vector may lie that no row tells of yet.
    """

    __tablename__ = "embedding_claims"

    message_id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    claimed_until: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    cache_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class GuildModel(Base):
    """The model whose vectors a guild searches, and how far it is on the way to another's."""

    __tablename__ = "guild_models"

    guild_id: Mapped[SnowflakeKey]
    model: Mapped[str] = mapped_column(Text)
    target: Mapped[str | None] = mapped_column(Text)
    # Messages with ids below this are still to be looked at; NULL when the walk is over.
    below: Mapped[int | None] = mapped_column(BigInteger)
    # Whether vectors of other models are still to be deleted.
    has_leftovers: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class EmbeddingFailure(Base):
    """A text that no attempt could embed: it is left alone until it changes, another model comes, or somebody asks."""

    __tablename__ = "embedding_failures"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    item_id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    model: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(Text)
    failed_at: Mapped[CreatedAt]
