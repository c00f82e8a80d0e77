"""Ports for the processes that a test starts.

A port that the system chose is anybody's until a process listens on it, and with several tests at a time two would
sometimes get the same one. So each process of tests has a block of its own, below those that the system gives away.
"""

import itertools
import socket
from collections.abc import Iterator
from functools import cache

from app.stack.ports import LOOPBACK, is_free

_BLOCKS = range(20_000, 32_000, 100)


@cache
def _block() -> Iterator[int]:
    """The ports of a block, round and round; the first stays bound for as long as this process lives."""
    for first in _BLOCKS:
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind((LOOPBACK, first))
        except OSError:
            claim.close()
        else:
            # The number of the file stays open, and nobody closes it.
            claim.detach()
            return itertools.cycle(range(first + 1, first + _BLOCKS.step))
    raise RuntimeError("no block of ports is free")


def unused() -> int:
    """A port on which nobody listens, and that no other process of tests gets."""
    return next(port for port in _block() if is_free(port))
