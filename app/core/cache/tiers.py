"""How the bytes of one value come through the tiers, and how only one of all who miss them loads them."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.core import metrics
from app.core.cache.local import Flight, Kept, Local
from app.core.cache.runtime import LOCALS, runtime
from app.core.cache.shared import CacheAway, Change, Found, Lease
from app.core.quiet import describe

log = logging.getLogger(__name__)

# So long one waits for somebody else's load before doing it oneself.
_PATIENCE_SECONDS = 3.0
_FIRST_LOOK, _LONGEST_LOOK = 0.002, 0.02
# An early renewal waits for its turn behind at most so many.
_RENEWALS_MOST = 64
_LOOKS = 10
# Lives are shortened by up to this part, so that what was stored together does not end together.
_JITTER = 0.1
# In the last part of its life a value is renewed by whoever asks for it, and goes on being served meanwhile.
_EARLY = 0.2


@dataclass(frozen=True)
class Wanted:
    """One value: its key, what it depends on (as version keys), and how its bytes are made."""

    key: str
    tags: tuple[str, ...]
    load: Callable[[], bytes | None]


@dataclass(frozen=True)
class Bounds:
    """How long values live, and how many there may be: see `Namespace`."""

    seconds: float
    absent_seconds: float
    local: int
    local_bytes: int
    shared: int
    largest: int

    def whole(self, payload: bytes | None) -> float:
        """How long such a value lives."""
        return self.absent_seconds if payload is None else self.seconds


class Tiers:
    """The way of every value of one namespace."""

    def __init__(self, name: str, bounds: Bounds, is_of_our_kind: Callable[[bytes | None], bool]) -> None:
        self.name = name
        self.bounds = bounds
        self.is_local = bounds.local > 0
        self.local = LOCALS[name] = Local(bounds.local, bounds.local_bytes)
        self._is_of_our_kind = is_of_our_kind

    def near(self, key: str) -> Kept | None:
        """The value that this process holds, if it may be relied upon; never waits."""
        if not self.is_local:
            return None
        listener = runtime().listener
        if not listener.is_live:
            listener.start()
            return None
        kept = self.local.get(key)
        if kept is not None:
            self.count("l1", "hit")
        return kept

    def far(self, wanted: Wanted) -> bytes | None:
        """The value from Redis or from its loader; one of all who ask at the same time brings it."""
        flight, is_ours = self.local.join(wanted.key, wanted.tags)
        return self.lead(flight, wanted) if is_ours else self.follow(flight, wanted)

    def follow(self, flight: Flight, wanted: Wanted) -> bytes | None:
        """What the one brings who is at it already; who takes too long is not waited for."""
        self.count("l1", "waited")
        if not flight.done.wait(_PATIENCE_SECONDS):
            return self._loaded(wanted)
        if flight.error is not None:
            raise flight.error
        return flight.payload

    def lead(self, flight: Flight, wanted: Wanted) -> bytes | None:
        """Bring the value for everybody who waits."""
        try:
            flight.payload = self._shared_or_loaded(flight, wanted)
        except BaseException as error:
            flight.error = error
            raise
        finally:
            self.local.land(flight)
        return flight.payload

    def _shared_or_loaded(self, flight: Flight, wanted: Wanted) -> bytes | None:
        try:
            found = self._read(flight)
            lease = None
            if found is None:
                lease, found = self._lease(flight)
        except CacheAway:
            self.count("l2", "away")
            return self._loaded(wanted)
        if found is not None:
            return self._take(flight, found, wanted)
        return self._load_and_store(flight, lease, wanted)

    def _take(self, flight: Flight, found: Found, wanted: Wanted) -> bytes | None:
        """Keep what Redis had, for no longer than it has it there."""
        payload = found.payload
        self.count("l2", "hit")
        early = found.seconds - self.bounds.whole(payload) * _EARLY
        self._keep(flight, payload, found.seconds, early)
        if early <= 0 and not self.is_local:
            self.renew(wanted)
        return payload

    def _read(self, flight: Flight) -> Found | None:
        """What Redis has, if it is a whole value of our kind; anything else there is dropped."""
        shared = runtime().shared
        found = shared.read(flight.key, flight.tags)
        if found.is_broken or (found.is_there and not self._is_of_our_kind(found.payload)):
            self.count("l2", "broken")
            shared.forget(Change(keys={flight.key}))
            return None
        return found if found.is_there else None

    def _lease(self, flight: Flight) -> tuple[Lease | None, Found | None]:
        """The right to load, or what somebody else loaded meanwhile; neither when they take too long."""
        shared, ends, pause = runtime().shared, time.monotonic() + _PATIENCE_SECONDS, _FIRST_LOOK
        while time.monotonic() < ends:
            lease, found = shared.lease(flight.key, flight.tags)
            if found.is_there and self._is_of_our_kind(found.payload):
                # Somebody has stored it since we looked.
                self._release(lease)
                return None, found
            if lease is not None:
                return lease, None
            self.count("l2", "waited")
            while time.monotonic() < ends and shared.is_leased(flight.key):
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_LOOK)
        return None, None

    # Loading.

    def _loaded(self, wanted: Wanted) -> bytes | None:
        try:
            payload = wanted.load()
        except BaseException:
            self.count("l3", "failed")
            raise
        self.count("l3", "load")
        return payload

    def _load_and_store(self, flight: Flight, lease: Lease | None, wanted: Wanted) -> bytes | None:
        try:
            payload = self._loaded(wanted)
        except BaseException:
            self._release(lease)
            raise
        if payload is not None and len(payload) > self.bounds.largest:
            self.count("l3", "too_large")
            self._release(lease)
        elif lease is not None:
            self._store(flight, lease, payload)
        return payload

    def _store(self, flight: Flight, lease: Lease, payload: bytes | None) -> None:
        """Keep what was loaded, unless it was forgotten meanwhile: it may be older than that."""
        bounds = self.bounds
        seconds = bounds.whole(payload) * (1 - _JITTER * secrets.randbelow(1000) / 1000)
        try:
            gone = runtime().shared.store(lease, payload, seconds=seconds, longest=bounds.seconds, most=bounds.shared)
        except CacheAway:
            self.count("l2", "away")
            return
        if gone is not None:
            self.count("l2", "evicted", gone)
            self._keep(flight, payload, seconds, seconds - bounds.whole(payload) * _EARLY)

    def _keep(self, flight: Flight, payload: bytes | None, seconds: float, refresh_after: float) -> None:
        if self.is_local and runtime().listener.is_live:
            self.count("l1", "evicted", self.local.put(flight, payload, seconds, refresh_after))

    def _release(self, lease: Lease | None) -> None:
        if lease is None:
            return
        try:
            runtime().shared.release(lease)
        except CacheAway:
            self.count("l2", "away")

    # Renewing.

    def renew(self, wanted: Wanted) -> None:
        """Have the value loaded anew in the background, unless somebody is at it."""
        flight = self.local.join_quietly(wanted.key, wanted.tags, _RENEWALS_MOST)
        if flight is not None:
            runtime().refresher.submit(self._load_early, flight, wanted)

    def _load_early(self, flight: Flight, wanted: Wanted) -> None:
        try:
            lease, found = runtime().shared.lease(flight.key, flight.tags)
            if self._take_renewed(flight, found):
                self._release(lease)
            elif lease is None:
                self._wait_for_renewal(flight)
            else:
                self.count("l3", "early")
                self._load_and_store(flight, lease, wanted)
        except CacheAway:
            self.count("l2", "away")
        except Exception as error:  # noqa: BLE001 - nobody waits for it, and whoever asks next meets the error.
            log.warning("a value of %s could not be renewed early: %s", self.name, describe(error))
        finally:
            self.local.land(flight)

    def _wait_for_renewal(self, flight: Flight) -> None:
        """Another process renews it; wait for that for a moment, and have the new value here too."""
        for _ in range(_LOOKS):
            time.sleep(_LONGEST_LOOK)
            if self._take_renewed(flight, runtime().shared.read(flight.key, flight.tags)):
                return

    def _take_renewed(self, flight: Flight, found: Found) -> bool:
        """Whether the value that is there now was renewed already; it is then kept."""
        early = found.seconds - self.bounds.whole(found.payload) * _EARLY
        if not found.is_there or early <= 0 or not self._is_of_our_kind(found.payload):
            return False
        self._keep(flight, found.payload, found.seconds, early)
        return True

    def count(self, tier: str, outcome: str, amount: int = 1) -> None:
        """Count what became of a look-up; see `app.upkeep.health.exposition`."""
        if amount:
            metrics.add(f"cache|{self.name}|{tier}|{outcome}", amount)
