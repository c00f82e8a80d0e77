"""Batches of events as they leave the bot."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from app.core.events import Event
from app.core.text import storable

log = logging.getLogger(__name__)

INGEST_TASK = "ingest.apply"

# The id of a batch from the bot's id and its first event's `seq`, and its payload from that id and its events.
MakeId: TypeAlias = Callable[[int, int], str]
Encode: TypeAlias = Callable[[str, Sequence[Any]], bytes]


class Batch(msgspec.Struct, frozen=True):
    """Events that are committed together."""

    id: str
    events: Sequence[Event]
    encode: Encode
    task: str = INGEST_TASK

    def payload(self) -> bytes:
        """What the ledger keeps."""
        try:
            return self.encode(self.id, self.events)
        except UnicodeEncodeError:
            # A translator let a lone surrogate through: one careless field must not cost the whole batch.
            log.warning("a batch held text that cannot be encoded; it was cleaned")
            return self.encode(self.id, [_cleaned(msgspec.to_builtins(event)) for event in self.events])


class Batcher:
    """Makes the batches of one bot."""

    def __init__(self, make_id: MakeId, encode: Encode) -> None:
        self._make_id = make_id
        self._encode = encode
        self.bot_id = 0

    def batch(self, events: Sequence[Event]) -> Batch:
        """A batch of these events, of which there is at least one."""
        return Batch(self._make_id(self.bot_id, events[0].seq), events, self._encode)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
