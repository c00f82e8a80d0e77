"""The first tier: bytes in this process, bounded by number and size, the least used going first.

It also knows which values are being loaded at this moment, because both stand under one lock: a value whose
invalidation came while it was loaded is never kept.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kept:
    """One value's bytes (None: nothing is there), and until when it holds."""

    payload: bytes | None
    tags: tuple[str, ...]
    expires: float
    refresh_at: float


@dataclass
class Flight:
    """One load for which several may wait."""

    key: str
    tags: tuple[str, ...]
    done: threading.Event = field(default_factory=threading.Event)
    payload: bytes | None = None
    error: BaseException | None = None
    # Whether the value was forgotten while it was loaded.
    is_stale: bool = False


class Local:
    """Values of one namespace; every method may be called by any thread."""

    def __init__(self, entries: int, size: int) -> None:
        self._most = entries
        self._largest = size
        self.reset()

    def reset(self) -> None:
        """Begin anew after a fork, in which another thread may have held the lock."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._flights: dict[str, Flight] = {}
        # Loads that nobody waits for.
        self._quiet: dict[str, Flight] = {}
        self._bytes = 0

    def get(self, key: str) -> Kept | None:
        """The value if it still holds."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            if found.expires <= time.monotonic():
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return found

    def put(self, flight: Flight, payload: bytes | None, seconds: float, refresh_after: float) -> int:
        """Keep what a flight brought, unless it was forgotten meanwhile; the number of values that had to go for it."""
        now = time.monotonic()
        kept = Kept(payload, flight.tags, now + seconds, now + refresh_after)
        size = _size(flight.key, kept)
        with self._lock:
            if flight.is_stale or self._most == 0 or size > self._largest:
                return 0
            self._drop(flight.key)
            self._kept[flight.key] = kept
            self._bytes += size
            return self._make_room()

    def _make_room(self) -> int:
        gone = 0
        while len(self._kept) > self._most or self._bytes > self._largest:
            key, kept = self._kept.popitem(last=False)
            self._bytes -= _size(key, kept)
            gone += 1
        return gone

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= _size(key, kept)

    def forget(self, keys: Collection[str], tags: Collection[str]) -> None:
        """Drop these keys and whatever has one of these tags, also what is being loaded."""
        with self._lock:
            for key in keys:
                self._drop(key)
                self._spoil(key)
            if tags:
                for key in [key for key, kept in self._kept.items() if _meets(kept.tags, tags)]:
                    self._drop(key)
                under_way = (*self._flights.values(), *self._quiet.values())
                for key in [flight.key for flight in under_way if _meets(flight.tags, tags)]:
                    self._spoil(key)

    def clear(self) -> None:
        """Drop everything, also what is being loaded: something may have been said that nobody heard."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
            for key in (*self._flights, *self._quiet):
                self._spoil(key)

    def _spoil(self, key: str) -> None:
        for flights in (self._flights, self._quiet):
            flight = flights.pop(key, None)
            if flight is not None:
                flight.is_stale = True

    def join(self, key: str, tags: tuple[str, ...]) -> tuple[Flight, bool]:
        """The load of this key that is under way, or a new one which the caller (True) has to bring to its end."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Flight(key, tags)
            return flight, True

    def join_quietly(self, key: str, tags: tuple[str, ...], most: int) -> Flight | None:
        """A load for which nobody waits; None when this key has one, or too many others do."""
        with self._lock:
            if key in self._quiet or len(self._quiet) >= most:
                return None
            flight = self._quiet[key] = Flight(key, tags)
            return flight

    def land(self, flight: Flight) -> None:
        """The load has ended: those who wait may go on, and the next one begins anew."""
        with self._lock:
            for flights in (self._flights, self._quiet):
                if flights.get(flight.key) is flight:
                    del flights[flight.key]
        flight.done.set()

    def held(self) -> tuple[int, int]:
        """How many values are kept, and their bytes."""
        with self._lock:
            return len(self._kept), self._bytes


def _meets(tags: tuple[str, ...], others: Collection[str]) -> bool:
    return any(tag in others for tag in tags)


def _size(key: str, kept: Kept) -> int:
    return len(key) + len(kept.payload or b"")
