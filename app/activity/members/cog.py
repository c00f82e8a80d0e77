"""Members as the gateway tells them."""

from collections.abc import Iterator
from typing import Any

from discord.ext import commands

from app.activity.members.messages import MemberJoined, MemberLeft, MemberUpdated
from app.core.translate import Context, Payload, Registry, guild_of, millis, name, name_or_none, snowflake

_ROLES_LIMIT = 1000


def person_of(data: Payload) -> int | None:
    """The member, or None when it is a bot."""
    user = data["user"]
    return None if user.get("bot") else snowflake(user["id"])


def joined(data: Payload, context: Context) -> MemberJoined | None:
    """A person joined."""
    if data["user"].get("bot"):
        return None
    return MemberJoined(**_profile(data, guild_of(data), context))


def updated(data: Payload, context: Context) -> MemberUpdated | None:
    """A person's names or roles changed."""
    if data["user"].get("bot"):
        return None
    return MemberUpdated(**_profile(data, guild_of(data), context))


def left(data: Payload, context: Context) -> MemberLeft | None:
    """A person left or was removed."""
    if data["user"].get("bot"):
        return None
    return MemberLeft(
        seq=context.next_seq(), guild_id=guild_of(data), at=context.now(), user_id=snowflake(data["user"]["id"])
    )


def found(data: Payload, context: Context) -> Iterator[MemberUpdated]:
    """The members that a guild shows when the bot (re)connects: all of a small one."""
    guild_id = snowflake(data["id"])
    for member in data.get("members", ()):
        user_id = person_of(member)
        if user_id is not None and context.wishes.allows(guild_id, user_id):
            yield MemberUpdated(**_profile(member, guild_id, context))


def _profile(data: Payload, guild_id: int, context: Context) -> dict[str, Any]:
    user = data["user"]
    username = name(user["username"])
    return {
        "seq": context.next_seq(),
        "guild_id": guild_id,
        "at": context.now(),
        "user_id": snowflake(user["id"]),
        "name": username,
        "display_name": name(user["global_name"]) if user.get("global_name") else username,
        "nick": name_or_none(data.get("nick")),
        "roles": tuple(snowflake(role) for role in data.get("roles", ())[:_ROLES_LIMIT]),
        "joined_at": millis(data.get("joined_at")),
    }


async def setup(bot: commands.Bot) -> None:
    """Register the translators."""
    registry: Registry = bot.ingest  # type: ignore[attr-defined]
    registry.register("GUILD_MEMBER_ADD", joined, person=person_of)
    registry.register("GUILD_MEMBER_UPDATE", updated, person=person_of)
    registry.register("GUILD_MEMBER_REMOVE", left, person=person_of)
    registry.register("GUILD_CREATE", found)
