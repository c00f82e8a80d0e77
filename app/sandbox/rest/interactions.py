"""/interactions/{id}/{token}/callback and the application's webhook: follow-ups and edits."""

from aiohttp import web

from app.sandbox.actions import messages
from app.sandbox.box import Box, box_of
from app.sandbox.constants import Json, MessageFlag
from app.sandbox.errors import DiscordError, unknown
from app.sandbox.interactions import answers
from app.sandbox.interactions.registry import Interaction
from app.sandbox.render import messages as render
from app.sandbox.rest.answers import answer, nothing, path_number
from app.sandbox.rest.forms import read_form
from app.sandbox.state.models import Message

_TRUE = frozenset({"1", "true", "True"})


async def callback(request: web.Request) -> web.Response:
    """The first answer to an interaction, which has three seconds."""
    box = box_of(request)
    row = box.interactions.get(path_number(request, "interaction"))
    if row is None or row.token != request.match_info["token"]:
        raise unknown("Interaction")
    form = await read_form(request)
    reply = answers.Answer(box, row, request, form)
    message = reply.give()
    if request.query.get("with_response") not in _TRUE:
        return nothing()
    return answer(_callback_body(box, row, int(str(reply.kind)), message))


def _callback_body(box: Box, row: Interaction, kind: int, message: Message | None) -> Json:
    told: Json = {"id": str(row.id), "type": int(row.kind), "channel_id": str(row.channel_id)}
    if row.guild_id:
        told["guild_id"] = str(row.guild_id)
    body: Json = {"interaction": told}
    if message is not None:
        told["response_message_id"] = str(message.id)
        told["response_message_loading"] = bool(message.flags & MessageFlag.LOADING)
        told["response_message_ephemeral"] = render.is_ephemeral(message)
    if message is not None and kind in {answers.MESSAGE, answers.UPDATE}:
        body["resource"] = {"type": kind, "message": render.message(box.world, message)}
    return body


def _interaction(request: web.Request) -> tuple[Box, Interaction]:
    box = box_of(request)
    if path_number(request, "webhook") != box.world.application.id:
        raise unknown("Webhook")
    row = box.interactions.by_token(request.match_info["token"])
    if row is None:
        raise DiscordError(401, 50027, "Invalid Webhook Token")
    if row.state in {"pending", "failed"}:
        # Until the interaction is answered, its webhook does not exist.
        raise unknown("Webhook")
    return box, row


def _message(request: web.Request) -> tuple[Box, Interaction, Message]:
    box, row = _interaction(request)
    name = request.match_info.get("message", "@original")
    wanted = row.original_id if name == "@original" else path_number(request, "message")
    if name != "@original" and wanted not in row.message_ids:
        raise unknown("Message")
    found = answers.find_message(box, row.channel_id, wanted)
    if found is None:
        raise unknown("Message")
    return box, row, found


async def follow_up(request: web.Request) -> web.Response:
    """A further message."""
    box, row = _interaction(request)
    form = await read_form(request)
    message = answers.post(request, box, row, form)
    answers.announce(box, row)
    return answer(render.message(box.world, message))


async def get_answer(request: web.Request) -> web.Response:
    """The original answer, or a follow-up."""
    box, _, message = _message(request)
    return answer(render.message(box.world, message))


async def edit_answer(request: web.Request) -> web.Response:
    """Change the original answer, or a follow-up; this is what ends a deferral."""
    box, row, message = _message(request)
    form = await read_form(request)
    changed = answers.fill(request, box, row, message, form)
    if changed.id not in row.message_ids:
        row.message_ids.append(changed.id)
    answers.announce(box, row)
    return answer(render.message(box.world, changed))


async def delete_answer(request: web.Request) -> web.Response:
    """Take the original answer, or a follow-up, away."""
    box, row, message = _message(request)
    if render.is_ephemeral(message):
        messages.delete_ephemeral(box, message)
    else:
        messages.delete(box, box.world.channel(row.channel_id), [message.id])
    if row.state == "deferred":
        box.interactions.answer(row)
    answers.announce(box, row)
    return nothing()
