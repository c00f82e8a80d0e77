"""The Discord client: what it subscribes to, and how dispatches reach the event path before discord.py itself."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import discord
from discord.ext import commands

from app.bot import gateway, metrics
from app.bot.context import Context
from app.bot.errors import Tree
from app.bot.front import Front, prefix
from app.bot.ingest import Ingest, note_malformed
from app.bot.policy import Policy
from app.bot.publisher import Publisher
from app.core.clock import DISCORD_EPOCH_MS
from app.core.errors import HeorotError
from app.core.settings import PROJECT
from app.core.translate import MALFORMED

log = logging.getLogger(__name__)

# The bot hears who is in voice and never speaks there; discord.py would warn that it could not.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

# A message that comes later than this (a resume, a backlog) is kept, but no longer taken for a command.
COMMAND_AGE_MS = 300_000
_SNOWFLAKE_TIME = 22
# The cog that needs no Discord, and is wanted most while there is none.
HEALTH = "app.upkeep.health.cog"
# Guilds arrive right after READY; discord.py waits this long for another one.
_GUILD_READY_SECONDS = 0.5

# Dispatches that a backfill wants to know of.
_NOTED = frozenset({"MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"})
# Dispatches that discord.py needs only for those who listen: without a listener they end with us.
_ONLY_FOR_LISTENERS = {
    "MESSAGE_UPDATE": ("raw_message_edit", "message_edit"),
    "MESSAGE_DELETE": ("raw_message_delete", "message_delete"),
    "MESSAGE_DELETE_BULK": ("raw_bulk_message_delete", "bulk_message_delete"),
    "MESSAGE_REACTION_ADD": ("raw_reaction_add", "reaction_add"),
    "MESSAGE_REACTION_REMOVE": ("raw_reaction_remove", "reaction_remove"),
    "MESSAGE_REACTION_REMOVE_ALL": ("raw_reaction_clear", "reaction_clear"),
    "MESSAGE_REACTION_REMOVE_EMOJI": ("raw_reaction_clear_emoji", "reaction_clear_emoji"),
    "TYPING_START": ("raw_typing", "typing"),
}


def intents_for(*, message_content: bool) -> discord.Intents:
    """What the bot asks the gateway for; member events are privileged, and so is what people write."""
    return discord.Intents(
        guilds=True,
        members=True,
        voice_states=True,
        invites=True,
        guild_messages=True,
        dm_messages=True,
        guild_reactions=True,
        dm_reactions=True,
        guild_typing=True,
        message_content=message_content,
    )


def cog_modules(root: Path = PROJECT) -> list[str]:
    """Every `app/<area>/<feature>/cog.py`, as module names in a fixed order."""
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in sorted(root.glob("app/*/*/cog.py"))]


async def _nothing() -> None:
    """Do nothing."""


class Heorot(commands.AutoShardedBot):
    """The bot. Cogs find here `ingest`, `publisher`, `policy` and `front`."""

    def __init__(self, ingest: Ingest, publisher: Publisher, policy: Policy, *, message_content: bool) -> None:
        super().__init__(
            command_prefix=prefix,
            tree_cls=Tree,
            help_command=None,
            intents=intents_for(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=_GUILD_READY_SECONDS,
        )
        self.ingest = ingest
        self.publisher = publisher
        self.policy = policy
        self.front = Front(self)
        # Awaited between login and the gateway: the instance lock, settings, extensions.
        self.on_login: Callable[[Heorot], Any] | None = None
        # Called with the guild's id when its channels are known, and with 0 when a session starts.
        self.on_guild_ready: Callable[[int], None] = lambda _: None
        # Called with the READY of each new session.
        self.on_session: Callable[[Any], None] = lambda _: None
        # Called with guild, channel and id of every live message, before it is translated.
        self.on_message_id: Callable[[int, int, int], None] = lambda *_: None
        # Called with the message's id when a person's reaction comes or goes.
        self.on_reaction: Callable[[int], None] = lambda _: None
        # Awaited before a guild or a person is recorded (more) again: see `Backfill.settle`.
        self.settle: Callable[[], Awaitable[None]] = _nothing
        self.connected_since: float | None = None
        self._hook_parsers()

    async def setup_hook(self) -> None:
        """Prepare everything that must stand before the first dispatch."""
        assert self.user is not None
        self.ingest.set_identity(self.user.id)
        await gateway.learn_gateway(self)
        if self.on_login is not None:
            await self.on_login(self)

    async def load_cogs(self) -> None:
        """Load every feature's cog that is not loaded yet; a cog that fails ends the start, named."""
        for module in cog_modules():
            if module not in self.extensions:
                await self._load_cog(module)

    async def load_health(self) -> None:
        """Tell how the bot is although it never reached Discord."""
        if HEALTH not in self.extensions:
            await self._load_cog(HEALTH)

    async def _load_cog(self, module: str) -> None:
        try:
            await self.load_extension(module)
        except commands.ExtensionFailed as failed:
            if isinstance(failed.original, HeorotError):
                # It is one line for a person already: a taken port.
                raise failed.original from None
            raise

    async def get_context(self, origin: Any, /, *, cls: Any = Context) -> Any:
        """The context of a command, with our answers."""
        return await super().get_context(origin, cls=cls)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Tell listeners; the event that discord.py sends for every frame has none here."""
        if event_name != "socket_event_type":
            super().dispatch(event_name, *args, **kwargs)

    async def on_connect(self) -> None:
        """Note that a session started."""
        self.connected_since = time.time()

    async def on_resumed(self) -> None:
        """Note that a session goes on."""
        self.connected_since = time.time()

    async def on_disconnect(self) -> None:
        """Note when we last heard from Discord."""
        if self.connected_since is not None:
            self.ingest.live.last_heard = self.ingest.live.now()
        self.connected_since = None

    async def leave_gateway(self) -> None:
        """Close every shard's connection; the process and its commands' answers live on."""
        self.connected_since = None
        await asyncio.gather(*(shard.disconnect() for shard in self.shards.values()))

    async def return_to_gateway(self) -> None:
        """Connect every shard again, with a new session."""
        for shard in self.shards.values():
            await shard.connect()

    # The raw payloads.

    def _hook_parsers(self) -> None:
        connection = self._connection
        wrapped = {name: self._behind_ours(name, parser) for name, parser in connection.parsers.items()}
        connection.parsers = gateway.Parsers(wrapped)

    def _behind_ours(self, event: str, parser: Callable[[Any], None]) -> Callable[[Any], None]:
        received = metrics.RECEIVED.labels(event).inc
        handle = self.ingest.handle
        wants = self._filter(event)
        is_noted = event in _NOTED

        def parse(data: Any) -> None:
            received()
            if is_noted:
                self._note(event, data)
            handle(event, data)
            try:
                if wants(data):
                    parser(data)
            except Exception as error:  # noqa: BLE001 - no payload may end the bot, whatever discord.py makes of it.
                note_malformed(event, error)
                return
            if event == "GUILD_CREATE":
                self.on_guild_ready(int(data["id"]))
            elif event == "READY":
                self.on_session(data)
                self.on_guild_ready(0)

        return parse

    def _note(self, event: str, data: Any) -> None:
        try:
            if event != "MESSAGE_CREATE":
                self.on_reaction(int(data["message_id"]))
                return
            guild_id = int(data.get("guild_id") or 0)
            self.on_message_id(guild_id, int(data["channel_id"]), int(data["id"]))
        except MALFORMED:
            # The translator meets the same fault and counts it.
            return

    def _filter(self, event: str) -> Callable[[Any], bool]:
        if event == "MESSAGE_CREATE":
            return self._may_concern_us
        listeners = _ONLY_FOR_LISTENERS.get(event)
        if listeners is None:
            return lambda _: True
        if event == "MESSAGE_UPDATE":
            return lambda data: self._is_heard(*listeners) or self._is_ours(data)
        return lambda _: self._is_heard(*listeners)

    def _is_heard(self, *events: str) -> bool:
        return any(self._listeners.get(event) or self.extra_events.get(f"on_{event}") for event in events)

    def _is_ours(self, data: dict[str, Any]) -> bool:
        """Whether discord.py may follow a view in this message."""
        return int((data.get("author") or {}).get("id", 0)) == self.ingest.live.me

    def _may_concern_us(self, data: dict[str, Any]) -> bool:
        """Whether a message may be a command or somebody waits for it; all others skip discord.py's own objects."""
        if self._is_heard("message"):
            return True
        if time.time_ns() // 1_000_000 - (int(data["id"]) >> _SNOWFLAKE_TIME) - DISCORD_EPOCH_MS > COMMAND_AGE_MS:
            return False
        guild_id = data.get("guild_id")
        if guild_id is None or data["content"].startswith(self.policy.prefix(int(guild_id))):
            return True
        me = str(self.ingest.live.me)
        return any(user["id"] == me for user in data["mentions"])
