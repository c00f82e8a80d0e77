"""Reads the members and roles of every guild anew when the clock says so.

The gateway tells of changes at once; this finds what it never told: changes in large guilds while the bot was away, and
who left them. Only what differs from what is stored becomes an event, stamped with a number from before the question,
so that whatever is heard live meanwhile is newer. It is then stored, and forgotten by the caches, like any other event.
"""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import discord
import redis.exceptions
from discord.ext import commands

from app.activity.members.queries import present
from app.activity.roster import queries, rules
from app.activity.roster.messages import NAMESPACE
from app.bot.context import read_within
from app.bot.policy import CHANNEL
from app.core.errors import DatabaseUnavailable
from app.core.quiet import describe
from app.core.redis import async_broker_redis

log = logging.getLogger(__name__)

_PAGE = 1000
# So many departures are told in one round.
_GONE_MOST = 1000
_ROLES_MOST = 1000
_RECONNECT_SECONDS = 5.0
_PATIENCE_SECONDS = 30.0


class Roster(commands.Cog):
    """Compares what Discord lists with what is stored."""

    def __init__(self, bot: Any) -> None:
        self._bot = bot
        self._listening: asyncio.Task[None] | None = None

    async def cog_load(self) -> None:
        """Listen for the clock."""
        self._listening = asyncio.create_task(self._listen(), name="roster")

    async def cog_unload(self) -> None:
        """Stop, also in the middle of a round; the next one begins from what is stored."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (redis.exceptions.RedisError, OSError) as error:
                log.info("the clock of the roster is not heard: %s", describe(error))
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen_once(self) -> None:
        client = async_broker_redis()
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(CHANNEL)
                while True:
                    message = await pubsub.get_message(timeout=_PATIENCE_SECONDS)
                    if message is not None and _is_for_us(message["data"]):
                        await self.refresh()
        finally:
            await client.aclose()

    async def refresh(self) -> None:
        """Read every guild anew, one after the other; one that cannot be read now is read the next time."""
        for guild in list(self._bot.guilds):
            if guild.unavailable:
                continue
            try:
                await self._read_roles(guild.id)
                await self._read_members(guild.id)
            except (discord.HTTPException, DatabaseUnavailable, OSError, TimeoutError) as error:
                log.info("a guild's roster could not be read: %s", describe(error), extra={"guild_id": guild.id})

    def _numbers(self, count: int) -> Iterator[int]:
        """Numbers from before a question."""
        return iter([self._bot.ingest.live.next_seq() for _ in range(count)])

    async def _read_roles(self, guild_id: int) -> None:
        numbers, tell = self._numbers(2 * _ROLES_MOST), self._bot.ingest.tell
        stored = await read_within(_PATIENCE_SECONDS, queries.roles, guild_id)
        listed = (await self._bot.http.get_roles(guild_id))[:_ROLES_MOST]
        place = {"guild_id": str(guild_id)}
        for role in rules.changed_roles(listed, stored):
            tell("GUILD_ROLE_UPDATE", {**place, "role": role}, numbers)
        for role_id in rules.missing(stored, (int(role["id"]) for role in listed), _ROLES_MOST):
            tell("GUILD_ROLE_DELETE", {**place, "role_id": str(role_id)}, numbers)

    async def _read_members(self, guild_id: int) -> None:
        departures = self._numbers(_GONE_MOST)
        known = await read_within(_PATIENCE_SECONDS, present, guild_id)
        listed = await self._read_pages(guild_id)
        for user_id in rules.missing(known, listed, _GONE_MOST):
            gone = {"guild_id": str(guild_id), "user": {"id": str(user_id)}}
            self._bot.ingest.tell("GUILD_MEMBER_REMOVE", gone, departures)

    async def _read_pages(self, guild_id: int) -> set[int]:
        """Tell of every listed member who changed; the ids of all who are there."""
        ingest, listed, after = self._bot.ingest, set[int](), None
        while True:
            numbers = self._numbers(_PAGE)
            page = await self._bot.http.get_members(guild_id, _PAGE, after)
            ids = [int(member["user"]["id"]) for member in page]
            stored = await read_within(_PATIENCE_SECONDS, queries.people, guild_id, ids)
            for member in rules.changed_members(page, stored):
                ingest.tell("GUILD_MEMBER_UPDATE", {**member, "guild_id": str(guild_id)}, numbers)
            listed.update(ids)
            if len(page) < _PAGE:
                return listed
            after = max(ids)
            await ingest.wait_for_room()


def _is_for_us(message: bytes) -> bool:
    try:
        return bool(json.loads(message)["ns"] == NAMESPACE)
    except (ValueError, TypeError, KeyError):
        return False


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Roster(bot))
