"""The bot's answers to interactions: callbacks and what follows them."""

from collections.abc import Callable

from aiohttp import web

from app.sandbox.actions import messages
from app.sandbox.actions.drafts import Draft, finished_components
from app.sandbox.box import Box
from app.sandbox.constants import InteractionType, Json, MessageFlag
from app.sandbox.errors import DiscordError, invalid_form, unknown
from app.sandbox.hub import Event
from app.sandbox.interactions import modals
from app.sandbox.interactions.metadata import draft_for
from app.sandbox.interactions.registry import Interaction
from app.sandbox.render import messages as render
from app.sandbox.rest.forms import Form, draft_of, origin, store_files
from app.sandbox.rest.messages import change
from app.sandbox.state.models import Channel, Message

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
_ALLOWED = {
    InteractionType.COMMAND: (MESSAGE, DEFERRED, MODAL),
    InteractionType.COMPONENT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL),
    InteractionType.AUTOCOMPLETE: (CHOICES,),
    InteractionType.MODAL: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE),
}
_MOST_CHOICES = 25


def find_message(box: Box, channel_id: int, message_id: int | None) -> Message | None:
    """A message that an interaction made or came from, wherever it is kept."""
    if message_id is None:
        return None
    channel = box.world.channels.get(channel_id)
    kept = channel.history.get(message_id) if channel else None
    return kept or box.world.ephemeral.get(message_id)


class Answer:
    """Carries out one callback."""

    def __init__(self, box: Box, row: Interaction, request: web.Request, form: Form) -> None:
        self.box = box
        self.row = row
        self.request = request
        self.kind = form.data.get("type")
        data = form.data.get("data") or {}
        self.form = Form(data, form.files)
        self.channel: Channel = box.world.channel(row.channel_id)

    def give(self) -> Message | None:
        """Do what the callback says; returns the message it made or changed."""
        state = self.box.interactions.settle(self.row, self.box.tuning.interaction_deadline)
        if state == "failed":
            raise unknown("Interaction")
        if state != "pending":
            raise DiscordError(400, 40060, "Interaction has already been acknowledged.")
        if self.kind not in _ALLOWED[self.row.kind]:
            choices = ", ".join(str(k) for k in _ALLOWED[self.row.kind])
            raise invalid_form("type", "BASE_TYPE_CHOICES", f"Value must be one of {{{choices}}}.")
        message = self._action()()
        announce(self.box, self.row)
        return message

    def _action(self) -> Callable[[], Message | None]:
        actions: dict[int, Callable[[], Message | None]] = {
            MESSAGE: self._message,
            DEFERRED: self._deferred,
            DEFERRED_UPDATE: self._deferred_update,
            UPDATE: self._update,
            CHOICES: self._choices,
            MODAL: self._modal,
        }
        return actions[int(str(self.kind))]

    def _message(self) -> Message:
        row = post(self.request, self.box, self.row, self.form, original=True)
        self.box.interactions.answer(self.row)
        return row

    def _deferred(self) -> Message:
        draft = draft_for(self.box, self.row, Draft(flags=int(self.form.data.get("flags") or 0)))
        row = messages.loading(self.box, self.channel, draft)
        self.row.state, self.row.original_id = "deferred", row.id
        self.row.ephemeral = render.is_ephemeral(row)
        self.row.message_ids.append(row.id)
        return row

    def _deferred_update(self) -> None:
        self.row.original_id = self.row.source_id
        self.box.interactions.answer(self.row)

    def _update(self) -> Message:
        source = find_message(self.box, self.row.channel_id, self.row.source_id)
        if source is None:
            raise unknown("Message")
        changed = change(self.request, self.box, source, self.form)
        self.row.original_id = source.id
        self.box.interactions.answer(self.row)
        self.row.message_ids.append(source.id)
        self.row.ephemeral = render.is_ephemeral(source)
        return changed

    def _choices(self) -> None:
        rows = self.form.data.get("choices")
        if not isinstance(rows, list) or len(rows) > _MOST_CHOICES:
            text = f"Must be {_MOST_CHOICES} or fewer in length."
            raise invalid_form("data.choices", "BASE_TYPE_MAX_LENGTH", text)
        for number, choice in enumerate(rows):
            if not 1 <= len(str(choice.get("name") or "")) <= 100:  # noqa: PLR2004 - Discord's limit.
                path = f"data.choices.{number}.name"
                raise invalid_form(path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        self.row.choices = rows
        self.box.interactions.answer(self.row)

    def _modal(self) -> None:
        modal = self.form.data
        modals.check(modal)
        finished_components(modal["components"])
        self.row.modal = modal
        self.box.interactions.answer(self.row)
        self.box.interactions.modals[self.row.user_id, modal["custom_id"]] = self.row


def post(request: web.Request, box: Box, row: Interaction, form: Form, *, original: bool = False) -> Message:
    """Post an answer or a follow-up; the first follow-up of a deferred answer fills it."""
    placeholder = find_message(box, row.channel_id, row.original_id)
    if placeholder is not None and placeholder.flags & MessageFlag.LOADING:
        return fill(request, box, row, placeholder, form)
    channel = box.world.channel(row.channel_id)
    draft = draft_of(form.data, store_files(box, form, channel.id, origin(request), []))
    message = messages.create(box, channel, box.world.application.id, draft_for(box, row, draft))
    row.message_ids.append(message.id)
    if original:
        row.original_id, row.ephemeral = message.id, render.is_ephemeral(message)
    return message


def fill(request: web.Request, box: Box, row: Interaction, message: Message, form: Form) -> Message:
    """Change an answer; a deferred one is answered from then on."""
    changed = change(request, box, message, form)
    box.interactions.answer(row)
    return changed


def describe(box: Box, row: Interaction) -> Json:
    """How the interaction stands: state, messages so far, whether ephemeral, an open modal, choices."""
    state = box.interactions.settle(row, box.tuning.interaction_deadline)
    found = [find_message(box, row.channel_id, i) for i in row.message_ids]
    shown = [m for m in found if m is not None and not m.flags & MessageFlag.LOADING]
    return {
        "id": str(row.id),
        "type": int(row.kind),
        "state": state,
        "user": str(row.user_id),
        "channel": str(row.channel_id),
        "name": row.label,
        "ephemeral": row.ephemeral,
        "messages": [render.message(box.world, m) for m in shown],
        "modal": row.modal,
        "choices": row.choices,
        "milliseconds": None if row.answered is None else (row.answered - row.created) * 1000,
    }


def announce(box: Box, row: Interaction) -> None:
    """Tell the user's page how the interaction stands."""
    viewer = frozenset({row.user_id})
    box.hub.publish(Event("INTERACTION_UPDATE", describe(box, row), users=viewer, page_only=True))
