"""Namespaces for tests, over a table that says how often it was read."""

import itertools
import time
from collections import Counter
from contextlib import contextmanager

from app.core.cache import runtime as cache_runtime
from app.core.cache.namespace import Namespace
from app.core.cache.runtime import LOCALS, runtime

_numbers = itertools.count()
WAIT_SECONDS = 20.0


class Source:
    """Values by guild and part, as a database has them."""

    def __init__(self):
        self.values = {}
        self.loads = Counter()
        self.before_load = lambda: None

    def load(self, guild_id, *parts):
        found = self.values.get((guild_id, *parts))
        self.loads[guild_id, *parts] += 1
        self.before_load()
        return found


@contextmanager
def namespace(kind, source, *, name=None, **bounds):
    """A namespace that is gone again afterwards."""
    name = name or f"test{next(_numbers)}"
    bounds.setdefault("seconds", 60)
    try:
        yield Namespace(name, kind, load=source.load, **bounds)
    finally:
        LOCALS.pop(name)


def wait_until(is_so, what):
    ends = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < ends, f"{what} did not happen"
        time.sleep(0.002)


def listening():
    """Wait until this process hears what others forget, so that it may keep values."""
    runtime().listener.start()
    wait_until(lambda: runtime().listener.is_live, "listening")


def forget_connections():
    """As a process that has just started."""
    cache_runtime.dispose()
