"""Threads: starting, listing, joining, archiving."""

from collections.abc import Iterable

from aiohttp import web

from app.sandbox import ids
from app.sandbox.actions import messages, tags, threads
from app.sandbox.box import Box
from app.sandbox.constants import ChannelType, Json, MessageFlag, Permission
from app.sandbox.errors import BadInput, DiscordError, invalid_form
from app.sandbox.permissions import can_view, require
from app.sandbox.render import guilds
from app.sandbox.render import messages as render
from app.sandbox.rest.access import guild_seen
from app.sandbox.rest.answers import answer, body_of, channel_in, limit_of, path_number
from app.sandbox.rest.forms import Form, read_form
from app.sandbox.rest.messages import post
from app.sandbox.state.models import Channel, Extras, ThreadState

_NAME = 100
_DURATIONS = (60, 1440, 4320, 10_080)


def _new(box: Box, parent: Channel, data: Json, kind: ChannelType, thread_id: int | None = None) -> Channel:
    name = data.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_NAME} in length.")
    bot_id = box.world.application.id
    state = ThreadState(bot_id, ids.now_iso(), {bot_id: ids.now_iso()})
    state.auto_archive_minutes = _duration(data.get("auto_archive_duration"), 1440)
    state.invitable = data.get("invitable", True) is not False
    state.applied_tags = _tags(parent, data.get("applied_tags") or [])
    thread = Channel(thread_id or box.world.ids.next(), kind, parent.guild_id, name, parent_id=parent.id)
    thread.thread = state
    thread.slowmode = data.get("rate_limit_per_user") or 0
    return thread


def _tags(parent: Channel, given: object) -> list[int]:
    try:
        return tags.applied(parent, given)
    except BadInput as error:
        raise invalid_form("applied_tags", "BASE_TYPE_CHOICES", str(error)) from error


def _duration(value: object, otherwise: int) -> int:
    if value is None:
        return otherwise
    if value not in _DURATIONS:
        text = f"Value must be one of {_DURATIONS}."
        raise invalid_form("auto_archive_duration", "BASE_TYPE_CHOICES", text)
    return int(str(value))


async def start(request: web.Request) -> web.Response:
    """A thread without a message, or a post in a forum with its first message."""
    box, parent = channel_in(request)
    form = await read_form(request)
    if parent.kind is ChannelType.FORUM:
        return answer(_forum_post(request, box, parent, form), 201)
    if parent.kind not in {ChannelType.TEXT, ChannelType.NEWS}:
        raise DiscordError(400, 50024, "Cannot execute action on this channel type")
    kind = ChannelType(form.data.get("type") or ChannelType.PRIVATE_THREAD)
    is_private = kind is ChannelType.PRIVATE_THREAD
    needed = Permission.CREATE_PRIVATE_THREADS if is_private else Permission.CREATE_PUBLIC_THREADS
    require(box.world, parent, box.world.application.id, needed)
    thread = threads.create(box, _new(box, parent, form.data, kind))
    return answer(_with_self(box, thread), 201)


def _forum_post(request: web.Request, box: Box, parent: Channel, form: Form) -> Json:
    require(box.world, parent, box.world.application.id, Permission.SEND_MESSAGES)
    first = form.data.get("message")
    if not isinstance(first, dict):
        raise invalid_form("message", "BASE_TYPE_REQUIRED", "This field is required")
    thread = _new(box, parent, form.data, ChannelType.PUBLIC_THREAD)
    threads.create(box, thread)
    row = post(request, box, thread, box.world.application.id, Form(first, form.files))
    return {**_with_self(box, thread), "message": render.message(box.world, row)}


