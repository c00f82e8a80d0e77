"""Starting an interaction: which kind the caller means, and who acts where."""

from app.sandbox.box import Box
from app.sandbox.constants import CommandType, InteractionType, Json
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.interactions.commands import CommandStarter
from app.sandbox.interactions.components import ComponentStarter
from app.sandbox.interactions.registry import Interaction
from app.sandbox.permissions import can_view

_WORDS = {
    "command": (InteractionType.COMMAND, CommandType.CHAT_INPUT),
    "slash": (InteractionType.COMMAND, CommandType.CHAT_INPUT),
    "chat_input": (InteractionType.COMMAND, CommandType.CHAT_INPUT),
    "application_command": (InteractionType.COMMAND, CommandType.CHAT_INPUT),
    "user_command": (InteractionType.COMMAND, CommandType.USER),
    "user": (InteractionType.COMMAND, CommandType.USER),
    "message_command": (InteractionType.COMMAND, CommandType.MESSAGE),
    "message": (InteractionType.COMMAND, CommandType.MESSAGE),
    "button": (InteractionType.COMPONENT, None),
    "select": (InteractionType.COMPONENT, None),
    "component": (InteractionType.COMPONENT, None),
    "message_component": (InteractionType.COMPONENT, None),
    "autocomplete": (InteractionType.AUTOCOMPLETE, CommandType.CHAT_INPUT),
    "modal": (InteractionType.MODAL, None),
    "modal_submit": (InteractionType.MODAL, None),
}
_FIELDS = (
    *("type", "user", "channel", "name", "custom_id", "message", "options", "values", "fields"),
    *("target", "focused", "force", "guild"),
)


def kind_of(word: object) -> tuple[InteractionType, CommandType | None]:
    """The interaction type and command type that a word or Discord's number names."""
    if str(word).isdigit() and int(str(word)) in list(InteractionType):
        kind = InteractionType(int(str(word)))
        with_command = kind in {InteractionType.COMMAND, InteractionType.AUTOCOMPLETE}
        return kind, CommandType.CHAT_INPUT if with_command else None
    found = _WORDS.get(str(word).lower().replace(" ", "_").replace("-", "_"))
    if found is None:
        numbers = ", ".join(str(int(k)) for k in InteractionType)
        raise BadInput(f"type is {params.shown(word)}; allowed: {', '.join(_WORDS)}, or Discord's {numbers}")
    return found


def begin(box: Box, data: Json, base: str) -> Interaction:
    """Start the interaction that the fields describe and send it to the bot."""
    params.only(data, _FIELDS)
    kind, command_kind = kind_of(data.get("type"))
    user = params.user(box, data)
    channel = params.channel(box, data)
    params.inside(box, channel, user)
    if not can_view(box.world, channel, user.id):
        raise BadInput(f"user {user.id} cannot see channel {channel.id}")
    if command_kind is not None:
        return CommandStarter(box, user, channel, data, base).command(kind, command_kind)
    starter = ComponentStarter(box, user, channel, data, base)
    return starter.component() if kind is InteractionType.COMPONENT else starter.modal()
