"""Guilds, channels, threads and roles as the gateway tells them."""

from collections.abc import Callable, Iterator
from typing import Any

from discord.ext import commands

from app.activity.guilds.messages import ChannelDeleted, ChannelSeen, GuildLeft, GuildSeen, RoleDeleted, RoleSeen, Tag
from app.core.clock import snowflake_at
from app.core.events import Event
from app.core.translate import (
    Context,
    Payload,
    Registry,
    guild_of,
    millis,
    moment,
    name,
    name_or_none,
    snowflake,
    snowflake_or_none,
)


def found(data: Payload, context: Context) -> Iterator[Event]:
    """A guild that the bot entered or finds at start, with its channels, threads and roles."""
    if data.get("unavailable"):
        return
    yield _guild(data, context)
    guild_id = snowflake(data["id"])
    if data.get("joined_at"):
        context.joined[guild_id] = snowflake_at(moment(data["joined_at"]))
    for channel in (*data.get("channels", ()), *data.get("threads", ())):
        yield _channel(channel, guild_id, context)
    for role in data.get("roles", ()):
        yield _role(role, guild_id, context)


def changed(data: Payload, context: Context) -> Iterator[Event]:
    """A changed guild; its roles come along."""
    yield _guild(data, context)
    for role in data.get("roles", ()):
        yield _role(role, snowflake(data["id"]), context)


def _guild(data: Payload, context: Context) -> GuildSeen:
    return GuildSeen(
        seq=context.next_seq(),
        guild_id=snowflake(data["id"]),
        at=context.now(),
        name=name(data["name"]),
        owner_id=snowflake_or_none(data.get("owner_id")),
        member_count=data.get("member_count"),
        locale=name_or_none(data.get("preferred_locale")),
        joined_at=millis(data.get("joined_at")),
        afk_channel_id=snowflake_or_none(data.get("afk_channel_id")),
    )


def left(data: Payload, context: Context) -> GuildLeft | None:
    """The bot left the guild; one that is unavailable suffers an outage and is no leave."""
    if data.get("unavailable"):
        return None
    return GuildLeft(seq=context.next_seq(), guild_id=snowflake(data["id"]), at=context.now())


def channel_seen(data: Payload, context: Context) -> ChannelSeen | None:
    """A channel or thread of a guild."""
    guild_id = guild_of(data)
    return _channel(data, guild_id, context) if guild_id else None


def _channel(data: Payload, guild_id: int, context: Context) -> ChannelSeen:
    return ChannelSeen(
        seq=context.next_seq(),
        guild_id=guild_id,
        at=context.now(),
        id=snowflake(data["id"]),
        kind=int(data["type"]),
        name=name_or_none(data.get("name")),
        parent_id=snowflake_or_none(data.get("parent_id")),
        is_archived=bool((data.get("thread_metadata") or {}).get("archived")),
        available_tags=tuple(Tag(snowflake(tag["id"]), name(tag["name"])) for tag in data.get("available_tags") or ()),
        applied_tags=tuple(snowflake(tag) for tag in data.get("applied_tags") or ()),
    )


def channel_deleted(data: Payload, context: Context) -> ChannelDeleted | None:
    """A channel or thread of a guild is gone."""
    guild_id = guild_of(data)
    if not guild_id:
        return None
    return ChannelDeleted(seq=context.next_seq(), guild_id=guild_id, at=context.now(), id=snowflake(data["id"]))


def threads_listed(data: Payload, context: Context) -> Iterator[ChannelSeen]:
    """The active threads of channels that the bot may see now."""
    for thread in data["threads"]:
        yield _channel(thread, snowflake(data["guild_id"]), context)


def role_seen(data: Payload, context: Context) -> RoleSeen:
    """A new or changed role."""
    return _role(data["role"], snowflake(data["guild_id"]), context)


def _role(data: Payload, guild_id: int, context: Context) -> RoleSeen:
    return RoleSeen(
        seq=context.next_seq(),
        guild_id=guild_id,
        at=context.now(),
        id=snowflake(data["id"]),
        name=name(data["name"]),
        position=max(0, int(data.get("position", 0))),
        permissions=int(data.get("permissions", 0)),
        color=int(data.get("color", 0)),
    )


def role_deleted(data: Payload, context: Context) -> RoleDeleted:
    """A role is gone."""
    return RoleDeleted(
        seq=context.next_seq(), guild_id=snowflake(data["guild_id"]), at=context.now(), id=snowflake(data["role_id"])
    )


_TRANSLATORS: dict[str, Callable[[Payload, Context], Any]] = {
    "GUILD_CREATE": found,
    "GUILD_UPDATE": changed,
    "GUILD_DELETE": left,
    "CHANNEL_CREATE": channel_seen,
    "CHANNEL_UPDATE": channel_seen,
    "CHANNEL_DELETE": channel_deleted,
    "THREAD_CREATE": channel_seen,
    "THREAD_UPDATE": channel_seen,
    "THREAD_DELETE": channel_deleted,
    "THREAD_LIST_SYNC": threads_listed,
    "GUILD_ROLE_CREATE": role_seen,
    "GUILD_ROLE_UPDATE": role_seen,
    "GUILD_ROLE_DELETE": role_deleted,
}


async def setup(bot: commands.Bot) -> None:
    """Register the translators; what a guild consists of says nothing about people, so no wish concerns it."""
    registry: Registry = bot.ingest  # type: ignore[attr-defined]
    for event, translate in _TRANSLATORS.items():
        registry.register(event, translate)