async def start_from_message(request: web.Request) -> web.Response:
    """A thread that hangs on a message and has its id."""
    box, parent = channel_in(request)
    require(box.world, parent, box.world.application.id, Permission.CREATE_PUBLIC_THREADS)
    row = box.world.message(parent.id, path_number(request, "message"))
    if row.id in box.world.channels:
        raise DiscordError(400, 160004, "A thread has already been created for this message")
    thread = _new(box, parent, await body_of(request), ChannelType.PUBLIC_THREAD, row.id)
    threads.create(box, thread)
    row.flags |= MessageFlag.HAS_THREAD
    row.extras = row.extras or Extras()
    row.extras.thread_id = thread.id
    messages.publish(box, "MESSAGE_UPDATE", row)
    return answer(_with_self(box, thread), 201)


def _with_self(box: Box, thread: Channel) -> Json:
    body = guilds.thread(thread)
    bot_id = box.world.application.id
    if thread.thread and bot_id in thread.thread.members:
        body["member"] = guilds.thread_member(thread, bot_id)
    return body


def edit_thread(box: Box, thread: Channel, data: Json) -> Json:
    """Change name, archive state, lock, slow mode or tags of a thread."""
    bot_id = box.world.application.id
    state = thread.thread
    assert state is not None
    require(box.world, thread, bot_id, Permission.VIEW_CHANNEL)
    is_own = state.owner_id == bot_id and "locked" not in data
    if not is_own:
        require(box.world, thread, bot_id, Permission.MANAGE_THREADS)
    if data.get("name") is not None:
        thread.name = str(data["name"])[:_NAME]
    if data.get("rate_limit_per_user") is not None:
        thread.slowmode = data["rate_limit_per_user"]
    state.auto_archive_minutes = _duration(data.get("auto_archive_duration"), state.auto_archive_minutes)
    state.locked = bool(data.get("locked", state.locked))
    state.invitable = bool(data.get("invitable", state.invitable))
    if data.get("applied_tags") is not None:
        state.applied_tags = _tags(box.world.channels[thread.parent_id or 0], data["applied_tags"])
    if bool(data.get("archived", state.archived)) != state.archived:
        state.archived = not state.archived
        state.archive_timestamp = ids.now_iso()
    threads.announce(box, thread, "THREAD_UPDATE")
    return _with_self(box, thread)


async def active(request: web.Request) -> web.Response:
    """Every open thread of the guild that the bot sees."""
    box, guild = _guild(request)
    found = [c for c in guild if c.thread and not c.thread.archived]
    return answer(_listing(box, sorted(found, key=lambda c: -c.id), has_more=False))


def _guild(request: web.Request) -> tuple[Box, list[Channel]]:
    box, guild = guild_seen(request)
    bot_id = box.world.application.id
    return box, [c for c in guild.channels.values() if c.is_thread and can_view(box.world, c, bot_id)]


async def archived(request: web.Request) -> web.Response:
    """Archived threads of a channel, public, private, or the private ones joined; newest archive first."""
    box, parent = channel_in(request)
    bot_id = box.world.application.id
    require(box.world, parent, bot_id, Permission.READ_MESSAGE_HISTORY)
    wants_private = request.path.endswith("/private")
    only_joined = "/users/@me/" in request.path
    if wants_private and not only_joined:
        require(box.world, parent, bot_id, Permission.MANAGE_THREADS)
    before = request.query.get("before")
    found = [
        t
        for t in box.world.threads_of(parent.id)
        if t.thread
        and t.thread.archived
        and (t.kind is ChannelType.PRIVATE_THREAD) == wants_private
        and (not only_joined or bot_id in t.thread.members)
        and (before is None or t.thread.archive_timestamp < before)
    ]
    found.sort(key=lambda t: t.thread.archive_timestamp if t.thread else "", reverse=True)
    limit = limit_of(request, 50, 100)
    return answer(_listing(box, found[:limit], has_more=len(found) > limit))


def _listing(box: Box, found: Iterable[Channel], *, has_more: bool) -> Json:
    rows = list(found)
    bot_id = box.world.application.id
    joined = [guilds.thread_member(t, bot_id) for t in rows if t.thread and bot_id in t.thread.members]
    return {"threads": [guilds.thread(t) for t in rows], "members": joined, "has_more": has_more}
