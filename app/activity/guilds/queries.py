"""What is stored of guilds."""

from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.cache.namespace import Namespace
from app.core.db import engine

# A thread that was archived is listed nowhere, so nothing follows from its absence.
_PRESENT = text(
    "SELECT id FROM channels WHERE guild_id = :guild AND deleted_at IS NULL AND NOT is_archived"
    " ORDER BY kind IN (10, 11, 12), id DESC"
)


def present_channels(guild_id: int) -> list[int]:
    """The guild's channels, and then its active threads, newest first, as they are stored."""
    with Session(engine()) as session:
        return list(session.scalars(_PRESENT, {"guild": guild_id}))


_NAMES = {
    "channels": text(
        "SELECT id, name FROM channels WHERE guild_id = :guild AND deleted_at IS NULL AND name IS NOT NULL ORDER BY id"
    ),
    "roles": text("SELECT id, name FROM roles WHERE guild_id = :guild AND deleted_at IS NULL ORDER BY id"),
}
# A guild has at most 500 channels, but its threads are not counted; each name takes a hundred bytes at most.
_LARGEST = 256 << 10


def _names(of: str, guild_id: int) -> dict[int, str]:
    with Session(engine()) as session:
        return {row.id: row.name for row in session.execute(_NAMES[of], {"guild": guild_id})}


CHANNEL_NAMES = Namespace(
    "channels", dict[int, str], load=partial(_names, "channels"), seconds=3600, local=200, largest=_LARGEST
)
ROLE_NAMES = Namespace(
    "roles", dict[int, str], load=partial(_names, "roles"), seconds=3600, local=200, largest=_LARGEST
)


def channel_names(guild_id: int) -> dict[int, str]:
    """The names of the guild's channels and threads by their ids, as the gateway told them."""
    return CHANNEL_NAMES.get(guild_id) or {}


def channel_ids(guild_id: int, name: str) -> list[int]:
    """The channels and threads of the guild that are called so, whatever the case of its letters, oldest first."""
    wanted = name.removeprefix("#").casefold()
    return [channel_id for channel_id, known in channel_names(guild_id).items() if known.casefold() == wanted]


def role_names(guild_id: int) -> dict[int, str]:
    """The names of the guild's roles by their ids, as the gateway told them."""
    return ROLE_NAMES.get(guild_id) or {}
