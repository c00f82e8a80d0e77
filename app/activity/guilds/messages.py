"""Guilds, channels, threads and roles as events.

A guild that the bot enters or finds at start is told as `GuildSeen` followed by one `ChannelSeen` for each channel and
thread and one `RoleSeen` for each role.
"""

from typing import Annotated

import msgspec

from app.core.events import Count, Event, Millis, Name, SmallCount, Snowflake

Permissions = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class GuildSeen(Event, frozen=True, kw_only=True, tag="guild_seen"):
    """The guild as it is now; it is available and the bot is in it."""

    name: Name
    owner_id: Snowflake | None = None
    member_count: Count | None = None
    locale: Name | None = None
    # When the bot joined.
    joined_at: Millis | None = None
    # Where Discord moves those who fell silent in voice.
    afk_channel_id: Snowflake | None = None


class GuildLeft(Event, frozen=True, kw_only=True, tag="guild_left"):
    """The bot is no longer in the guild; never sent for one that is merely unavailable."""


class Tag(msgspec.Struct, frozen=True, array_like=True):
    """A tag that a forum offers for its posts."""

    id: Snowflake
    name: Name


class ChannelSeen(Event, frozen=True, kw_only=True, tag="channel_seen"):
    """A channel or thread as it is now (for threads, `parent_id` is the channel; for channels, the category)."""

    id: Snowflake
    # Discord's channel type (0 text, 2 voice, 11 public thread).
    kind: SmallCount
    name: Name | None = None
    parent_id: Snowflake | None = None
    is_archived: bool = False
    # What a forum offers, and the ids of what a post in one bears.
    available_tags: tuple[Tag, ...] = ()
    applied_tags: tuple[Snowflake, ...] = ()


class ChannelDeleted(Event, frozen=True, kw_only=True, tag="channel_deleted"):
    """A channel or thread is gone, and with it its messages."""

    id: Snowflake


class RoleSeen(Event, frozen=True, kw_only=True, tag="role_seen"):
    """A role as it is now."""

    id: Snowflake
    name: Name
    position: Count = 0
    permissions: Permissions = 0
    color: Count = 0


class RoleDeleted(Event, frozen=True, kw_only=True, tag="role_deleted"):
    """A role is gone."""

    id: Snowflake
