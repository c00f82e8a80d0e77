"""The bot's answers to interactions: callbacks and what follows them."""

from aiohttp import web

from app.sandbox.actions import messages
from app.sandbox.actions.drafts import Draft, finished_components
from app.sandbox.box import Box
from app.sandbox.constants import CommandType, InteractionType, Json, MessageFlag, MessageType
from app.sandbox.errors import DiscordError, invalid_form, unknown
from app.sandbox.hub import Event
from app.sandbox.interactions import modals
from app.sandbox.interactions.registry import Interaction
from app.sandbox.render import messages as render
from app.sandbox.render import users
from app.sandbox.rest.forms import Form, draft_of, origin, store_files
from app.sandbox.rest.messages import change
from app.sandbox.state.models import Channel, Message

PONG, MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
_ALLOWED = {
    InteractionType.COMMAND: (MESSAGE, DEFERRED, MODAL),
    InteractionType.COMPONENT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL),
    InteractionType.AUTOCOMPLETE: (CHOICES,),
    InteractionType.MODAL: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE),
}
_MOST_CHOICES = 25
_VISIBLE = int(MessageFlag.EPHEMERAL | MessageFlag.COMPONENTS_V2 | MessageFlag.SUPPRESS_EMBEDS)


def find_message(box: Box, channel_id: int, message_id: int | None) -> Message | None:
    """A message that an interaction made or came from, wherever it is kept."""
    if message_id is None:
        return None
    channel = box.world.channels.get(channel_id)
    kept = channel.history.get(message_id) if channel else None
    return kept or box.world.ephemeral.get(message_id)


def metadata(box: Box, row: Interaction) -> Json:
    """Who used what, as the answering message tells it."""
    body: Json = {
        "id": str(row.id),
        "type": int(row.kind),
        "user": users.user(box.world.users[row.user_id]),
        "authorizing_integration_owners": {"0": str(row.guild_id)},
    }
    if row.kind is InteractionType.COMMAND:
        body["name"] = row.label
    elif row.kind is InteractionType.COMPONENT:
        body["interacted_message_id"] = str(row.source_id)
    else:
        body["triggering_interaction_metadata"] = {
            "id": str(row.id),
            "type": int(InteractionType.COMMAND),
            "authorizing_integration_owners": {"0": str(row.guild_id)},
        }
    return body


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
        message = _ACTIONS[int(str(self.kind))](self)
        announce(self.box, self.row)
        return message

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


_ACTIONS = {
    MESSAGE: Answer._message,  # noqa: SLF001 - the table of the class above.
    DEFERRED: Answer._deferred,  # noqa: SLF001
    DEFERRED_UPDATE: Answer._deferred_update,  # noqa: SLF001
    UPDATE: Answer._update,  # noqa: SLF001
    CHOICES: Answer._choices,  # noqa: SLF001
    MODAL: Answer._modal,  # noqa: SLF001
}


def draft_for(box: Box, row: Interaction, draft: Draft) -> Draft:
    """The draft as an answer to the interaction."""
    kinds = {CommandType.CHAT_INPUT: MessageType.CHAT_INPUT_COMMAND}
    if row.kind is InteractionType.COMMAND and row.original_id is None:
        kind = kinds.get(CommandType(row.command_kind or 1), MessageType.CONTEXT_MENU_COMMAND)
        draft.kind = int(kind)
    draft.flags &= _VISIBLE
    draft.interaction = metadata(box, row)
    draft.application_id = box.world.application.id
    draft.viewer_id = row.user_id if draft.flags & MessageFlag.EPHEMERAL else None
    return draft


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
