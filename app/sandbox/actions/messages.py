"""Posting, editing and deleting messages; who asks and whether he may is the caller's business."""

from app.sandbox import ids
from app.sandbox.actions import threads
from app.sandbox.actions.drafts import Draft, check, finished_components, finished_embeds
from app.sandbox.box import Box
from app.sandbox.constants import CONTENT_LIMIT, Json, MessageFlag, Permission
from app.sandbox.errors import unknown
from app.sandbox.hub import Event
from app.sandbox.permissions import channel_permissions
from app.sandbox.render import messages as render
from app.sandbox.state.models import Channel, Extras, Message

_EPHEMERAL = 20_000


def create(box: Box, channel: Channel, author_id: int, draft: Draft) -> Message:
    """Post the message and tell everyone who may see it."""
    check(draft)
    row = Message(
        box.world.ids.next(),
        channel.id,
        channel.guild_id,
        author_id,
        draft.content,
        draft.kind,
        draft.flags,
    )
    if draft.has_extras:
        row.extras = Extras(
            embeds=finished_embeds(draft.embeds, draft.attachments),
            components=finished_components(draft.components),
            attachments=draft.attachments,
            nonce=draft.nonce,
            reply_to=draft.reply_to,
            interaction=draft.interaction,
            application_id=draft.application_id,
            viewer_id=draft.viewer_id,
        )
    if mentions_everyone(box, channel, row):
        row.extras = row.extras or Extras()
        row.extras.mention_everyone = True
    _keep(box, channel, row)
    publish(box, "MESSAGE_CREATE", row)
    return row


def mentions_everyone(box: Box, channel: Channel, row: Message) -> bool:
    """Whether the text calls everyone and its author may."""
    if not channel.guild_id or not ("@everyone" in row.content or "@here" in row.content):
        return False
    return bool(channel_permissions(box.world, channel, row.author_id) & Permission.MENTION_EVERYONE)


def loading(box: Box, channel: Channel, draft: Draft) -> Message:
    """Post the placeholder of a deferred answer, which has no text yet."""
    row = Message(box.world.ids.next(), channel.id, channel.guild_id, box.world.application.id, "", draft.kind)
    row.flags = draft.flags | MessageFlag.LOADING
    row.extras = Extras(
        interaction=draft.interaction,
        application_id=draft.application_id,
        viewer_id=draft.viewer_id,
    )
    _keep(box, channel, row)
    publish(box, "MESSAGE_CREATE", row)
    return row


def _keep(box: Box, channel: Channel, row: Message) -> None:
    if render.is_ephemeral(row):
        box.world.ephemeral[row.id] = row
        if len(box.world.ephemeral) > _EPHEMERAL:
            del box.world.ephemeral[next(iter(box.world.ephemeral))]
        return
    channel.history.append(row)
    channel.last_message_id = row.id
    if channel.thread:
        channel.thread.total_sent += 1
        threads.reopen(box, channel)


def publish(box: Box, name: str, row: Message) -> None:
    """Tell of a message as it is now; an ephemeral one goes to its one reader's page alone."""
    viewer = row.extras.viewer_id if row.extras else None
    hidden = render.is_ephemeral(row) and viewer is not None
    event = Event(
        name,
        render.dispatched(box.world, row),
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        users=frozenset({viewer}) if hidden and viewer is not None else None,
        author_id=row.author_id,
        page_only=hidden,
    )
    box.hub.publish(event)


def edit(box: Box, row: Message, changes: Json, *, longest: int = CONTENT_LIMIT) -> Message:
    """Change text, embeds, components, attachments or flags; only given keys change."""
    extras = row.extras or Extras()
    attachments = changes.get("attachments", extras.attachments)
    draft = Draft(
        content=changes.get("content", row.content) or "",
        longest=longest,
        embeds=changes.get("embeds", extras.embeds) or [],
        components=changes.get("components", extras.components) or [],
        attachments=attachments,
        flags=changes.get("flags", row.flags),
    )
    check(draft)
    # The text that a deferred answer was waiting for is no edit.
    row.edited_at = None if row.flags & MessageFlag.LOADING else ids.now_iso()
    row.content = draft.content
    row.flags = draft.flags & ~MessageFlag.LOADING
    extras.embeds = finished_embeds(draft.embeds, attachments)
    extras.components = finished_components(draft.components)
    extras.attachments = attachments
    if row.extras is not None or draft.has_extras:
        row.extras = extras
    publish(box, "MESSAGE_UPDATE", row)
    return row


def delete(box: Box, channel: Channel, message_ids: list[int]) -> list[int]:
    """Delete messages; one makes MESSAGE_DELETE, more make MESSAGE_DELETE_BULK. Returns those that were there."""
    gone = [i for i in message_ids if channel.history.pop(i) is not None]
    if not gone:
        return []
    data: Json = {"channel_id": str(channel.id)}
    if channel.guild_id:
        data["guild_id"] = str(channel.guild_id)
    if len(message_ids) == 1:
        event = Event("MESSAGE_DELETE", {"id": str(gone[0]), **data})
    else:
        event = Event("MESSAGE_DELETE_BULK", {"ids": [str(i) for i in gone], **data})
    event.guild_id, event.channel_id = channel.guild_id, channel.id
    box.hub.publish(event)
    return gone


def delete_ephemeral(box: Box, row: Message) -> None:
    """Take an ephemeral message away from its reader."""
    if box.world.ephemeral.pop(row.id, None) is None:
        raise unknown("Message")
    viewer = row.extras.viewer_id if row.extras else None
    readers = frozenset() if viewer is None else frozenset({viewer})
    data = {"id": str(row.id), "channel_id": str(row.channel_id), "guild_id": str(row.guild_id)}
    box.hub.publish(Event("MESSAGE_DELETE", data, users=readers, page_only=True))


def pin(box: Box, channel: Channel, row: Message, *, pinned: bool) -> None:
    """Pin or unpin, and tell."""
    row.extras = row.extras or Extras()
    row.extras.pinned_at = ids.now_iso() if pinned else None
    if pinned:
        channel.last_pin_timestamp = row.extras.pinned_at
    publish(box, "MESSAGE_UPDATE", row)
    data: Json = {"channel_id": str(channel.id), "last_pin_timestamp": channel.last_pin_timestamp}
    if channel.guild_id:
        data["guild_id"] = str(channel.guild_id)
    box.hub.publish(Event("CHANNEL_PINS_UPDATE", data, guild_id=channel.guild_id, channel_id=channel.id))
