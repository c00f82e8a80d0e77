"""POST /sandbox/messages and its kin: users writing, editing, deleting, reacting and typing.

Each call does what that user's own client could do and nothing else: a user who may not write
there, or is no member, is refused.
"""

from typing import TypeAlias

from aiohttp import BodyPartReader, web

from app.sandbox.actions import messages, reactions, uploads
from app.sandbox.actions.drafts import Draft, check
from app.sandbox.box import Box, box_of
from app.sandbox.constants import (
    CONTENT_LIMIT,
    LONG_CONTENT_LIMIT,
    WITHOUT_MESSAGES,
    Json,
    MessageType,
    Permission,
)
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.files import StoredFile, type_of
from app.sandbox.permissions import require, send_permission
from app.sandbox.render import messages as render
from app.sandbox.rest.answers import answer
from app.sandbox.rest.forms import origin
from app.sandbox.rest.messages import history
from app.sandbox.rest.reactions import show_typing
from app.sandbox.state.models import Channel, Message, User

_FIELDS = ("channel", "author", "content", "attachments", "reply_to", "nonce")
_PAGE, _PAGE_MOST = 50, 100_000
_BULK_MOST = 10_000


async def post(request: web.Request) -> web.Response:
    """Write one message, or `{"messages": [...]}` in order; answers the message, or all ids."""
    box = box_of(request)
    data = await _read_with_files(request)
    if "messages" not in data:
        return answer(render.message(box.world, _write(box, _letter(box, data, origin(request)))))
    params.only(data, ("messages",))
    rows = data["messages"]
    if not isinstance(rows, list) or len(rows) > _BULK_MOST or not all(isinstance(r, dict) for r in rows):
        raise BadInput(f"messages must be a list of at most {_BULK_MOST} objects")
    # All are checked before the first is written, so that a refusal changes nothing.
    letters = [_letter(box, params.renamed(row), origin(request)) for row in rows]
    written = [str(_write(box, letter).id) for letter in letters]
    return answer({"ids": written, "messages": [{"id": i} for i in written]})


Letter: TypeAlias = tuple[Channel, int, Draft]


def _letter(box: Box, data: Json, base: str) -> Letter:
    params.only(data, _FIELDS)
    channel = params.channel(box, data)
    author = params.user(box, data, "author")
    if channel.kind in WITHOUT_MESSAGES:
        raise BadInput(f"channel {channel.id} holds no messages itself; text and voice channels and threads do")
    params.inside(box, channel, author, "author")
    require(box.world, channel, author.id, send_permission(channel))
    content = params.text(data, "content", default="", most=LONG_CONTENT_LIMIT)
    draft = Draft(content=content, longest=_longest(author), nonce=_nonce(data))
    if data.get("reply_to"):
        draft.reply_to = params.message(box, data, channel, "reply_to").id
        draft.kind = int(MessageType.REPLY)
    if data.get("attachments"):
        draft.attachments = uploads.store(box, channel, data["attachments"], base)
    check(draft)
    return channel, author.id, draft


def _longest(author: User) -> int:
    return CONTENT_LIMIT if author.bot else LONG_CONTENT_LIMIT


def _nonce(data: Json) -> str | int | None:
    nonce = data.get("nonce")
    if nonce is not None and not isinstance(nonce, str | int):
        raise BadInput(f"nonce is {params.shown(nonce)}; it must be a string or a number")
    return nonce


def _write(box: Box, letter: Letter) -> Message:
    channel, author_id, draft = letter
    return messages.create(box, channel, author_id, draft)


async def _read_with_files(request: web.Request) -> Json:
    """JSON, or the page's multipart form: field `payload_json`, then the files."""
    if request.content_type != "multipart/form-data":
        return await params.read(request)
    data: Json = {}
    files = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        raw = bytes(await part.read())
        if part.name == "payload_json":
            data = params.parsed(raw)
        else:
            name = uploads.safe_name(part.filename)
            files.append(StoredFile(name, type_of(name, part.headers.get("Content-Type")), raw))
    return {**data, "attachments": [*(data.get("attachments") or []), *files]}


async def edit(request: web.Request) -> web.Response:
    """The author changes the text of a message."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("channel", "message", "content"))
    channel = params.channel(box, data)
    row = params.message(box, data, channel)
    content = params.text(data, "content", most=LONG_CONTENT_LIMIT)
    longest = _longest(box.world.users[row.author_id])
    return answer(render.message(box.world, messages.edit(box, row, {"content": content}, longest=longest)))


async def delete(request: web.Request) -> web.Response:
    """Delete one message, or several at once as a moderator's bulk deletion does."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("channel", "messages", "message"))
    channel = params.channel(box, data)
    asked = data.get("messages", data.get("message"))
    rows = asked if isinstance(asked, list) else [asked]
    wanted = [params.snowflake({"messages": i}, "messages") for i in rows]
    gone = messages.delete(box, channel, wanted)
    if len(gone) < len(wanted):
        missing = [str(i) for i in wanted if i not in gone]
        if not gone:
            raise BadInput(f"messages {params.shown(missing)}: no such message in channel {channel.id}")
    return answer({"ids": [str(i) for i in gone]})


async def list_messages(request: web.Request) -> web.Response:
    """The channel's messages, newest first; `before`, `after`, `around`, `limit` (to 100000) select."""
    box = box_of(request)
    channel = params.channel(box, {"channel": request.match_info["channel"]})
    query = dict(request.query)
    limit = params.whole(query, "limit", default=_PAGE, least=1, most=_PAGE_MOST)
    found = history(request, channel, limit)
    if "user" in query:
        viewer = params.user(box, query)
        require(box.world, channel, viewer.id, Permission.READ_MESSAGE_HISTORY)
        found = _with_ephemeral(box, channel, viewer.id, found)
    return answer([_shown(box, row) for row in found])


def _shown(box: Box, row: Message) -> Json:
    """A message with who reacted, which the page needs to show its user's own reactions."""
    body = render.message(box.world, row)
    for shown, who in zip(body.get("reactions", ()), (row.reactions or {}).values(), strict=False):
        shown["users"] = [str(u) for u in who]
    return body


def _with_ephemeral(box: Box, channel: Channel, viewer_id: int, rows: list[Message]) -> list[Message]:
    own = [
        m
        for m in box.world.ephemeral.values()
        if m.channel_id == channel.id and m.extras and m.extras.viewer_id == viewer_id
    ]
    return sorted([*rows, *own], key=lambda m: m.id, reverse=True)


async def react(request: web.Request) -> web.Response:
    """A user adds or removes a reaction, or a moderator clears them (`action`: add, remove or clear)."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("channel", "message", "user", "emoji", "action"))
    action = params.choice(data, "action", ("add", "remove", "clear"), "add")
    channel = params.channel(box, data)
    row = params.message(box, data, channel)
    if action == "clear":
        emoji = params.text(data, "emoji") if data.get("emoji") else None
        reactions.clear(box, row, emoji)
        return answer({"id": str(row.id), "changed": True})
    user = params.user(box, data)
    params.inside(box, channel, user)
    change = reactions.add if action == "add" else reactions.remove
    return answer({"id": str(row.id), "changed": change(box, row, user.id, params.text(data, "emoji"))})


async def typing(request: web.Request) -> web.Response:
    """A user starts typing."""
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("channel", "user"))
    channel = params.channel(box, data)
    user = params.user(box, data)
    params.inside(box, channel, user)
    show_typing(box, channel, user.id)
    return answer({"channel": str(channel.id), "user": str(user.id)})
