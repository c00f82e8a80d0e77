"""The batch that carries events from the bot to a worker, and the events that only ingest itself knows.

The ledger's entry `ledger:ingest` / `Batch.id` holds the batch as JSON (`encode`), and the task `ingest.apply` carries
that id alone. Batches may be applied in any order and by several workers at once.

`batch_id` makes ids that sort as their events were stamped. That is what orders the few events that must wait for
everything before them (`WAITING`): they take effect once the ledger holds no entry of the same bot with a lower id.
The bot must therefore put batches into the ledger in order, and none while older ones lie in its spool.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from app.activity.guilds.messages import ChannelDeleted, ChannelSeen, GuildLeft, GuildSeen, RoleDeleted, RoleSeen
from app.activity.invites.messages import InviteCreated, InviteDeleted
from app.activity.members.messages import MemberJoined, MemberLeft, MemberUpdated
from app.activity.messages.messages import ChannelListed, MessageEdited, MessagesDeleted, MessageSeen, OwnPostSeen
from app.activity.reactions.messages import ReactionAdded, ReactionRemoved, ReactionsCleared
from app.activity.voice.messages import VoiceHeard, VoiceListed, VoiceStateChanged
from app.core.events import Event, Snowflake

VERSION: Final = 1
QUEUE = "ingest"
TASK = "ingest.apply"


class WatermarkAdvanced(Event, frozen=True, kw_only=True, tag="watermark_advanced"):
    """Up to and including `complete_to` nothing of this channel is missing.

    It takes effect when everything with a lower `seq` is committed, so the bot sends it after (or in one batch with)
    the last event of the stretch; a watermark never moves back.
    """

    channel_id: Snowflake
    complete_to: Snowflake


AnyEvent: TypeAlias = (
    MessageSeen
    | MessageEdited
    | MessagesDeleted
    | ChannelListed
    | OwnPostSeen
    | ReactionAdded
    | ReactionRemoved
    | ReactionsCleared
    | VoiceStateChanged
    | VoiceListed
    | VoiceHeard
    | MemberJoined
    | MemberUpdated
    | MemberLeft
    | GuildSeen
    | GuildLeft
    | ChannelSeen
    | ChannelDeleted
    | RoleSeen
    | RoleDeleted
    | InviteCreated
    | InviteDeleted
    | WatermarkAdvanced
)

# Events that tell what is *not* there, or that nothing is missing.
WAITING = (ChannelListed, VoiceListed, VoiceHeard, WatermarkAdvanced)


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events that are applied in one transaction, exactly once."""

    v: Literal[1] = VERSION
    id: str
    events: tuple[AnyEvent, ...]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Batch)


def batch_id(bot_id: int, first_seq: int) -> str:
    """The id of the batch whose first event has this `seq`; ids of one bot sort as their events do."""
    return f"{bot_id}:{first_seq:019d}"


def encode(batch: Batch) -> bytes:
    """The batch as the ledger and the spool keep it."""
    return _encoder.encode(batch)


def decode(payload: bytes) -> Batch:
    """The batch, checked; raises msgspec.MsgspecError when any part of it is not as it must be."""
    return _decoder.decode(payload)
