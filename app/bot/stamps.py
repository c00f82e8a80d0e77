"""Telling every half minute in which guilds the bot hears who is in voice.

What is told before a stamp is complete, so time in voice can be counted up to it; and after a crash, whoever is no
longer there is taken to have left at the last one.
"""

import asyncio
import time
from collections.abc import Callable

from app.bot.client import Heorot
from app.core.events import Event

_SECONDS = 30.0
# So long after a guild was listed, whoever had left it meanwhile is surely stored as gone.
_SETTLED_SECONDS = 60.0
_GUILDS_IN_ONE_EVENT = 1000


class Stamps:
    """When each guild was listed in this session, and the stamps of those that are settled."""

    def __init__(self, bot: Heorot, heard: Callable[[tuple[int, ...]], Event]) -> None:
        self._bot = bot
        self._heard = heard
        self._listed: dict[int, float] = {}

    def listed(self, guild_id: int) -> None:
        """The gateway showed everybody who is in voice there."""
        self._listed[guild_id] = time.monotonic()

    async def run(self) -> None:
        """Stamp until cancelled."""
        while True:
            await asyncio.sleep(_SECONDS)
            self.stamp()

    def stamp(self) -> None:
        """Tell of the guilds that are heard now; of none while the connection is lost."""
        if self._bot.connected_since is None:
            return
        settled = time.monotonic() - _SETTLED_SECONDS
        there = sorted(guild.id for guild in self._bot.guilds if not guild.unavailable)
        guilds = [guild for guild in there if self._listed.get(guild, settled + 1) <= settled]
        for start in range(0, len(guilds), _GUILDS_IN_ONE_EVENT):
            some = tuple(guilds[start : start + _GUILDS_IN_ONE_EVENT])
            self._bot.ingest.emit(self._heard(some), is_late=False)
