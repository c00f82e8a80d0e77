"""Experience and levels: what members have, what brought it, and what is still owed for it."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey

_NONE = text("0")


class MemberLevel(Base):
    """A member's experience and the level that it makes; whoever has no row is at level 1 with nothing."""

    __tablename__ = "member_levels"
    __table_args__ = (
        CheckConstraint("xp >= 0", name="xp"),
        CheckConstraint("level >= 1", name="level"),
        Index("ix_member_levels_ranking", "guild_id", text("xp DESC"), "user_id", postgresql_where=text("is_ranked")),
        {"postgresql_with": {"fillfactor": 80}},
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    xp: Mapped[Snowflake] = mapped_column(server_default=_NONE)
    level: Mapped[int] = mapped_column(server_default=text("1"))
    # False while the member is away or opted out; triggers keep it.
    is_ranked: Mapped[bool] = mapped_column(server_default=text("true"))
    # When the newest message that brought something was written (Unix milliseconds); it only moves forward.
    message_ms: Mapped[Snowflake | None]
    # That message, and how often in a row its text brought something.
    message_id: Mapped[Snowflake | None]
    repeats: Mapped[int] = mapped_column(server_default=_NONE)
    # The newest day, by the guild's calendar, on which something was earned, and how much on it.
    day: Mapped[date | None] = mapped_column(Date)
    day_xp: Mapped[Snowflake] = mapped_column(server_default=_NONE)
    # The newest two-minute slot of time in voice that was counted, and how many in one stay.
    voice_slot: Mapped[Snowflake | None]
    voice_run: Mapped[int] = mapped_column(server_default=_NONE)
    # Whether the member wants to hear of new levels by direct message.
    wants_direct: Mapped[bool] = mapped_column(server_default=text("false"))


class LevelReward(Base):
    """A level that a member reached: what it brings is paid once, whatever admins add or remove afterwards."""

    __tablename__ = "level_rewards"
    __table_args__ = (
        Index("ix_level_rewards_user_id", "user_id"),
        Index("ix_level_rewards_open", "guild_id", "user_id", postgresql_where=text("paid_at IS NULL")),
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    level: Mapped[int] = mapped_column(primary_key=True)
    reached_at: Mapped[CreatedAt]
    # Where it happened, so that it can be told there.
    channel_id: Mapped[Snowflake | None]
    is_silent: Mapped[bool] = mapped_column(server_default=text("false"))
    # When it was paid and told; never taken back.
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # The import that brought it, which paid nothing.
    import_id: Mapped[Snowflake | None]


class ReactionXp(Base):
    """A reaction that was counted: one for each message and reactor, for ever, also where it brought nothing.

    Without an author the message is not known yet; a sweep looks again.
    """

    __tablename__ = "reaction_xp"
    __table_args__ = (
        Index("ix_reaction_xp_user_id", "user_id"),
        Index("ix_reaction_xp_author_id", "author_id"),
        Index("ix_reaction_xp_open", "created_at", postgresql_where=text("author_id IS NULL")),
    )

    message_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    author_id: Mapped[Snowflake | None]
    xp: Mapped[int] = mapped_column(SmallInteger, server_default=_NONE)
    created_at: Mapped[CreatedAt]


class LevelVoice(Base):
    """The newest two-minute slot up to which a guild's time in voice was counted."""

    __tablename__ = "level_voice"

    guild_id: Mapped[SnowflakeKey]
    slot: Mapped[Snowflake]


class XpMultiplier(Base):
    """What experience is worth in a channel, or to those who have a role, in percent; 0 means none at all."""

    __tablename__ = "xp_multipliers"
    __table_args__ = (
        CheckConstraint("kind IN ('channel', 'role')", name="kind"),
        CheckConstraint("percent BETWEEN 0 AND 1000", name="percent"),
    )

    guild_id: Mapped[SnowflakeKey]
    target_id: Mapped[SnowflakeKey]
    kind: Mapped[str] = mapped_column(Text)
    percent: Mapped[int]


class LevelRole(Base):
    """A role that members have from this level on."""

    __tablename__ = "level_roles"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 1000", name="level"),)

    guild_id: Mapped[SnowflakeKey]
    role_id: Mapped[SnowflakeKey]
    level: Mapped[int]


class LevelRoleChange(Base):
    """Whether a member is to have a role for their level; done once Discord took the newest wish."""

    __tablename__ = "level_role_changes"
    __table_args__ = (
        Index("ix_level_role_changes_user_id", "user_id"),
        Index(
            "ix_level_role_changes_waiting",
            "due_at",
            postgresql_where=text("done_at IS NULL AND failed_at IS NULL"),
        ),
    )

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    role_id: Mapped[SnowflakeKey]
    is_wanted: Mapped[bool]
    # Counts the wishes, so that a worker that carried out an older one does not close a newer one.
    version: Mapped[int] = mapped_column(server_default=text("1"))
    due_at: Mapped[CreatedAt]
    attempts: Mapped[int] = mapped_column(server_default=_NONE)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)


class XpChange(Base):
    """What an admin did to somebody's experience."""

    __tablename__ = "xp_changes"
    __table_args__ = (
        UniqueConstraint("guild_id", "key"),
        Index("ix_xp_changes_user_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    guild_id: Mapped[Snowflake]
    user_id: Mapped[Snowflake]
    actor_id: Mapped[Snowflake | None]
    # `add`, `remove`, `set`, `import` or `undo`.
    action: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    before: Mapped[Snowflake]
    after: Mapped[Snowflake]
    created_at: Mapped[CreatedAt]


class LevelImport(Base):
    """A file of levels from another bot: shown first, then applied, and perhaps undone."""

    __tablename__ = "level_imports"
    __table_args__ = (
        CheckConstraint("state IN ('shown', 'applied', 'undone')", name="state"),
        CheckConstraint("keep IN ('level', 'xp')", name="keep"),
    )

    id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    actor_id: Mapped[Snowflake | None]
    state: Mapped[str] = mapped_column(Text, server_default="shown")
    keep: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    applied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LevelImportRow(Base):
    """A member in an imported file: the experience it gives, and what was added for it when it was applied."""

    __tablename__ = "level_import_rows"
    __table_args__ = (Index("ix_level_import_rows_user_id", "user_id"),)

    import_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    guild_id: Mapped[Snowflake]
    xp: Mapped[Snowflake]
    added: Mapped[Snowflake] = mapped_column(server_default=_NONE)
