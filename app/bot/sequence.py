"""Strictly increasing numbers for events, across restarts.

Numbers are reserved in PostgreSQL in blocks and given out from memory, so an event never waits for the database; the
next block is fetched long before the current one ends. What a crash leaves unused is never given out again.
"""

import asyncio
import logging
from collections.abc import Callable

from app.core.errors import Unavailable
from app.core.quiet import describe

log = logging.getLogger(__name__)

# At 2,000 events a second one block lasts five days, and the next is fetched at its half.
BLOCK = 1_000_000_000
_RETRY_SECONDS = 5.0


class SequenceExhausted(Unavailable):
    """The database has been away for so long that no event numbers are left."""


class Sequence:
    """The next number, without waiting."""

    def __init__(self, reserve: Callable[[int], int], *, block: int = BLOCK) -> None:
        """`reserve(n)` returns the first of n numbers that nobody else ever gets; it blocks and runs in a thread."""
        self._reserve = reserve
        self._block = block
        self._next = self._end = 0
        self._spare: int | None = None
        self._refill: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Reserve the first block; the errors of `reserve` pass through."""
        self._next = await asyncio.to_thread(self._reserve, self._block)
        self._end = self._next + self._block

    def take(self) -> int:
        """The next number; raises SequenceExhausted."""
        number = self._next
        if number >= self._end:
            number = self._switch()
        self._next = number + 1
        if self._end - number < self._block // 2 and self._spare is None and self._refill is None:
            self._refill = asyncio.get_running_loop().create_task(self._fetch())
        return number

    def _switch(self) -> int:
        if self._spare is None:
            raise SequenceExhausted
        number, self._spare = self._spare, None
        self._end = number + self._block
        return number

    async def _fetch(self) -> None:
        while self._spare is None:
            try:
                self._spare = await asyncio.to_thread(self._reserve, self._block)
            except Exception as error:  # noqa: BLE001 - whatever keeps the block away, events go on with the old one.
                log.warning("the next event numbers could not be reserved yet: %s", describe(error))
                await asyncio.sleep(_RETRY_SECONDS)
        self._refill = None

    async def close(self) -> None:
        """Stop fetching."""
        if self._refill is not None:
            self._refill.cancel()
