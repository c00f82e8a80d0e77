"""The bot's ear for answers closes, whatever redis-py does with a cancellation."""

import asyncio
import contextlib

import redis.asyncio.client

from app.core.answers import AnswerBoard


async def test_it_closes_though_its_cancellation_is_swallowed(database, monkeypatch):
    waiting = asyncio.Event()
    original = redis.asyncio.client.PubSub.get_message

    async def swallows(self, *args, **kwargs):
        waiting.set()
        with contextlib.suppress(asyncio.CancelledError):
            return await original(self, *args, **kwargs)

    monkeypatch.setattr(redis.asyncio.client.PubSub, "get_message", swallows)
    board = AnswerBoard()
    board.start()
    await waiting.wait()
    async with asyncio.timeout(10):
        await board.close()
    assert board._listener.done()
