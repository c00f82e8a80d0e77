"""How the answer of a worker reaches the person who waits for it.

The worker publishes the answer on the channel `answer:<interaction>`, which only the waiting bot is subscribed to, and
keeps it under the same name for a few minutes: a publication that nobody received means that the worker itself has to
show the answer.
"""

import asyncio
import contextlib
import logging
from typing import Any, Literal

import msgspec
import redis
import redis.asyncio
import redis.exceptions

from app.core.errors import QueueUnavailable
from app.core.outage import Outage
from app.core.redis import async_broker_redis

log = logging.getLogger(__name__)

# An answer outlives every deadline, so that a bot that lost its connection still finds it.
KEPT_SECONDS = 300
_SUBSCRIBE_SECONDS = 1.0
_RECONNECT_SECONDS = 0.5
_PATIENCE_SECONDS = 1.0
# A subscription must never be empty; no interaction has this id.
_IDLE_CHANNEL = "answer:0"

State = Literal["done", "refused", "expired", "unknown"]
_MARKS: dict[State, str] = {"done": "✅", "refused": "⚠️", "expired": "⌛", "unknown": "❔"}


class Answer(msgspec.Struct, frozen=True):
    """What to tell the person: a sentence in their language, how it ended, and values for a panel."""

    text: str
    state: State = "done"
    data: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def content(self) -> str:
        """The text of the reply in Discord; every command's outcome looks like this."""
        return f"{_MARKS[self.state]} {self.text}"


def channel(interaction_id: int) -> str:
    """The key and the channel of one answer."""
    return f"answer:{interaction_id}"


def publish(client: redis.Redis, interaction_id: int, answer: Answer) -> bool:
    """Tell the answer to whoever waits for it, then keep it; whether somebody was waiting.

    The two are not one pipeline: what is kept is synced to disk before anything after it is sent, and the person would
    wait for that. The answer that matters is the outcome row.
    """
    payload = msgspec.json.encode(answer)
    heard = bool(client.publish(channel(interaction_id), payload))
    client.setex(channel(interaction_id), KEPT_SECONDS, payload)
    return heard


class AnswerBoard:
    """One subscription of the bot, shared by every command that waits."""

    def __init__(self) -> None:
        self._client: redis.asyncio.Redis | None = None
        self._pubsub: redis.asyncio.client.PubSub | None = None
        self._listener: asyncio.Task[None] | None = None
        self._is_closing = False
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._subscribed: dict[str, asyncio.Future[None]] = {}
        self._outage = Outage(
            log, lost="the subscription for answers was lost", back="the subscription for answers is there again"
        )

    def start(self) -> None:
        """Listen until closed; a lost connection is made again."""
        self._client = async_broker_redis()
        self._listener = asyncio.create_task(self._listen(), name="answers")

    async def close(self) -> None:
        """Stop listening.

        A cancellation that meets redis-py while it connects can be swallowed there, so the listener also looks at a
        flag, at least every `_PATIENCE_SECONDS`.
        """
        self._is_closing = True
        if self._listener:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._client:
            await self._client.aclose()

    async def expect(self, interaction_id: int) -> "asyncio.Future[Answer]":
        """Subscribe to one answer, so that it cannot be missed; the command may be published afterwards.

        Raises QueueUnavailable when the server does not confirm within a second.
        """
        name = channel(interaction_id)
        loop = asyncio.get_running_loop()
        answer = self._waiting[name] = loop.create_future()
        confirmed = self._subscribed[name] = loop.create_future()
        try:
            async with asyncio.timeout(_SUBSCRIBE_SECONDS):
                await self._subscription().subscribe(name)
                await confirmed
        except (redis.exceptions.RedisError, OSError, TimeoutError, QueueUnavailable):
            await self.forget(interaction_id)
            raise QueueUnavailable from None
        return answer

    def _subscription(self) -> redis.asyncio.client.PubSub:
        if self._pubsub is None:
            raise QueueUnavailable
        return self._pubsub

    async def forget(self, interaction_id: int) -> None:
        """Wait no longer for this answer."""
        name = channel(interaction_id)
        self._waiting.pop(name, None)
        self._subscribed.pop(name, None)
        if self._pubsub is not None:
            # Nothing is lost when this fails: a new connection subscribes only to what is waited for.
            with contextlib.suppress(redis.exceptions.RedisError, OSError, TimeoutError):
                async with asyncio.timeout(_SUBSCRIBE_SECONDS):
                    await self._pubsub.unsubscribe(name)

    async def look_up(self, interaction_id: int) -> Answer | None:
        """The kept answer, for when its publication was missed; None where there is none or Redis is away."""
        assert self._client is not None, "start() comes first"
        try:
            payload = await self._client.get(channel(interaction_id))
        except (redis.exceptions.RedisError, OSError, TimeoutError):
            return None
        return msgspec.json.decode(payload, type=Answer) if payload else None

    async def _listen(self) -> None:
        assert self._client is not None, "start() comes first"
        while not self._is_closing:
            try:
                async with self._client.pubsub() as pubsub:
                    await pubsub.subscribe(_IDLE_CHANNEL, *self._waiting)
                    self._pubsub = pubsub
                    self._outage.is_over()
                    while not self._is_closing:
                        await self._hear(await pubsub.get_message(timeout=_PATIENCE_SECONDS))
            except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
                self._outage.goes_on(error)
            finally:
                self._pubsub = None
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self, message: dict[str, Any] | None) -> None:
        """Note a confirmed subscription, or hand an answer to the one who waits for it."""
        if message is None:
            return
        name = message["channel"].decode()
        if message["type"] == "subscribe":
            await self._note_subscription(name)
        elif message["type"] == "message":
            self._resolve(name, msgspec.json.decode(message["data"], type=Answer))

    async def _note_subscription(self, name: str) -> None:
        confirmed = self._subscribed.get(name)
        if confirmed is None:
            return
        if not confirmed.done():
            confirmed.set_result(None)
            return
        # The connection was made anew, and the answer may have been published in between.
        found = await self.look_up(int(name.partition(":")[2]))
        if found:
            self._resolve(name, found)

    def _resolve(self, name: str, answer: Answer) -> None:
        waiting = self._waiting.get(name)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
