"""Members as events."""

from typing import Annotated

import msgspec

from app.core.events import Event, Millis, Name, Snowflake


class _MemberProfile(Event, frozen=True, kw_only=True):
    user_id: Snowflake
    name: Name
    display_name: Name
    nick: Name | None = None
    roles: Annotated[tuple[Snowflake, ...], msgspec.Meta(max_length=1000)] = ()
    joined_at: Millis | None = None
    is_bot: bool = False


class MemberJoined(_MemberProfile, frozen=True, kw_only=True, tag="member_joined"):
    """A member joined the guild, by that invite where the bot could tell."""

    invite_code: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class MemberUpdated(_MemberProfile, frozen=True, kw_only=True, tag="member_updated"):
    """A member as they are now: after a change, or as found in the guild."""


class MemberLeft(Event, frozen=True, kw_only=True, tag="member_left"):
    """A member left, or was removed."""

    user_id: Snowflake
