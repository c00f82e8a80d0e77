"""A bot in the test's own loop, connected to a sandbox beside it, and what it put into the ledger."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import discord
import redis

from app.activity.ingest import messages as ingest
from app.activity.ingest.messages import AnyEvent
from app.activity.messages.messages import MessageSeen
from app.bot.absences import Stored
from app.bot.lifecycle import Ports, Runtime
from app.cli.bot import encode, tellers
from app.core import ledger
from app.core.policy import PolicyData
from app.core.settings import settings

PATIENCE = 15.0


class Numbers:
    """Blocks of event numbers that outlive a bot, as the database's do."""

    def __init__(self) -> None:
        self._next = 1

    def reserve(self, count: int) -> int:
        first, self._next = self._next, self._next + count
        return first


class Rig:
    """Starts and stops bots, and reads what they put into the ledger."""

    def __init__(self, redis_url: str) -> None:
        # A connection of its own: what a test puts between the bot and its Redis does not concern the reader.
        self.redis = redis.Redis.from_url(redis_url)
        self.numbers = Numbers()
        self.policy = PolicyData(default_mode="store")
        self.applied: dict[bytes, bytes] = {}
        self.reactions: dict[tuple[int, str], set[int]] = {}
        # What a database would know as being there, by guild.
        self.channels: dict[int, list[int]] = {}
        self.members: dict[int, list[int]] = {}
        self.watermarks: list[tuple[int, int, int]] = []
        # Whether nobody takes batches out of the ledger at the moment.
        self.lags = False
        self.running: list[tuple[Runtime, asyncio.Task[None]]] = []

    def ports(self) -> Ports:
        return Ports(
            reserve=self.numbers.reserve,
            load_policy=lambda: self.policy,
            load_watermarks=lambda: self.watermarks,
            make_id=ingest.batch_id,
            encode=encode,
            tellers=tellers,
            stored_reactions=lambda _guild, _messages: self.reactions,
            stored=Stored(lambda guild: self.channels.get(guild, []), lambda guild: self.members.get(guild, [])),
            known_messages=lambda _guild, _messages: {event.id for event in self.events(MessageSeen)},
        )

    async def start(self, *, is_ready: bool = True) -> Runtime:
        settings.cache_clear()
        runtime = Runtime(settings(), self.ports())
        task = asyncio.create_task(runtime.run())
        self.running.append((runtime, task))
        if is_ready:
            await until(lambda: task.done() or runtime.bot.is_ready(), "the bot is ready")
            if task.done():
                task.result()
        return runtime

    async def stop(self, runtime: Runtime) -> None:
        """Stop as SIGTERM does, and hand its watermarks to the next bot."""
        task = next(task for known, task in self.running if known is runtime)
        self.running = [item for item in self.running if item[0] is not runtime]
        runtime.stop()
        await task
        self.keep_watermarks()

    def keep_watermarks(self) -> None:
        """What a worker would have stored."""
        newest: dict[int, tuple[int, int]] = {}
        for event in self.events(ingest.WatermarkAdvanced):
            newest[event.channel_id] = max(newest.get(event.channel_id, (0, 0)), (event.complete_to, event.guild_id))
        self.watermarks = [(guild, channel, complete) for channel, (complete, guild) in newest.items()]

    async def work(self) -> None:
        """Take batches out of the ledger as workers do, until cancelled."""
        while True:
            found: Any = self.redis.hgetall(ledger.key("ingest"))
            if found and not self.lags:
                self.applied |= found
                ledger.remove(self.redis, "ingest", *(key.decode() for key in found))
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        for runtime, task in self.running:
            runtime.stop()
            await asyncio.gather(task, return_exceptions=True)
        self.redis.close()

    def batches(self) -> list[ingest.Batch]:
        found: Any = self.redis.hgetall(ledger.key("ingest"))
        return [ingest.decode(payload) for _, payload in sorted({**self.applied, **found}.items())]

    def events(self, *kinds: type[Any]) -> list[Any]:
        """Every event in the ledger, in the order of its stamps."""
        events = sorted(itertools.chain.from_iterable(batch.events for batch in self.batches()), key=lambda e: e.seq)
        return [event for event in events if not kinds or isinstance(event, kinds)]

    async def event(self, kind: type[Any], wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first such event, as soon as it is there."""
        await until(lambda: any(wanted(event) for event in self.events(kind)), f"a {kind.__name__} arrives")
        return next(event for event in self.events(kind) if wanted(event))


async def until(is_so: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until this is so; fails naming what was waited for."""
    try:
        async with asyncio.timeout(seconds):
            while not is_so():  # noqa: ASYNC110 - what is waited for lies in other processes.
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"after {seconds:g} s it was still not so: {what}") from None


def texts(events: Sequence[AnyEvent]) -> list[str | None]:
    """What messages say."""
    return [event.content for event in events if isinstance(event, MessageSeen)]


def keep_discord(monkeypatch: Any) -> None:
    """Undo after the test what a bot changes in discord.py."""
    for module in (discord.client, discord.shard):
        monkeypatch.setattr(module, "DiscordWebSocket", module.DiscordWebSocket)
    monkeypatch.setattr(discord.utils, "_from_json", discord.utils._from_json)
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(discord.asset.Asset, "BASE", discord.asset.Asset.BASE)
