"""From start to stop: what the bot is made of, in which order it wakes, and how it leaves without losing anything."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import aiohttp
import discord
from sqlalchemy.exc import SQLAlchemyError

from app.bot import gateway
from app.bot.absences import Absences, Stored
from app.bot.backfill import Backfill, Known, Tellers
from app.bot.batches import Batcher, Encode, MakeId
from app.bot.client import Heorot
from app.bot.ingest import Buffer, Ingest
from app.bot.instance import AlreadyRunning, InstanceLock
from app.bot.policy import Policy, PolicyKeeper
from app.bot.publisher import Publisher
from app.bot.reactions import Reactions
from app.bot.reactions import Stored as StoredReactions
from app.bot.refusals import missing_permissions, no_guilds, refusal
from app.bot.sequence import Sequence as EventSequence
from app.bot.spool import Spool
from app.bot.stamps import Stamps
from app.bot.status import Pulse, measure_lag
from app.bot.watermarks import Watermarks
from app.core import ledger
from app.core.errors import Unavailable
from app.core.policy import PolicyData
from app.core.quiet import describe
from app.core.settings import SANDBOX_TOKEN, Settings

log = logging.getLogger(__name__)

_OUTAGES = (SQLAlchemyError, Unavailable, OSError)
_WATERMARK_SECONDS = 30.0
_PATIENCE_WITH_LEDGER = 30.0
# How long a bot that was killed, here or with its whole host, may take to let go of the lock.
_LOCK_SECONDS = 2.5
_LOCK_SECONDS_ELSEWHERE = 40.0
_LONGEST_PAUSE = 15.0


class Ports(NamedTuple):
    """What the bot needs from features, which it does not import: see app.cli.bot."""

    # The first of so many event numbers that nobody else gets.
    reserve: Callable[[int], int]
    load_policy: Callable[[], PolicyData]
    # Every watermark as guild, channel and complete_to.
    load_watermarks: Callable[[], Sequence[tuple[int, int, int]]]
    make_id: MakeId
    encode: Encode
    # Made from the function that stamps events.
    tellers: Callable[[Callable[[], int]], Tellers]
    stored_reactions: StoredReactions
    known_messages: Known
    stored: Stored


class Runtime:
    """One bot process."""

    def __init__(self, configuration: Settings, ports: Ports) -> None:
        self._settings = configuration
        self._ports = ports
        self.policy = Policy()
        self.sequence = EventSequence(ports.reserve)
        self._batcher = Batcher(ports.make_id, ports.encode)
        spool = Spool(configuration.data_path / "spool", max_bytes=configuration.spool_max_mb << 20)
        self.publisher = Publisher(spool, max_events=configuration.ingest_buffer_max, on_full=self._on_full)
        self.publisher.on_failure = self.stop
        self.buffer = Buffer(
            self.publisher.offer,
            self._batcher,
            seconds=configuration.ingest_flush_ms / 1000,
            size=configuration.ingest_batch_size,
        )
        self.ingest = Ingest(self.policy, self.sequence, self.buffer, self.publisher)
        self.ingest.on_exhausted = self.stop
        self.bot = Heorot(
            self.ingest, self.publisher, self.policy, message_content=configuration.message_content_intent
        )
        self.watermarks = Watermarks()
        reactions = Reactions(self.bot, ports.stored_reactions)
        tellers = ports.tellers(self.sequence.take)
        self.backfill = Backfill(self.bot, self.watermarks, tellers, reactions, ports.known_messages)
        self.stamps = Stamps(self.bot, tellers.heard)
        self.absences = Absences(self.bot, ports.stored)
        self.bot.on_login = self._on_login
        self.bot.on_session = self._on_session
        self.bot.on_guild_ready = self._on_guild_ready
        self.bot.on_message_id = self.backfill.hear
        self.bot.on_reaction = reactions.hear
        self.bot.settle = self.backfill.settle
        self._lock: InstanceLock | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: asyncio.Future[None] | None = None
        self._told: set[int] = set()

    async def run(self) -> None:
        """Run until a signal; raises HeorotError with one line when something ends the bot that no restart mends."""
        loop = asyncio.get_running_loop()
        self._ending = loop.create_future()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        self.publisher.start()
        serving = asyncio.create_task(self._serve(), name="discord")
        try:
            await asyncio.wait({serving, self._ending}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            else:
                self._ending.result()
        finally:
            await self._leave(serving)

    def stop(self, error: BaseException | None = None) -> None:
        """End the bot, with this error if there is one."""
        if self._ending is None or self._ending.done():
            return
        if error is None:
            self._ending.set_result(None)
        else:
            self._ending.set_exception(error)

    # Waking.

    async def _serve(self) -> None:
        gateway.install()
        gateway.use_api(self._settings.discord_api_url)
        token = self._settings.discord_token or (SANDBOX_TOKEN if self._settings.is_sandboxed else "")
        if not token:
            raise discord.LoginFailure
        async with self.bot:
            await self._login(token)
            await self.bot.connect()

    async def _login(self, token: str) -> None:
        pause = 1.0
        while True:
            try:
                await self.bot.login(token)
            except (aiohttp.ClientError, discord.DiscordServerError, discord.GatewayNotFound, OSError) as error:
                log.warning("Discord cannot be reached, the next attempt follows: %s", describe(error))
            else:
                return
            await self._forget_login()
            await self.bot.load_health()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _forget_login(self) -> None:
        """Give back what a failed login opened; discord.py opens it again at the next."""
        await self.bot.http.close()
        self.bot.http.connector = discord.utils.MISSING

    async def _on_login(self, bot: Heorot) -> None:
        """Take the lock, learn what may be kept, load the cogs; an outage is waited out before the gateway."""
        assert bot.application_id is not None
        assert bot.user is not None
        self._batcher.bot_id = bot.user.id
        self._lock = InstanceLock(bot.application_id)
        is_locked = await self._try_lock()
        await bot.front.start()
        await bot.load_cogs()
        if not is_locked:
            await self._until_done(self._acquire, "the instance lock cannot be taken yet")
        await self._until_done(self._prepare, "the settings cannot be read yet")
        pulse = Pulse(bot, self.backfill, bot.application_id)
        self.ingest.live.last_heard = await pulse.last_heard()
        self._start(self._lock.watch(self.stop), "instance lock")
        self._start(PolicyKeeper(self.policy, self._ports.load_policy).run(), "policy")
        self._start(pulse.run(), "pulse")
        self._start(measure_lag(), "loop lag")
        self._start(self._advance_watermarks(), "watermarks")
        self._start(self.stamps.run(), "voice stamps")
        self._start(self._until_done(bot.front.sync, "commands cannot be sent to Discord yet"), "command sync")

    async def _try_lock(self) -> bool:
        """Whether the lock is held now; False while the database is away. Raises AlreadyRunning."""
        try:
            await self._acquire()
        except _OUTAGES as error:
            log.warning("the instance lock cannot be taken yet: %s", describe(error))
            return False
        return True

    async def _acquire(self) -> None:
        """Take the lock; a bot that was just killed may need a moment to let go of it."""
        assert self._lock is not None
        loop = asyncio.get_running_loop()
        start = loop.time()
        while True:
            try:
                await self._lock.acquire()
            except AlreadyRunning as error:
                waited = loop.time() - start
                if waited > (_LOCK_SECONDS_ELSEWHERE if error.is_elsewhere else _LOCK_SECONDS):
                    raise
                await asyncio.sleep(0.5)
            else:
                return

    async def _prepare(self) -> None:
        await self.policy.refresh(self._ports.load_policy)
        await self.sequence.open()
        await self._load_watermarks()

    async def _load_watermarks(self) -> None:
        """Read the watermarks, once those of an earlier first start are no longer on their way."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + _PATIENCE_WITH_LEDGER
        while True:
            self.watermarks.load(await asyncio.to_thread(self._ports.load_watermarks))
            if not self.watermarks.is_empty or loop.time() > patience or not await self._has_old_entries():
                return
            await asyncio.sleep(0.25)

    async def _has_old_entries(self) -> bool:
        publisher = self.publisher
        if publisher.spool.entries:
            return True
        try:
            return bool(await publisher.submit(lambda: ledger.depth(publisher.redis(), "ingest")))
        except Exception as error:  # noqa: BLE001 - Redis is away, so nothing is on its way either.
            log.info("the ledger cannot be asked: %s", describe(error))
            return False

    async def _until_done(self, step: Callable[[], Coroutine[Any, Any, Any]], trouble: str) -> None:
        """Repeat a step for as long as an outage lasts."""
        pause = 1.0
        while True:
            try:
                await step()
            except (*_OUTAGES, discord.HTTPException) as error:
                log.warning("%s: %s", trouble, describe(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.stop(task.exception())

    # Running.

    def _on_session(self, ready: Any) -> None:
        self.absences.session(ready)
        _, shards = ready.get("shard") or (0, 1)
        # One of several shards may well have none.
        if shards == 1 and not ready["guilds"]:
            log.warning("%s", no_guilds(self.bot.application_id or 0))

    def _on_guild_ready(self, guild_id: int) -> None:
        self.backfill.start(guild_id)
        if guild_id:
            self.stamps.listed(guild_id)
            self.absences.guild(guild_id)
        guild = self.bot.get_guild(guild_id)
        if guild is not None and guild.me is not None and guild_id not in self._told:
            self._told.add(guild_id)
            line = missing_permissions(guild, self.bot.application_id or 0)
            if line:
                log.warning("%s", line)

    def _on_full(self, is_full: bool) -> None:  # noqa: FBT001 - the publisher calls it with one value.
        self._start(self.bot.leave_gateway() if is_full else self.bot.return_to_gateway(), "spool bound")

    async def _advance_watermarks(self) -> None:
        while True:
            await asyncio.sleep(_WATERMARK_SECONDS)
            self.backfill.advance()

    # Leaving.

    async def _leave(self, serving: "asyncio.Task[None]") -> None:
        """Leave the gateway, make everything durable, then let go of the rest."""
        was_connected = self.bot.connected_since is not None
        if was_connected:
            await self.bot.leave_gateway()
        await self.absences.close()
        await self.backfill.close()
        if was_connected:
            self.backfill.advance(at_rest=True)
        self.buffer.flush()
        for task in self._tasks:
            task.remove_done_callback(self._note_end)
            task.cancel()
        await self.bot.front.close()
        await self.bot.close()
        serving.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await serving
        await self.sequence.close()
        await self.publisher.close()
        if self._lock is not None:
            await self._lock.release()


async def run(configuration: Settings, ports: Ports) -> None:
    """Run the bot; raises ConfigurationError when only a click or a setting mends what is wrong."""
    runtime = Runtime(configuration, ports)
    try:
        await runtime.run()
    except (discord.DiscordException, OSError) as error:
        line = refusal(error, runtime.bot) if isinstance(error, Exception) else None
        if line is None:
            raise
        raise line from None
