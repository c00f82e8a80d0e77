"""Who must not be recorded, and what must not come back."""

from datetime import datetime

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Moment, Snowflake, SnowflakeKey


class OptOut(Base):
    """From now on nothing of this member is kept in this guild (guild 0: direct messages)."""

    __tablename__ = "opt_outs"

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    since: Mapped[CreatedAt]


class Erasure(Base):
    """What this member did in this guild before this moment is erased, and must not be stored again.

    Batches that were under way, the spool, dead letters and a backfill would bring it back: ingest refuses a message
    whose id is below `below_id`, and any other event that happened before `erased_at`.
    """

    __tablename__ = "erasures"

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    erased_at: Mapped[Moment]
    below_id: Mapped[Snowflake]
    # NULL while rows of before are still being deleted.
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
