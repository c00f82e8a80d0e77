"""Invites as the gateway tells them."""

from discord.ext import commands

from app.activity.invites.messages import InviteCreated, InviteDeleted
from app.core.translate import Context, Payload, Registry, guild_of, millis, name, snowflake, snowflake_or_none

_CODE_LIMIT = 64


def created(data: Payload, context: Context) -> InviteCreated:
    """An invite exists; who made it is kept only if they allow it."""
    guild_id = guild_of(data)
    inviter = data.get("inviter")
    inviter_id = snowflake(inviter["id"]) if inviter else None
    return InviteCreated(
        seq=context.next_seq(),
        guild_id=guild_id,
        at=context.now(),
        code=name(data["code"])[:_CODE_LIMIT],
        channel_id=snowflake_or_none(data.get("channel_id")),
        inviter_id=inviter_id if inviter_id and context.wishes.allows(guild_id, inviter_id) else None,
        max_uses=int(data.get("max_uses") or 0),
        expires_at=millis(data.get("expires_at")),
    )


def deleted(data: Payload, context: Context) -> InviteDeleted:
    """An invite is gone."""
    return InviteDeleted(
        seq=context.next_seq(), guild_id=guild_of(data), at=context.now(), code=name(data["code"])[:_CODE_LIMIT]
    )


async def setup(bot: commands.Bot) -> None:
    """Register the translators."""
    registry: Registry = bot.ingest  # type: ignore[attr-defined]
    registry.register("INVITE_CREATE", created)
    registry.register("INVITE_DELETE", deleted)
