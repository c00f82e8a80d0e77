"""Reading what guilds and people chose."""

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.cache.namespace import Namespace
from app.core.db import engine
from app.core.policy import PolicyData
from app.core.settings import settings
from schema.models.privacy import OptOut
from schema.models.settings import GuildSettings, UserPreferences


def default_mode() -> str:
    """The content mode of a guild that has not chosen: a real one counts, the sandbox stores."""
    return "store" if settings().is_sandboxed else "counts"


def load_policy() -> PolicyData:
    """What the bot must know before it hears anything: modes, prefixes, languages, switches and who opted out."""
    with Session(engine()) as session:
        rows = session.execute(
            select(
                GuildSettings.guild_id,
                GuildSettings.content_mode,
                GuildSettings.prefix,
                GuildSettings.locale,
                GuildSettings.features,
            )
        ).all()
        opted_out = frozenset((guild, user) for guild, user in session.execute(select(OptOut.guild_id, OptOut.user_id)))
        chosen = session.execute(select(UserPreferences.user_id, UserPreferences.locale)).all()
    return PolicyData(
        modes={row.guild_id: row.content_mode for row in rows if row.content_mode},
        prefixes={row.guild_id: row.prefix for row in rows},
        locales={row.guild_id: row.locale for row in rows if row.locale},
        opted_out=opted_out,
        default_mode=default_mode(),
        switched_off={row.guild_id: _switched_off(row.features) for row in rows if row.features},
        languages={row.user_id: row.locale for row in chosen if row.locale},
    )


def _switched_off(features: dict[str, Any]) -> frozenset[str]:
    return frozenset(name for name, is_on in features.items() if is_on is False)


class Chosen(msgspec.Struct, frozen=True):
    """A guild's row as it is remembered."""

    content_mode: str | None
    locale: str | None
    timezone: str
    prefix: str
    log_channel_id: int | None
    features: dict[str, bool]
    options: dict[str, Any]
    retention_days: int | None
    set_up: bool
    version: int


def _load(guild_id: int) -> Chosen | None:
    with Session(engine()) as session:
        found = session.get(GuildSettings, guild_id)
    if found is None:
        return None
    return Chosen(*(getattr(found, name) for name in Chosen.__struct_fields__))


SETTINGS = Namespace("settings", Chosen, load=_load, seconds=300)
_DEFAULTS = Chosen(None, None, "UTC", "!", None, {}, {}, None, set_up=False, version=0)


def load(guild_id: int) -> GuildSettings:
    """One guild's settings; the defaults where it chose nothing."""
    return GuildSettings(guild_id=guild_id, **msgspec.structs.asdict(SETTINGS.get(guild_id) or _DEFAULTS))
