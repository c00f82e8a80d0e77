"""/channels/{channel}/messages and pins."""

from datetime import UTC, datetime

from aiohttp import web

from app.sandbox.actions import messages
from app.sandbox.actions.drafts import Draft
from app.sandbox.box import Box
from app.sandbox.constants import WITHOUT_MESSAGES, Json, MessageFlag, MessageType, Permission
from app.sandbox.errors import DiscordError, invalid_form
from app.sandbox.ids import SHIFT, moment_of
from app.sandbox.permissions import require, send_permission
from app.sandbox.render import messages as render
from app.sandbox.rest.answers import (
    answer,
    body_of,
    channel_in,
    limit_of,
    nothing,
    number,
    path_number,
    query_number,
)
from app.sandbox.rest.forms import Form, draft_of, origin, read_form, store_files
from app.sandbox.state.models import Channel, Message

_BULK_LEAST, _BULK_MOST = 2, 100
_BULK_AGE_MS = 14 * 86_400_000
_PAGE = 50
_NONCES = 10_000


async def list_messages(request: web.Request) -> web.Response:
    """The history around, before or after a message, or the newest."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.VIEW_CHANNEL)
    limit = limit_of(request, _PAGE, 100)
    held = _history_allowed(box, channel)
    rows = history(request, channel, limit) if held else []
    return answer([render.message(box.world, row) for row in rows])


def _history_allowed(box: Box, channel: Channel) -> bool:
    try:
        require(box.world, channel, box.world.application.id, Permission.READ_MESSAGE_HISTORY)
    except DiscordError:
        # Without the permission Discord answers an empty list, no error.
        return False
    return True


def history(request: web.Request, channel: Channel, limit: int) -> list[Message]:
    """The rows that before, after and around of the query string select, newest first."""
    for name, pick in (
        ("before", channel.history.before),
        ("after", channel.history.after),
        ("around", channel.history.around),
    ):
        anchor = query_number(request, name)
        if anchor is not None:
            return pick(anchor, limit)
    return channel.history.latest(limit)


async def get_message(request: web.Request) -> web.Response:
    """One message."""
    box, channel = channel_in(request)
    require(box.world, channel, box.world.application.id, Permission.READ_MESSAGE_HISTORY)
    row = box.world.message(channel.id, path_number(request, "message"))
    return answer(render.message(box.world, row))


async def create_message(request: web.Request) -> web.Response:
    """Post a message as the bot; an enforced nonce that was used before returns the first message."""
    box, channel = channel_in(request)
    form = await read_form(request)
    author_id = box.world.application.id
    require_posting(box, channel, author_id, form)
    known = _same_nonce(box, channel, form.data)
    if known is not None:
        return answer(render.message(box.world, known))
    return answer(render.message(box.world, post(request, box, channel, author_id, form)))


def require_posting(box: Box, channel: Channel, author_id: int, form: Form) -> None:
    """Raise Discord's error unless the author may write (and attach) there."""
    if channel.kind in WITHOUT_MESSAGES:
        raise DiscordError(400, 50008, "Cannot send messages in a non-text channel")
    require(box.world, channel, author_id, send_permission(channel))
    if form.files:
        require(box.world, channel, author_id, Permission.ATTACH_FILES)
    if channel.thread and channel.thread.archived and channel.thread.locked:
        raise DiscordError(400, 50083, "Thread is archived")


def post(request: web.Request, box: Box, channel: Channel, author_id: int, form: Form) -> Message:
    """Post what the form says."""
    draft = draft_of(form.data, store_files(box, form, channel.id, origin(request), []))
    if draft.reply_to is not None:
        _check_reply(channel, draft, form.data)
    row = messages.create(box, channel, author_id, draft)
    if form.data.get("nonce") is not None and form.data.get("enforce_nonce"):
        _remember_nonce(box, row, form.data["nonce"])
    return row


def _check_reply(channel: Channel, draft: Draft, data: Json) -> None:
    draft.kind = int(MessageType.REPLY)
    if channel.history.get(draft.reply_to or 0) is None:
        if (data.get("message_reference") or {}).get("fail_if_not_exists", True):
            raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        draft.reply_to = None
        draft.kind = int(MessageType.DEFAULT)


def _same_nonce(box: Box, channel: Channel, data: Json) -> Message | None:
    if not data.get("enforce_nonce") or data.get("nonce") is None:
        return None
    known = box.world.nonces.get((channel.id, str(data["nonce"])))
    row = channel.history.get(known) if known else None
    if row is None or (datetime.now(UTC) - moment_of(row.id)).total_seconds() > box.tuning.nonce_window:
        return None
    return row


def _remember_nonce(box: Box, row: Message, nonce: object) -> None:
    box.world.nonces[row.channel_id, str(nonce)] = row.id
    while len(box.world.nonces) > _NONCES:
        del box.world.nonces[next(iter(box.world.nonces))]


async def edit_message(request: web.Request) -> web.Response:
    """Change one of the bot's own messages."""
    box, channel = channel_in(request)
    bot_id = box.world.application.id
    require(box.world, channel, bot_id, Permission.VIEW_CHANNEL)
    row = box.world.message(channel.id, path_number(request, "message"))
    form = await read_form(request)
    if row.author_id != bot_id:
        raise DiscordError(403, 50005, "Cannot edit a message authored by another user")
    if form.files:
        require(box.world, channel, bot_id, Permission.ATTACH_FILES)
    return answer(render.message(box.world, change(request, box, row, form)))


def change(request: web.Request, box: Box, row: Message, form: Form) -> Message:
    """Edit the message as the form says; absent keys stay."""
    kept = row.extras.attachments if row.extras else []
    changes: Json = {key: form.data[key] for key in ("content", "embeds", "components") if key in form.data}
    draft_of({**changes, "flags": 0}, [])
    if form.files or "attachments" in form.data:
        changes["attachments"] = store_files(box, form, row.channel_id, origin(request), kept)
    if form.data.get("flags") is not None:
        mutable = int(MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2)
        changes["flags"] = row.flags & ~mutable | int(form.data["flags"]) & mutable
    return messages.edit(box, row, changes)


async def delete_message(request: web.Request) -> web.Response:
    """Delete one message; another's needs MANAGE_MESSAGES."""
    box, channel = channel_in(request)
    bot_id = box.world.application.id
    require(box.world, channel, bot_id, Permission.VIEW_CHANNEL)
    row = box.world.message(channel.id, path_number(request, "message"))
    if row.author_id != bot_id:
        if not channel.guild_id:
            raise DiscordError(403, 50003, "Cannot execute action on a DM channel")
        require(box.world, channel, bot_id, Permission.MANAGE_MESSAGES)
    messages.delete(box, channel, [row.id])
    return nothing()


async def bulk_delete(request: web.Request) -> web.Response:
    """Delete 2 to 100 messages of the last two weeks."""
    box, channel = channel_in(request)
    if not channel.guild_id:
        raise DiscordError(403, 50003, "Cannot execute action on a DM channel")
    require(box.world, channel, box.world.application.id, Permission.MANAGE_MESSAGES)
    asked = (await body_of(request)).get("messages") or []
    wanted = list(dict.fromkeys(number(i, "messages") for i in asked))
    if not _BULK_LEAST <= len(wanted) <= _BULK_MOST:
        raise DiscordError(400, 50016, "Provided too few or too many messages to delete")
    oldest = (box.world.ids.next() >> SHIFT) - _BULK_AGE_MS
    if any((i >> SHIFT) < oldest for i in wanted):
        raise DiscordError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    messages.delete(box, channel, wanted)
    return nothing()
