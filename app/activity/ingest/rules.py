"""Which events of a batch may be stored, and what of them. No I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from msgspec.structs import replace

from app.activity.ingest.messages import AnyEvent
from app.activity.invites.messages import InviteCreated
from app.activity.members.messages import MemberJoined, MemberLeft, MemberUpdated
from app.activity.messages.messages import MessageEdited, MessagesDeleted, MessageSeen
from app.activity.partitions.rules import Span
from app.activity.reactions.messages import ReactionAdded, ReactionRemoved, ReactionsCleared
from app.activity.voice.messages import VoiceStateChanged
from app.core.facts import day_of

# Discord's clock and ours may differ, but not by this much: such an id was made up.
FUTURE_MS = 600_000
MemberKey: TypeAlias = tuple[int, int]

_VERSIONS = (MessageSeen, MessageEdited)
_REACTIONS = (ReactionAdded, ReactionRemoved)
_PERSONAL = (*_VERSIONS, *_REACTIONS, VoiceStateChanged, MemberJoined, MemberLeft, MemberUpdated)


@dataclass(frozen=True)
class Erased:
    """What of a member must not come back: messages with ids below, and what happened before (ms)."""

    below_id: int
    before_ms: int


@dataclass(frozen=True)
class Policy:
    """What guilds and members chose, as far as a batch needs it."""

    default_mode: str
    modes: Mapping[int, str] = field(default_factory=dict)
    opted_out: AbstractSet[MemberKey] = frozenset()
    erased: Mapping[MemberKey, Erased] = field(default_factory=dict)

    def mode(self, guild_id: int) -> str:
        """The guild's content mode; direct messages to the bot are stored."""
        return self.modes.get(guild_id, self.default_mode if guild_id else "store")


@dataclass
class Admission:
    """The events to store, and what became of the others."""

    events: list[AnyEvent] = field(default_factory=list)
    # Events that are not stored, counted by (guild, day, outcome).
    outcomes: Counter[tuple[int, date, str]] = field(default_factory=Counter)
    # Events that can never be stored, with the reason.
    refused: list[tuple[AnyEvent, str]] = field(default_factory=list)


def person_of(event: AnyEvent) -> int | None:
    """The person whose doing the event is, if it is one person's."""
    if isinstance(event, _VERSIONS):
        return event.author_id
    if isinstance(event, (*_REACTIONS, VoiceStateChanged, MemberJoined, MemberLeft, MemberUpdated)):
        return event.user_id
    return event.inviter_id if isinstance(event, InviteCreated) else None


def admit(events: Iterable[AnyEvent], policy: Policy, span: Span, limit_id: int) -> Admission:
    """Sort a batch's events by what may be stored: ids from `span.low` up to `limit_id`, and what people agreed to."""
    admission = Admission()
    for event in events:
        allowed = _agreed(event, policy)
        if allowed is not None:
            _place(admission, allowed, span, limit_id)
    return admission


def _agreed(event: AnyEvent, policy: Policy) -> AnyEvent | None:
    """The event as its guild and its person agreed to it, or None."""
    person = person_of(event)
    if person is None:
        return event
    member = (event.guild_id, person)
    if isinstance(event, InviteCreated):
        return replace(event, inviter_id=None) if member in policy.opted_out else event
    mode = policy.mode(event.guild_id)
    if mode == "off" or member in policy.opted_out or _is_erased(event, policy.erased.get(member)):
        return None
    if mode == "counts" and isinstance(event, _VERSIONS) and event.content is not None:
        return replace(event, content=None)
    return event


def _is_erased(event: AnyEvent, erased: Erased | None) -> bool:
    if erased is None:
        return False
    if isinstance(event, _VERSIONS):
        return event.id < erased.below_id
    return event.at < erased.before_ms


def _place(admission: Admission, event: AnyEvent, span: Span, limit_id: int) -> None:
    """Admit the event if there is a place for it: weeks that retention dropped, and the future, have none."""
    if isinstance(event, MessagesDeleted):
        _place_deletion(admission, event, span, limit_id)
        return
    key = _message_of(event)
    if key is not None and key >= limit_id:
        admission.refused.append((event, "the id lies more than ten minutes in the future"))
    elif key is not None and key < span.low:
        admission.outcomes[event.guild_id, day_of(event.at), "expired"] += 1
    else:
        admission.events.append(event)


def _place_deletion(admission: Admission, event: MessagesDeleted, span: Span, limit_id: int) -> None:
    ids = tuple(message for message in event.ids if span.low <= message < limit_id)
    if ids:
        admission.events.append(event if len(ids) == len(event.ids) else replace(event, ids=ids))
    if any(message >= limit_id for message in event.ids):
        admission.refused.append((event, "an id lies more than ten minutes in the future"))
    expired = sum(message < span.low for message in event.ids)
    if expired:
        admission.outcomes[event.guild_id, day_of(event.at), "expired"] += expired


def _message_of(event: AnyEvent) -> int | None:
    """The message that decides in which partition the event is stored."""
    if isinstance(event, _VERSIONS):
        return event.id
    return event.message_id if isinstance(event, (*_REACTIONS, ReactionsCleared)) else None


def sorted_by_type(events: Iterable[AnyEvent]) -> dict[type[Any], list[Any]]:
    """The events by their type."""
    found: dict[type[Any], list[Any]] = {}
    for event in events:
        found.setdefault(type(event), []).append(event)
    return found
