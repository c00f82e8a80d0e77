"""Faults on demand: what a bad day at Discord looks like."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

KINDS = ("drop", "invalid_session", "reconnect", "429", "5xx", "delay")
_WORDS = {
    **dict.fromkeys(("drop_socket", "drop_the_socket", "socket_drop", "drop_connection", "drop_gateway"), "drop"),
    **dict.fromkeys(("disconnect", "close", "close_socket", "socket", "reset"), "drop"),
    **dict.fromkeys(("invalid", "invalidate", "invalidate_session", "session"), "invalid_session"),
    **dict.fromkeys(("ratelimit", "rate_limit", "ratelimited", "rate_limited", "too_many_requests"), "429"),
    **dict.fromkeys(("error", "server_error", "internal_error", "500", "502", "503", "504"), "5xx"),
    **dict.fromkeys(("slow", "latency"), "delay"),
}
# What some put before a word.
_WHERE = ("http_", "rest_", "gateway_")


class Breakable(Protocol):
    """A gateway connection."""

    def reconnect(self) -> None:
        """Ask the client to come back and resume."""

    def invalidate(self) -> None:
        """Tell the client that its session is over."""


@dataclass(slots=True)
class RestFault:
    """What happens to the next REST requests: `count` of them, or all until `ends_at`."""

    id: int
    kind: str
    left: int | None
    seconds: float
    ends_at: float | None
    route: str = ""
    scope: str = "user"
    status: int = 502

    def strikes(self, path: str, now: float) -> bool:
        """Whether this request is hit; takes one of the count."""
        if self.route not in path or self.is_over(now):
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def is_over(self, now: float) -> bool:
        """Whether it strikes no more."""
        return self.left == 0 or (self.ends_at is not None and now >= self.ends_at)


class Faults:
    """The faults that are on, and the sockets they can hit."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made = 0
        self._invalid_logins = 0
        self._gateway_opens_at = 0.0
        self.connections: set[Breakable] = set()
        self.active: list[RestFault] = []

    @staticmethod
    def kind_of(word: str) -> str | None:
        """The kind that a word names, or None."""
        plain = word.strip().lower().replace(" ", "_").replace("-", "_")
        for where in _WHERE:
            plain = plain.removeprefix(where)
        plain = _WORDS.get(plain, plain)
        return plain if plain in KINDS else None

    def add(self, kind: str, count: int | None, seconds: float | None, *, route: str = "", scope: str = "user") -> int:
        """Let the next REST requests fail; returns the fault's id."""
        self._made += 1
        timed = kind == "5xx" and count is None and seconds is not None
        ends_at = self._clock() + seconds if timed and seconds is not None else None
        left = None if timed else count or 1
        pause = 1.0 if seconds is None else seconds
        self.active.append(RestFault(self._made, kind, left, pause, ends_at, route, scope))
        return self._made

    def next_id(self) -> int:
        """An id for a fault that strikes once and at once."""
        self._made += 1
        return self._made

    def refuse_logins(self, count: int) -> None:
        """Answer this many logins or resumes with INVALID_SESSION."""
        self._invalid_logins += count

    def take_invalid_session(self) -> bool:
        """Whether this login is answered with INVALID_SESSION; takes one of the count."""
        if not self._invalid_logins:
            return False
        self._invalid_logins -= 1
        return True

    def close_gateway(self, seconds: float) -> None:
        """Refuse new gateway sockets for that long."""
        self._gateway_opens_at = self._clock() + seconds

    def is_gateway_closed(self) -> bool:
        """Whether new gateway sockets are refused now."""
        return self._clock() < self._gateway_opens_at

    def hit(self, path: str) -> list[RestFault]:
        """The faults that strike this REST request: any delay, and one failure at most."""
        now = self._clock()
        self.active = [f for f in self.active if not f.is_over(now)]
        struck = [f for f in self.active if f.kind == "delay" and f.strikes(path, now)]
        struck += _first(f for f in self.active if f.kind != "delay" and f.strikes(path, now))
        return struck

    def clear(self) -> None:
        """End every fault."""
        self.active.clear()
        self._invalid_logins = 0
        self._gateway_opens_at = 0.0


def _first(faults: Iterable[RestFault]) -> list[RestFault]:
    for fault in faults:
        return [fault]
    return []
