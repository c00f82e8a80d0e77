"""Adding and removing reactions."""

from app.sandbox.box import Box
from app.sandbox.constants import Json
from app.sandbox.hub import Event
from app.sandbox.render import messages as render
from app.sandbox.render import users
from app.sandbox.state.models import Message


def add(box: Box, row: Message, user_id: int, emoji: str) -> bool:
    """React; False when the user already had."""
    row.reactions = row.reactions or {}
    who = row.reactions.setdefault(emoji, [])
    if user_id in who:
        return False
    who.append(user_id)
    data = _data(row, user_id, emoji)
    data["message_author_id"] = str(row.author_id)
    if row.guild_id:
        data["member"] = users.member(box.world, box.world.guilds[row.guild_id].members[user_id])
    _publish(box, row, "MESSAGE_REACTION_ADD", data)
    return True


def remove(box: Box, row: Message, user_id: int, emoji: str) -> bool:
    """Take a reaction back; False when there was none."""
    who = (row.reactions or {}).get(emoji, [])
    if row.reactions is None or user_id not in who:
        return False
    who.remove(user_id)
    if not who:
        del row.reactions[emoji]
    _publish(box, row, "MESSAGE_REACTION_REMOVE", _data(row, user_id, emoji))
    return True


def clear(box: Box, row: Message, emoji: str | None = None) -> None:
    """Remove every reaction, or every one with the emoji."""
    data = _data(row, None, emoji)
    if emoji is None:
        row.reactions = None
        _publish(box, row, "MESSAGE_REACTION_REMOVE_ALL", data)
    elif row.reactions and row.reactions.pop(emoji, None) is not None:
        _publish(box, row, "MESSAGE_REACTION_REMOVE_EMOJI", data)


def _data(row: Message, user_id: int | None, emoji: str | None) -> Json:
    data: Json = {"message_id": str(row.id), "channel_id": str(row.channel_id)}
    if user_id is not None:
        data |= {"user_id": str(user_id), "burst": False, "type": 0}
    if emoji is not None:
        data["emoji"] = render.emoji(emoji)
    if row.guild_id:
        data["guild_id"] = str(row.guild_id)
    return data


def _publish(box: Box, row: Message, name: str, data: Json) -> None:
    box.hub.publish(Event(name, data, guild_id=row.guild_id, channel_id=row.channel_id))
