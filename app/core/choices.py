"""What a guild chose, as a feature's service reads it inside its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import features
from app.core.errors import Refused
from app.core.translations import _, choose
from schema.models.settings import GuildSettings, UserPreferences


@dataclass(frozen=True)
class Choices:
    """A guild's choices; without arguments those of a guild that chose nothing."""

    options: Mapping[str, Any] = field(default_factory=dict)
    switches: Mapping[str, bool] = field(default_factory=dict)
    timezone: str = "UTC"
    locale: str | None = None
    log_channel_id: int | None = None

    def is_on(self, feature: str) -> bool:
        """Whether a feature is on, and what it is part of."""
        return features.is_on(self.switches, feature)

    def require(self, feature: str) -> None:
        """Raise Refused where the feature is off."""
        if not self.is_on(feature):
            raise Refused(_("{feature} is switched off in this server.").format(feature=f"**{feature}**"))

    @property
    def language(self) -> str:
        """The language of posts that are meant for everybody."""
        return choose(self.locale)

    @property
    def zone(self) -> ZoneInfo:
        """The guild's time zone."""
        return ZoneInfo(self.timezone)


def load(session: Session, guild_id: int) -> Choices:
    """The choices of one guild."""
    return load_many(session, [guild_id]).get(guild_id, Choices())


def load_many(session: Session, guild_ids: list[int] | None = None) -> dict[int, Choices]:
    """The choices of these guilds (None: all) that made any."""
    statement = select(
        GuildSettings.guild_id,
        GuildSettings.options,
        GuildSettings.features,
        GuildSettings.timezone,
        GuildSettings.locale,
        GuildSettings.log_channel_id,
    )
    if guild_ids is not None:
        statement = statement.where(GuildSettings.guild_id.in_(guild_ids))
    return {
        row.guild_id: Choices(row.options, row.features, row.timezone, row.locale, row.log_channel_id)
        for row in session.execute(statement)
    }


def language_of(session: Session, user_id: int) -> str | None:
    """The language that a person chose for themselves; None where they chose none."""
    return session.execute(select(UserPreferences.locale).where(UserPreferences.user_id == user_id)).scalar()


def log_channel(session: Session, guild_id: int) -> int | None:
    """The channel where a guild wants to read what its admins changed."""
    return session.execute(select(GuildSettings.log_channel_id).where(GuildSettings.guild_id == guild_id)).scalar()
