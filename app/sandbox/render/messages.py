"""Messages as Discord writes them."""

import re

from app.sandbox import ids
from app.sandbox.constants import Json, MessageFlag
from app.sandbox.render import guilds, users
from app.sandbox.state.models import Extras, Message
from app.sandbox.state.world import World

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_CUSTOM = re.compile(r"^(?:a:)?(\w{2,32}):(\d{1,20})$")


def mentioned_users(world: World, row: Message) -> list[int]:
    """Whom the text names, and whom a reply answers, each once and in order."""
    found = dict.fromkeys(int(i) for i in _USER.findall(row.content)) if "<@" in row.content else {}
    original = replied_to(world, row)
    if original is not None and row.author_id != original.author_id:
        found[original.author_id] = None
    return [user_id for user_id in found if user_id in world.users]


def replied_to(world: World, row: Message) -> Message | None:
    """The message that this one answers, while it exists."""
    channel = world.channels.get(row.channel_id)
    if row.extras is None or row.extras.reply_to is None or channel is None:
        return None
    return channel.history.get(row.extras.reply_to)


def _mentioned_roles(world: World, row: Message) -> list[str]:
    guild = world.guilds.get(row.guild_id)
    if guild is None or "<@&" not in row.content:
        return []
    return list(dict.fromkeys(i for i in _ROLE.findall(row.content) if int(i) in guild.roles))


def emoji(key: str) -> Json:
    """A partial emoji from its path form, `name:id` or the character itself."""
    custom = _CUSTOM.match(key)
    return {"id": custom[2], "name": custom[1]} if custom else {"id": None, "name": key}


def _reactions(world: World, row: Message) -> list[Json]:
    bot_id = world.application.id
    return [
        {
            "emoji": emoji(key),
            "count": len(who),
            "count_details": {"burst": 0, "normal": len(who)},
            "burst_colors": [],
            "me_burst": False,
            "me": bot_id in who,
            "burst_me": False,
            "burst_count": 0,
        }
        for key, who in (row.reactions or {}).items()
    ]


def message(world: World, row: Message, *, depth: int = 1) -> Json:
    """A message object as REST answers it; a reply carries what it answers, one level deep."""
    body: Json = {
        "id": str(row.id),
        "channel_id": str(row.channel_id),
        "type": row.kind,
        "content": row.content,
        "author": users.user(world.users[row.author_id]),
        "timestamp": ids.timestamp_of(row.id),
        "edited_timestamp": row.edited_at,
        "tts": False,
        "mention_everyone": False,
        "mentions": [users.user(world.users[u]) for u in mentioned_users(world, row)],
        "mention_roles": _mentioned_roles(world, row),
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": row.flags,
    }
    if row.reactions:
        body["reactions"] = _reactions(world, row)
    if row.extras:
        body |= _extras(world, row, row.extras, depth)
    return body


def _extras(world: World, row: Message, extras: Extras, depth: int) -> Json:
    body: Json = {
        "attachments": extras.attachments,
        "embeds": extras.embeds,
        "components": extras.components,
        "mention_everyone": extras.mention_everyone,
        "pinned": extras.pinned_at is not None,
    }
    if extras.nonce is not None:
        body["nonce"] = extras.nonce
    if extras.application_id is not None:
        body |= {"application_id": str(extras.application_id), "webhook_id": str(extras.application_id)}
    if extras.interaction is not None:
        body |= _interaction(extras.interaction)
    if extras.thread_id in world.channels:
        body["thread"] = guilds.thread(world.channels[extras.thread_id])
    if extras.reply_to is not None:
        body |= _reply(world, row, extras.reply_to, depth)
    return body


def _interaction(metadata: Json) -> Json:
    old = {key: metadata[key] for key in ("id", "type", "name", "user") if key in metadata}
    body: Json = {"interaction_metadata": {k: v for k, v in metadata.items() if k != "name"}}
    return {**body, "interaction": old} if "name" in metadata else body


def _reply(world: World, row: Message, target: int, depth: int) -> Json:
    reference = {"type": 0, "channel_id": str(row.channel_id), "message_id": str(target)}
    if row.guild_id:
        reference["guild_id"] = str(row.guild_id)
    body: Json = {"message_reference": reference}
    if depth:
        original = replied_to(world, row)
        body["referenced_message"] = None if original is None else message(world, original, depth=depth - 1)
    return body


def dispatched(world: World, row: Message) -> Json:
    """A message object as the gateway sends it: with its guild and the author's member."""
    body = message(world, row)
    body.setdefault("referenced_message", None)
    if row.guild_id:
        body["guild_id"] = str(row.guild_id)
        guild = world.guilds[row.guild_id]
        author = guild.members.get(row.author_id)
        if author:
            body["member"] = users.bare_member(author)
        for mention in body["mentions"]:
            mentioned = guild.members.get(int(mention["id"]))
            if mentioned:
                mention["member"] = users.bare_member(mentioned)
    return body


def is_ephemeral(row: Message) -> bool:
    """Whether one user alone sees the message."""
    return bool(row.flags & MessageFlag.EPHEMERAL)
