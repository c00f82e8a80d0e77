"""Voice states as the gateway tells them."""

from collections.abc import Iterator

from discord.ext import commands

from app.activity.voice.messages import VoiceListed, VoiceStateChanged
from app.core.translate import (
    Context,
    Payload,
    Registry,
    guild_of,
    is_bot_member,
    name,
    snowflake,
    snowflake_or_none,
    user_id_of,
)

_SESSION_LIMIT = 64


def changed(data: Payload, context: Context) -> VoiceStateChanged | None:
    """A person entered, left or changed in voice."""
    if is_bot_member(data) or snowflake(data["user_id"]) == context.me:
        return None
    return _state(data, guild_of(data), context)


def _state(data: Payload, guild_id: int, context: Context) -> VoiceStateChanged:
    return VoiceStateChanged(
        seq=context.next_seq(),
        guild_id=guild_id,
        at=context.now(),
        user_id=snowflake(data["user_id"]),
        channel_id=snowflake_or_none(data.get("channel_id")),
        session_id=name(data.get("session_id") or "")[:_SESSION_LIMIT],
        self_mute=bool(data.get("self_mute")),
        self_deaf=bool(data.get("self_deaf")),
        mute=bool(data.get("mute")),
        deaf=bool(data.get("deaf")),
        suppress=bool(data.get("suppress")),
    )


def listed(data: Payload, context: Context) -> Iterator[VoiceListed | VoiceStateChanged]:
    """Everyone whom a guild shows in voice when the bot (re)connects; whoever is missing has left."""
    guild_id = snowflake(data["id"])
    bots = {member["user"]["id"] for member in data.get("members") or () if member["user"].get("bot")}
    present = [
        state
        for state in data.get("voice_states") or ()
        if state["user_id"] not in bots
        and not is_bot_member(state)
        and snowflake(state["user_id"]) != context.me
        and context.wishes.allows(guild_id, snowflake(state["user_id"]))
    ]
    yield VoiceListed(
        seq=context.next_seq(),
        guild_id=guild_id,
        at=context.now(),
        user_ids=tuple(snowflake(state["user_id"]) for state in present),
        last_heard=context.last_heard,
    )
    for state in present:
        yield _state(state, guild_id, context)


async def setup(bot: commands.Bot) -> None:
    """Register the translators."""
    registry: Registry = bot.ingest  # type: ignore[attr-defined]
    registry.register("VOICE_STATE_UPDATE", changed, person=user_id_of)
    registry.register("GUILD_CREATE", listed)
