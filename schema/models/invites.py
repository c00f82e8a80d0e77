"""Who came by whose invite, and what it earned."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Moment, Snowflake, SnowflakeKey

STATES = ("waiting", "pending", "unknown", "young", "left", "rewarded", "revoked")


class InviteUses(Base):
    """How often each invite of a guild was used when Discord was last asked: {"code": uses}; JSON null: never asked.

    `held` are uses that no arrival was there for, in the same form, and `held_since` when the first of them was seen.
    """

    __tablename__ = "invite_uses"

    guild_id: Mapped[SnowflakeKey]
    uses: Mapped[dict[str, Any]] = mapped_column(JSONB)
    held: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    held_since: Mapped[CreatedAt]
    asked_at: Mapped[CreatedAt]


class InviteArrival(Base):
    """A member's arrival: by whose invite, and whether it was rewarded, which happens once for each person.

    `waiting` until Discord was asked which invite was used; `pending` until the stay is long enough; `unknown` where
    no invite explains it; `young` where the account was too new. A later arrival replaces one that was never rewarded.
    """

    __tablename__ = "invite_arrivals"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        CheckConstraint("inviter_id <> user_id", name="somebody_else"),
        Index("ix_invite_arrivals_inviter", "guild_id", "inviter_id", "state"),
        Index("ix_invite_arrivals_open", "guild_id", "seq", postgresql_where=text("state IN ('waiting', 'pending')")),
        Index(
            "ix_invite_arrivals_to_revoke",
            "guild_id",
            "user_id",
            postgresql_where=text("state = 'rewarded' AND left_at IS NOT NULL"),
        ),
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    # What its coins are entered under: it names nobody.
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    # The number of the newest event that told of it.
    seq: Mapped[Snowflake]
    joined_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    code: Mapped[str | None] = mapped_column(Text)
    inviter_id: Mapped[Snowflake | None]
    # False where several came at once by several people's invites: how many each brought is certain, whom is not.
    is_certain: Mapped[bool] = mapped_column(server_default=text("true"))
    left_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rewarded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
