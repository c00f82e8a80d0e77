"""What is kept of an event that cannot be applied. No I/O."""

from dataclasses import dataclass
from typing import Any

import msgspec

# Where an event of any version names its person.
_PEOPLE = ("author_id", "user_id", "inviter_id")
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Letter:
    """One event as it came, and why it cannot be applied (without what anybody wrote)."""

    payload: bytes
    reason: str
    event_type: str | None = None
    guild_id: int | None = None
    user_id: int | None = None


def letter_of(event: msgspec.Struct, reason: str) -> Letter:
    """A dead letter for an event that could be read."""
    return letter_of_raw(msgspec.json.encode(event), reason)


def letter_of_raw(payload: bytes, reason: str) -> Letter:
    """A dead letter for anything; it names the event's type, guild and person as far as they can be made out."""
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    fields: dict[str, Any] = found if isinstance(found, dict) else {}
    kind = fields.get("t")
    person = next((fields[name] for name in _PEOPLE if name in fields), None)
    return Letter(
        payload,
        reason,
        # A type is one of our own words, or it is not kept.
        kind if isinstance(kind, str) and kind.isidentifier() and len(kind) <= 40 else None,  # noqa: PLR2004
        _id(fields.get("guild_id")),
        _id(person),
    )


def without_person(payload: bytes, user_id: int, guild_id: int | None) -> bytes | None:
    """A letter that holds several events, without those of this person (in this guild); None when nothing is left.

    What cannot be read cannot be searched either, and nobody could ever apply it: nothing of it is left.
    """
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    events = found.get("events") if isinstance(found, dict) else None
    if not isinstance(events, list):
        return payload
    kept = [event for event in events if not _is_of(event, user_id, guild_id)]
    if len(kept) == len(events):
        return payload
    return msgspec.json.encode({**found, "events": kept}) if kept else None


def _is_of(event: object, user_id: int, guild_id: int | None) -> bool:
    if not isinstance(event, dict) or (guild_id is not None and event.get("guild_id", guild_id) != guild_id):
        return False
    return any(event.get(name) == user_id for name in _PEOPLE)


def _id(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= _LARGEST_ID else None


def as_entry(letter_id: int, payload: bytes) -> tuple[str, bytes]:
    """The ledger entry (id, payload) that tries this letter again: one event is wrapped in a batch of its own."""
    entry_id = f"replay:{letter_id:019d}"
    if _event_type(payload) is None:
        return entry_id, payload
    return entry_id, b'{"v":1,"id":"' + entry_id.encode() + b'","events":[' + payload + b"]}"


def _event_type(payload: bytes) -> object:
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found.get("t") if isinstance(found, dict) else None
