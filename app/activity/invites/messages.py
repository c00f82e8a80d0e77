"""Invites as events."""

from typing import Annotated

import msgspec

from app.core.events import Count, Event, Millis, Snowflake

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class InviteCreated(Event, frozen=True, kw_only=True, tag="invite_created"):
    """An invite exists."""

    code: Code
    channel_id: Snowflake | None = None
    inviter_id: Snowflake | None = None
    max_uses: Count = 0
    expires_at: Millis | None = None


class InviteDeleted(Event, frozen=True, kw_only=True, tag="invite_deleted"):
    """An invite is gone: revoked, used up or expired."""

    code: Code
