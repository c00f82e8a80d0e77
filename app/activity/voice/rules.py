"""Time in voice, from the states that a member went through. No I/O."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

_DAY_SECONDS = 86_400
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class State:
    """A member's voice state from `started_ms` on, until the next by `seq`; without a channel they were away."""

    seq: int
    channel_id: int | None
    started_ms: int
    session_id: str = ""
    flags: int = 0


def ends(states: Iterable[State]) -> dict[int, int | None]:
    """When each state ended (ms), by its `seq`; None for the last.

    A clock that went back makes no time negative.
    """
    ordered = sorted(states, key=lambda state: state.seq)
    ended: dict[int, int | None] = {}
    for state, following in pairwise(ordered):
        ended[state.seq] = max(following.started_ms, state.started_ms)
    if ordered:
        ended[ordered[-1].seq] = None
    return ended


def seconds_by_day(states: Iterable[State]) -> Counter[date]:
    """Whole seconds in voice by day (UTC); an unfinished stay counts once it is over.

    Both ends are cut to the second, so that a stay counts the same however many states it is made of.
    """
    states = list(states)
    ended = ends(states)
    total: Counter[date] = Counter()
    for state in states:
        end = ended[state.seq]
        if state.channel_id is not None and end is not None:
            _add(total, state.started_ms // 1000, end // 1000)
    return total


def _add(total: Counter[date], start: int, end: int) -> None:
    while start < end:
        day, until = start // _DAY_SECONDS, min(end, (start // _DAY_SECONDS + 1) * _DAY_SECONDS)
        total[_EPOCH + timedelta(days=day)] += until - start
        start = until
