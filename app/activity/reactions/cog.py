"""Reactions as the gateway tells them."""

from typing import Any

from discord.ext import commands

from app.activity.reactions.messages import ReactionAdded, ReactionRemoved, ReactionsCleared
from app.core.clock import snowflake_time
from app.core.translate import Context, Payload, Registry, emoji, guild_of, is_bot_member, snowflake, user_id_of


def _reaction(data: Payload, context: Context) -> dict[str, Any]:
    return {
        "seq": context.next_seq(),
        "guild_id": guild_of(data),
        "at": context.now(),
        "channel_id": snowflake(data["channel_id"]),
        "message_id": snowflake(data["message_id"]),
        "user_id": snowflake(data["user_id"]),
        "emoji": emoji(data["emoji"]),
    }


def added(data: Payload, context: Context) -> ReactionAdded | None:
    """A person's reaction."""
    if is_bot_member(data) or snowflake(data["user_id"]) == context.me:
        return None
    told = _reaction(data, context)
    if context.is_late:
        # Nobody knows since when it is there. As old as its message, it never outlives an erasure after that.
        told["at"] = _created_ms(told["message_id"])
    return ReactionAdded(**told)


def _created_ms(message_id: int) -> int:
    return int(snowflake_time(message_id).timestamp() * 1000)


def removed(data: Payload, context: Context) -> ReactionRemoved | None:
    """A reaction that is gone; Discord does not say whether a person or a bot had made it."""
    if snowflake(data["user_id"]) == context.me:
        return None
    return ReactionRemoved(**_reaction(data, context))


def cleared(data: Payload, context: Context) -> ReactionsCleared:
    """All reactions of a message are gone, or all with one emoji."""
    return ReactionsCleared(
        seq=context.next_seq(),
        guild_id=guild_of(data),
        at=context.now(),
        channel_id=snowflake(data["channel_id"]),
        message_id=snowflake(data["message_id"]),
        emoji=emoji(data["emoji"]) if "emoji" in data else None,
    )


async def setup(bot: commands.Bot) -> None:
    """Register the translators."""
    registry: Registry = bot.ingest  # type: ignore[attr-defined]
    registry.register("MESSAGE_REACTION_ADD", added, person=user_id_of)
    registry.register("MESSAGE_REACTION_REMOVE", removed, person=user_id_of)
    registry.register("MESSAGE_REACTION_REMOVE_ALL", cleared)
    registry.register("MESSAGE_REACTION_REMOVE_EMOJI", cleared)
