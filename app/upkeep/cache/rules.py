"""For whom something was fetched ahead a moment ago. No I/O."""

from collections import OrderedDict

# Discord tells every ten seconds that somebody still types.
QUIET_SECONDS = 60.0
_MOST = 10_000


class Lately:
    """Remembers for a while, and for so many at most, what was done."""

    def __init__(self, seconds: float = QUIET_SECONDS, most: int = _MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._done: OrderedDict[tuple[int, int], float] = OrderedDict()

    def is_new(self, key: tuple[int, int], now: float) -> bool:
        """Whether it was not done lately; from now on it was."""
        done = self._done.get(key)
        if done is not None and now - done < self._seconds:
            return False
        self._done[key] = now
        self._done.move_to_end(key)
        while len(self._done) > self._most:
            self._done.popitem(last=False)
        return True
