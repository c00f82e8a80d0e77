"""What each guild and each person chose."""

from typing import Any

from sqlalchemy import CheckConstraint, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey

# Which languages there are is decided by the catalogues, not here.
_LOCALE = "locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'"


class GuildSettings(Base):
    """A guild's choices; a guild without a row has every default."""

    __tablename__ = "guild_settings"
    __table_args__ = (
        CheckConstraint("content_mode IN ('off', 'counts', 'store')", name="content_mode"),
        CheckConstraint(_LOCALE, name="locale"),
        CheckConstraint("length(prefix) BETWEEN 1 AND 5", name="prefix"),
        CheckConstraint("retention_days BETWEEN 1 AND 3650", name="retention_days"),
    )

    guild_id: Mapped[SnowflakeKey]
    # NULL means "not chosen yet": a real guild then counts, the sandbox stores.
    content_mode: Mapped[str | None] = mapped_column(Text)
    # NULL means the language that the guild chose in Discord.
    locale: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text, server_default="UTC")
    prefix: Mapped[str] = mapped_column(Text, server_default="!")
    log_channel_id: Mapped[Snowflake | None]
    # Only switches that an admin moved: {"search": false}.
    features: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    # Details of features that an admin chose, by the keys of their options: {"gift-amount": 100}.
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    # NULL means the operator's default (RETENTION_DAYS).
    retention_days: Mapped[int | None]
    set_up: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[Snowflake] = mapped_column(server_default="1")
    updated_at: Mapped[CreatedAt]


class UserPreferences(Base):
    """A person's own choices, which hold in every guild."""

    __tablename__ = "user_preferences"
    __table_args__ = (CheckConstraint(_LOCALE, name="locale"),)

    user_id: Mapped[SnowflakeKey]
    locale: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[CreatedAt]
