"""Ledger entries of ingest: reading them part by part, dividing them, and their order. No I/O.

An entry is a batch (`<bot>:<seq>`), a part of one that was divided (`<entry>.<n>`), or those of its events that wait
for everything before them (`<entry>.w`).
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from app.activity.deadletters.rules import Letter, letter_of_raw
from app.activity.ingest.messages import VERSION, WAITING, AnyEvent
from app.core.text import storable

_WAITING_SUFFIX = ".w"
_NUL = b"\\u0000"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _Envelope(msgspec.Struct, frozen=True):
    v: int
    id: str
    events: list[msgspec.Raw]


_envelopes = msgspec.json.Decoder(_Envelope)
_events = msgspec.json.Decoder(AnyEvent)
_all_events = msgspec.json.Decoder(list[AnyEvent])


@dataclass(frozen=True)
class Opened:
    """An entry's events, and what of it cannot be read."""

    events: list[AnyEvent]
    broken: list[Letter]


def open_entry(payload: bytes) -> Opened:
    """Read an entry, or as much of it as can be read: one bad event costs none of the others."""
    try:
        envelope = _envelope_of(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Opened([], [letter_of_raw(payload, f"not a batch: {_why(error)}")])
    if envelope.v != VERSION:
        reason = f"the batch has version {envelope.v}; this worker reads version {VERSION}"
        return Opened([], [letter_of_raw(payload, reason)])
    return _read_events(envelope.events)


def _read_events(raw: Sequence[msgspec.Raw]) -> Opened:
    try:
        return Opened(_all_events.decode(_joined(raw)), [])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _read_one_by_one(raw)


def _read_one_by_one(raw: Iterable[msgspec.Raw]) -> Opened:
    opened = Opened([], [])
    for piece in raw:
        try:
            opened.events.append(_events.decode(piece))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            opened.broken.append(letter_of_raw(bytes(piece), _why(error)))
    return opened


def _why(error: Exception) -> str:
    """What was wrong; msgspec names types and places, and quotes only tags, which are cut."""
    if not isinstance(error, msgspec.MsgspecError):
        return "not JSON in UTF-8"
    text, where, place = str(error).partition(" - at ")
    return f"{text.partition(' ' + chr(39))[0]}{where}{place}"


def _joined(raw: Sequence[msgspec.Raw]) -> bytes:
    return b"[" + b",".join(bytes(piece) for piece in raw) + b"]"


def _envelope_of(payload: bytes) -> _Envelope:
    """The entry, with every NUL and lone surrogate replaced: the bot does so already, and PostgreSQL takes none."""
    try:
        envelope = _envelopes.decode(payload)
    except msgspec.DecodeError:
        if not _SURROGATE.search(payload):
            raise
    else:
        if _NUL not in payload:
            return envelope
    # The standard library's parser reads what msgspec refuses.
    return _envelopes.decode(msgspec.json.encode(_cleaned(json.loads(payload))))


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def pack(entry_id: str, events: Sequence[AnyEvent]) -> bytes:
    """An entry's payload."""
    return msgspec.json.encode({"v": VERSION, "id": entry_id, "events": events})


def halves(entry_id: str, events: Sequence[AnyEvent]) -> list[tuple[str, bytes]]:
    """The entries (id, payload) that an entry of several events is divided into."""
    middle = len(events) // 2
    parts = (events[:middle], events[middle:])
    return [(f"{entry_id}.{n}", pack(f"{entry_id}.{n}", part)) for n, part in enumerate(parts)]


def is_part(entry_id: str) -> bool:
    """Whether the entry came of dividing another."""
    return "." in entry_id


def waiting_id(entry_id: str) -> str:
    """The entry that holds those events of this one that wait."""
    return entry_id if entry_id.endswith(_WAITING_SUFFIX) else entry_id + _WAITING_SUFFIX


def divide_waiting(events: Iterable[AnyEvent]) -> tuple[list[AnyEvent], list[AnyEvent]]:
    """The events that can be applied at any time, and those that wait for everything before them."""
    ready: list[AnyEvent] = []
    waiting: list[AnyEvent] = []
    for event in events:
        (waiting if isinstance(event, WAITING) else ready).append(event)
    return ready, waiting


def is_oldest(entry_id: str, others: Iterable[str]) -> bool:
    """Whether no entry of the same bot is older; what itself only waits does not count."""
    bot = entry_id.partition(":")[0] + ":"
    return not any(
        other < entry_id and other.startswith(bot) and not other.endswith(_WAITING_SUFFIX) for other in others
    )
