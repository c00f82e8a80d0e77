"""Where discord.py's gateway client is widened: another Discord, frames that it would die of, and the raw payloads.

Verified against discord.py 2.7: `DiscordWebSocket.received_message` is called for every frame, and looks each
dispatch up in `ConnectionState.parsers`.
"""

import json
import logging
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import discord.client
import discord.http
import discord.shard
import discord.utils
import orjson
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure

from app.bot import metrics
from app.bot.ingest import note_malformed
from app.core.settings import DISCORD_API

log = logging.getLogger(__name__)

# How discord.py tells itself that a connection ended.
_CONNECTION_ERRORS = (
    ReconnectWebSocket,
    WebSocketClosure,
    discord.ConnectionClosed,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
)


def loads(text: str | bytes | bytearray | memoryview) -> Any:
    """JSON, lone surrogates included, which the fast parser refuses."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(bytes(text) if isinstance(text, memoryview) else text)


class GuardedWebSocket(DiscordWebSocket):
    """A gateway connection that outlives malformed frames and reads no faster than events can be kept."""

    async def received_message(self, msg: Any, /) -> None:
        """Handle one frame; a malformed one is counted and passed over."""
        client: Any = self._connection._get_client()  # noqa: SLF001 - the only way from a socket to its client.
        await client.ingest.wait_for_room()
        try:
            await super().received_message(msg)
        except _CONNECTION_ERRORS:
            raise
        except zlib.error as error:
            # The stream cannot be read on from here; a resume sends again what was missed.
            note_malformed("compressed frame", error)
            await self.close()
            raise ReconnectWebSocket(self.shard_id) from None
        except Exception as error:  # noqa: BLE001 - no frame may end the bot, whatever it makes the parser raise.
            note_malformed("frame", error)


class Parsers(dict[str, Callable[[Any], None]]):
    """discord.py's parsers by event name, each behind ours."""

    def __missing__(self, event: str) -> Callable[[Any], None]:
        """An event that discord.py does not know is counted; it then passes over it."""
        metrics.UNKNOWN.inc()
        raise KeyError(event)


def install() -> None:
    """Make discord.py use the guarded socket and the lenient JSON parser; doing it twice changes nothing."""
    discord.utils._from_json = loads  # noqa: SLF001 - discord.py reads it from there at each use.
    for module in (discord.client, discord.shard):
        module.DiscordWebSocket = GuardedWebSocket  # type: ignore[attr-defined]


def use_api(url: str) -> None:
    """Send REST calls to this Discord; its gateway is learnt from `learn_gateway`."""
    discord.http.Route.BASE = url.rstrip("/")
    if url.rstrip("/") != DISCORD_API:
        discord.asset.Asset.BASE = str(yarl.URL(url).origin())


async def learn_gateway(client: discord.Client) -> None:
    """Where a session starts anew: after an invalid session discord.py goes to its built-in address."""
    _, url, _ = await client.http.get_bot_gateway()
    GuardedWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
