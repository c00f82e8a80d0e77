"""A gateway session: its sequence, the frames a resume may replay, and the socket it uses now."""

import time
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Protocol

_SHARD_SHIFT = 22


class Wire(Protocol):
    """The sending half of a socket."""

    def send(self, payload: bytes) -> None:
        """Queue one frame."""

    def send_many(self, payloads: list[bytes]) -> None:
        """Queue many frames at once."""

    def backlog(self) -> int:
        """Bytes that wait in the transport."""


class Session:
    """What survives between two sockets of one login."""

    def __init__(self, session_id: str, intents: int, shard: tuple[int, int], replay_limit: int) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.wire: Wire | None = None
        self.detached_at = time.monotonic()
        self.last_heartbeat: float | None = None
        self.longest_silence = 0.0
        self.heartbeats = 0
        self._replay: deque[bytes] = deque(maxlen=replay_limit)

    def takes_guild(self, guild_id: int) -> bool:
        """Whether the shard serves the guild; direct messages go to shard 0."""
        return (guild_id >> _SHARD_SHIFT) % self.shard[1] == self.shard[0]

    def dispatch(self, name: str, payload: bytes) -> None:
        """Number the event, remember it for a resume and send it if connected."""
        self.sequence += 1
        frame = b'{"t":"%s","s":%d,"op":0,"d":%s}' % (name.encode(), self.sequence, payload)
        self._replay.append(frame)
        if self.wire is not None:
            self.wire.send(frame)

    def dispatch_many(self, name: str, payloads: Iterable[bytes]) -> None:
        """The same for many events of one kind, in one write."""
        label = name.encode()
        first = self.sequence + 1
        frames = [
            b'{"t":"%s","s":%d,"op":0,"d":%s}' % (label, number, payload)
            for number, payload in enumerate(payloads, first)
        ]
        self.sequence += len(frames)
        self._replay.extend(frames)
        if self.wire is not None:
            self.wire.send_many(frames)

    def attach(self, wire: Wire) -> None:
        """Send through this socket from now on."""
        self.wire = wire

    def detach(self, wire: Wire) -> None:
        """Forget the socket, unless a newer one has taken its place."""
        if self.wire is wire:
            self.wire = None
            self.detached_at = time.monotonic()

    def can_resume(self, sequence: int, window: float) -> bool:
        """Whether every frame after the sequence is still known."""
        if not 0 <= sequence <= self.sequence or self.sequence - sequence > len(self._replay):
            return False
        return not self.is_over(window)

    def is_over(self, window: float) -> bool:
        """Whether the session lost its socket too long ago to be resumed."""
        return self.wire is None and time.monotonic() - self.detached_at > window

    def replay(self, sequence: int) -> None:
        """Send again every frame after the sequence."""
        missing = self.sequence - sequence
        frames = list(islice(self._replay, len(self._replay) - missing, None))
        if self.wire is not None and frames:
            self.wire.send_many(frames)

    def beat(self) -> None:
        """Note a heartbeat and the longest silence between two."""
        now = time.monotonic()
        if self.last_heartbeat is not None:
            self.longest_silence = max(self.longest_silence, now - self.last_heartbeat)
        self.last_heartbeat = now
        self.heartbeats += 1
