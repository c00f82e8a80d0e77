"""Event numbers grow strictly, whatever happens to the process or the database."""

import asyncio

import pytest

from app.bot.sequence import Sequence, SequenceExhausted
from app.core.errors import DatabaseUnavailable


class Database:
    def __init__(self):
        self.next = 1
        self.is_away = False

    def reserve(self, count):
        if self.is_away:
            raise DatabaseUnavailable
        first, self.next = self.next, self.next + count
        return first


async def settle(sequence):
    """Wait until no block is being fetched."""
    async with asyncio.timeout(10):
        while sequence._refill is not None:  # noqa: ASYNC110 - what is waited for happens in a thread.
            await asyncio.sleep(0)


async def test_numbers_grow_across_blocks_and_restarts():
    database = Database()
    taken = []
    for _ in range(3):
        sequence = Sequence(database.reserve, block=10)
        await sequence.open()
        for _ in range(25):
            taken.append(sequence.take())
            await settle(sequence)
        await sequence.close()
    assert taken == sorted(set(taken))


async def test_the_next_block_is_fetched_before_the_first_ends():
    database = Database()
    sequence = Sequence(database.reserve, block=10)
    await sequence.open()
    for _ in range(7):
        sequence.take()
    await settle(sequence)
    database.is_away = True
    assert [sequence.take() for _ in range(13)] == list(range(8, 21))


async def test_without_database_and_numbers_an_event_is_refused_rather_than_numbered_twice():
    database = Database()
    sequence = Sequence(database.reserve, block=4)
    await sequence.open()
    database.is_away = True
    for _ in range(4):
        sequence.take()
    with pytest.raises(SequenceExhausted):
        sequence.take()
    await sequence.close()


async def test_a_start_without_database_fails_rather_than_guess():
    database = Database()
    database.is_away = True
    with pytest.raises(DatabaseUnavailable):
        await Sequence(database.reserve).open()
