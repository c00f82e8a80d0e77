"""Writing guilds, channels and roles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.activity.guilds.messages import ChannelDeleted, ChannelSeen, GuildLeft, GuildSeen, RoleDeleted, RoleSeen
from app.core.facts import Facts, Table, as_json, moment
from schema.models.guilds import Channel

# A batch that was under way when the channel went is committed long before.
SETTLED_AFTER = timedelta(minutes=5)

GUILDS = Table(
    "guilds",
    key={"id": "bigint"},
    profile={
        "name": "text",
        "owner_id": "bigint",
        "member_count": "integer",
        "locale": "text",
        "joined_at": "timestamptz",
        "afk_channel_id": "bigint",
    },
    gone="left_at",
)
CHANNELS = Table(
    "channels",
    key={"id": "bigint"},
    fixed={"guild_id": "bigint"},
    profile={
        "kind": "smallint",
        "name": "text",
        "parent_id": "bigint",
        "is_archived": "boolean",
        "available_tags": "jsonb",
        "applied_tags": "bigint[]",
    },
)
ROLES = Table(
    "roles",
    key={"id": "bigint"},
    fixed={"guild_id": "bigint"},
    profile={"name": "text", "position": "integer", "permissions": "bigint", "color": "integer"},
)

_MEET_GUILDS = text(
    "INSERT INTO guilds (id) SELECT g FROM unnest(CAST(:ids AS bigint[])) AS g"
    " WHERE NOT EXISTS (SELECT FROM guilds WHERE id = g) ORDER BY g ON CONFLICT DO NOTHING"
)
_MEET_CHANNELS = text(
    "INSERT INTO channels (id, guild_id) SELECT id, guild_id"
    " FROM json_to_recordset(:rows) AS r (id bigint, guild_id bigint)"
    " WHERE NOT EXISTS (SELECT FROM channels WHERE channels.id = r.id) ORDER BY id ON CONFLICT DO NOTHING"
)
# Nearly every batch tells of places that are known, and looking costs less than trying to insert.
_UNKNOWN = text(
    "SELECT EXISTS (SELECT FROM unnest(CAST(:guilds AS bigint[]), CAST(:channels AS bigint[])) AS r (guild_id, id)"
    " WHERE NOT EXISTS (SELECT FROM guilds WHERE guilds.id = r.guild_id)"
    " OR NOT EXISTS (SELECT FROM channels WHERE channels.id = r.id))"
)
_DELETE_THREADS = text(
    "UPDATE channels SET deleted_at = :at FROM ("
    "   SELECT id FROM channels WHERE parent_id = :channel AND kind IN (10, 11, 12) AND deleted_at IS NULL"
    "   ORDER BY id FOR UPDATE"
    " ) AS found WHERE channels.id = found.id RETURNING channels.id"
)
_REOPEN = text("UPDATE channels SET blanked_at = NULL WHERE id = ANY(:ids) AND blanked_at IS NOT NULL")


def meet(session: Session, channels: Iterable[tuple[int, int]]) -> None:
    """Make rows for guilds and channels (guild, channel) that only their messages told of so far."""
    met = set(channels)
    if not met:
        return
    places = {"guilds": [guild for guild, _ in met], "channels": [channel for _, channel in met]}
    if session.execute(_UNKNOWN, places).scalar():
        session.execute(_MEET_GUILDS, {"ids": sorted({guild for guild, _ in met})})
        rows = [{"id": channel, "guild_id": guild} for guild, channel in met]
        session.execute(_MEET_CHANNELS, {"rows": as_json(rows)})


def apply_guilds(session: Session, events: Sequence[GuildSeen | GuildLeft]) -> None:
    """Guilds as they are now, and those that the bot left (they are purged later, unless it comes back)."""
    facts = Facts(GUILDS)
    for event in events:
        if isinstance(event, GuildLeft):
            facts.is_gone((event.guild_id,), event.seq, moment(event.at))
        else:
            profile = {
                "name": event.name,
                "owner_id": event.owner_id,
                "member_count": event.member_count,
                "locale": event.locale,
                "joined_at": moment(event.joined_at) if event.joined_at is not None else None,
                "afk_channel_id": event.afk_channel_id,
            }
            facts.is_like((event.guild_id,), event.seq, profile)
    facts.write(session)


def apply_channels(session: Session, events: Sequence[ChannelSeen | ChannelDeleted]) -> None:
    """Channels and threads as they are now, and those that are gone."""
    facts = Facts(CHANNELS, is_archived=False, available_tags={}, applied_tags=[])
    for event in events:
        if isinstance(event, ChannelDeleted):
            facts.is_gone((event.id,), event.seq, moment(event.at), guild_id=event.guild_id)
        else:
            profile = {
                "kind": event.kind,
                "name": event.name,
                "parent_id": event.parent_id,
                "is_archived": event.is_archived,
                "available_tags": {str(tag.id): tag.name for tag in event.available_tags},
                "applied_tags": sorted(set(event.applied_tags)),
            }
            facts.is_like((event.id,), event.seq, profile, guild_id=event.guild_id)
    facts.write(session)


def apply_roles(session: Session, events: Sequence[RoleSeen | RoleDeleted]) -> None:
    """Roles as they are now, and those that are gone."""
    facts = Facts(ROLES)
    for event in events:
        if isinstance(event, RoleDeleted):
            facts.is_gone((event.id,), event.seq, moment(event.at), guild_id=event.guild_id)
        else:
            profile = {
                "name": event.name,
                "position": event.position,
                "permissions": event.permissions,
                "color": event.color,
            }
            facts.is_like((event.id,), event.seq, profile, guild_id=event.guild_id)
    facts.write(session)


@dataclass(frozen=True)
class Deleted:
    """A deleted channel whose messages are to be blanked."""

    guild_id: int
    at: datetime


def deleted(session: Session, channel_id: int) -> Deleted | None:
    """The channel, if it is deleted and its messages are not all blanked yet."""
    row = session.get(Channel, channel_id)
    if row is None or row.deleted_at is None or row.blanked_at is not None:
        return None
    return Deleted(row.guild_id, row.deleted_at)


def delete_threads(session: Session, channel_id: int, at: datetime) -> list[int]:
    """The threads of a deleted channel went with it; those that were not known to be gone.

    Discord tells of the active ones alone.
    """
    return list(session.scalars(_DELETE_THREADS, {"channel": channel_id, "at": at}))


def to_blank(session: Session, limit: int = 100) -> list[int]:
    """Deleted channels whose messages are not all blanked yet."""
    waiting = select(Channel.id).where(Channel.deleted_at.is_not(None), Channel.blanked_at.is_(None))
    return list(session.scalars(waiting.order_by(Channel.id).limit(limit)))


def finish_blanking(session: Session, channel_id: int, now: datetime) -> None:
    """Nothing was left to blank; the channel is finished if nothing more can come."""
    settled = Channel.deleted_at < now - SETTLED_AFTER
    session.execute(update(Channel).where(Channel.id == channel_id, settled).values(blanked_at=now))


def reopen(session: Session, channels: Iterable[int]) -> None:
    """New messages came for these channels; those that are deleted must be blanked again."""
    ids = sorted(set(channels))
    if ids:
        session.execute(_REOPEN, {"ids": ids})
