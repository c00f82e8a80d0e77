"""Reactions as events."""

from app.core.events import Emoji, Event, Snowflake


class _Reaction(Event, frozen=True, kw_only=True):
    channel_id: Snowflake
    message_id: Snowflake
    user_id: Snowflake
    emoji: Emoji


class ReactionAdded(_Reaction, frozen=True, kw_only=True, tag="reaction_added"):
    """A person reacted to a message."""


class ReactionRemoved(_Reaction, frozen=True, kw_only=True, tag="reaction_removed"):
    """A person's reaction is gone."""


class ReactionsCleared(Event, frozen=True, kw_only=True, tag="reactions_cleared"):
    """All reactions to a message are gone, or all with one emoji."""

    channel_id: Snowflake
    message_id: Snowflake
    emoji: Emoji | None = None
