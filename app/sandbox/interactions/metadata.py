"""What a message says about the interaction that it answers."""

from app.sandbox.actions.drafts import Draft
from app.sandbox.box import Box
from app.sandbox.constants import CommandType, InteractionType, Json, MessageFlag, MessageType
from app.sandbox.interactions.registry import Interaction
from app.sandbox.render import users

_VISIBLE = int(MessageFlag.EPHEMERAL | MessageFlag.COMPONENTS_V2 | MessageFlag.SUPPRESS_EMBEDS)


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
