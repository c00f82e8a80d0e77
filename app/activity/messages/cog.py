"""Messages as the gateway tells them."""

from typing import Any

from discord.ext import commands

from app.activity.messages.messages import MessageEdited, MessagesDeleted, MessageSeen, OwnPostSeen
from app.core.translate import (
    Context,
    Payload,
    Registry,
    guild_of,
    millis,
    name,
    snowflake,
    snowflake_or_none,
)

# What people write: plain messages, replies, and commands that answer in public. The rest are Discord's own notices.
_WRITTEN = frozenset({0, 19, 20, 23})
_IDS_IN_ONE_EVENT = 1000


def author_of(data: Payload) -> int | None:
    """The person who wrote it, or None when that is no person (a bot, a webhook) or unknown."""
    author = data.get("author")
    if author is None or author.get("bot") or "webhook_id" in data:
        return None
    return snowflake(author["id"])


def seen(data: Payload, context: Context) -> MessageSeen | OwnPostSeen | None:
    """A new message of a person, or our own post with its nonce."""
    author = data["author"]
    if author.get("bot") or "webhook_id" in data:
        return _own_post(data, context)
    kind = data.get("type", 0)
    if kind not in _WRITTEN:
        return None
    return MessageSeen(is_late=context.is_late, **_version(data, context, kind))


def edited(data: Payload, context: Context) -> MessageEdited | None:
    """A person's changed message; none for previews and pins, nor for what was written before the bot joined."""
    if author_of(data) is None or data.get("edited_timestamp") is None or data.get("type", 0) not in _WRITTEN:
        return None
    if snowflake(data["id"]) < context.joined.get(guild_of(data), 0):
        return None
    return MessageEdited(**_version(data, context, data.get("type", 0)))


def _version(data: Payload, context: Context, kind: int) -> dict[str, Any]:
    author = data["author"]
    guild_id = guild_of(data)
    reference = data.get("message_reference")
    username = name(author["username"])
    return {
        "seq": context.next_seq(),
        "guild_id": guild_id,
        "at": context.now(),
        "id": snowflake(data["id"]),
        "channel_id": snowflake(data["channel_id"]),
        "author_id": snowflake(author["id"]),
        "author_name": username,
        "author_display": _display(data, username),
        "content": context.text(guild_id, data["content"]),
        "edited_at": millis(data.get("edited_timestamp")),
        "reply_to": snowflake_or_none(reference.get("message_id")) if reference and kind == _REPLY else None,
        "attachments": len(data.get("attachments") or ()),
        "kind": kind,
    }


_REPLY = 19


def _display(data: Payload, username: str) -> str:
    shown = (data.get("member") or {}).get("nick") or data["author"].get("global_name")
    return name(shown) if shown else username


def _own_post(data: Payload, context: Context) -> OwnPostSeen | None:
    if not data.get("nonce") or snowflake(data["author"]["id"]) != context.me:
        return None
    return OwnPostSeen(
        seq=context.next_seq(),
        guild_id=guild_of(data),
        at=context.now(),
        channel_id=snowflake(data["channel_id"]),
        message_id=snowflake(data["id"]),
        nonce=name(data["nonce"])[:64],
    )


def deleted(data: Payload, context: Context) -> list[MessagesDeleted]:
    """One deleted message (`id`) or many (`ids`)."""
    ids = [snowflake(value) for value in data.get("ids") or [data["id"]]]
    return [
        MessagesDeleted(
            seq=context.next_seq(),
            guild_id=guild_of(data),
            at=context.now(),
            channel_id=snowflake(data["channel_id"]),
            ids=tuple(ids[start : start + _IDS_IN_ONE_EVENT]),
        )
        for start in range(0, len(ids), _IDS_IN_ONE_EVENT)
    ]


async def setup(bot: commands.Bot) -> None:
    """Register the translators."""
    registry: Registry = bot.ingest  # type: ignore[attr-defined]
    registry.register("MESSAGE_CREATE", seen, person=author_of)
    registry.register("MESSAGE_UPDATE", edited, person=author_of)
    registry.register("MESSAGE_DELETE", deleted)
    registry.register("MESSAGE_DELETE_BULK", deleted)
