"""Threads coming, changing and going, and who belongs to them."""

from app.sandbox import ids
from app.sandbox.box import Box
from app.sandbox.constants import Json
from app.sandbox.hub import Event
from app.sandbox.render import guilds, users
from app.sandbox.state.models import Channel


def create(box: Box, thread: Channel) -> Channel:
    """Add the thread and tell; the bot, when it is in it from the start, learns that too."""
    box.world.add_channel(thread)
    bot_id = box.world.application.id
    body: Json = {**guilds.thread(thread), "newly_created": True}
    if thread.thread and bot_id in thread.thread.members:
        body["member"] = guilds.thread_member(thread, bot_id)
    box.hub.publish(Event("THREAD_CREATE", body, guild_id=thread.guild_id, channel_id=thread.id))
    return thread


def announce(box: Box, thread: Channel, name: str) -> None:
    """Tell of the thread as it is now."""
    box.hub.publish(Event(name, guilds.thread(thread), guild_id=thread.guild_id, channel_id=thread.id))


def reopen(box: Box, thread: Channel) -> None:
    """A message brings an archived thread back."""
    if thread.thread and thread.thread.archived:
        thread.thread.archived = False
        thread.thread.archive_timestamp = ids.now_iso()
        announce(box, thread, "THREAD_UPDATE")


def delete(box: Box, thread: Channel) -> None:
    """Remove the thread and tell."""
    data: Json = {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "parent_id": None if thread.parent_id is None else str(thread.parent_id),
        "type": int(thread.kind),
    }
    box.hub.publish(Event("THREAD_DELETE", data, guild_id=thread.guild_id, channel_id=thread.id))
    box.world.drop_channel(thread)


def join(box: Box, thread: Channel, user_id: int) -> None:
    """Add someone, and tell."""
    state = thread.thread
    assert state is not None
    if user_id in state.members:
        return
    state.members[user_id] = ids.now_iso()
    row = guilds.thread_member(thread, user_id)
    row["member"] = users.member(box.world, box.world.member(thread.guild_id, user_id))
    _members_changed(box, thread, {"added_members": [row]}, user_id)


def leave(box: Box, thread: Channel, user_id: int) -> None:
    """Take someone out, and tell."""
    state = thread.thread
    assert state is not None
    if state.members.pop(user_id, None) is not None:
        _members_changed(box, thread, {"removed_member_ids": [str(user_id)]}, user_id)


def _members_changed(box: Box, thread: Channel, change: Json, user_id: int) -> None:
    assert thread.thread is not None
    data: Json = {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "member_count": min(len(thread.thread.members), 50),
        **change,
    }
    event = Event("THREAD_MEMBERS_UPDATE", data, guild_id=thread.guild_id, channel_id=thread.id)
    # A bot hears of its own coming and going without the members intent.
    event.own = user_id == box.world.application.id
    box.hub.publish(event)
