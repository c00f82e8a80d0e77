"""What a cog works with.

A command is hybrid (app.bot.hybrid), says a sentence with `context.say`, changes something with `context.ask`, and
raises BadInput or Refused for everything that cannot be done; the bot tells the person in the right language:

    class Greeting(commands.Cog):
        @command(marked("/greet"), marked("Greet a member"))
        async def greet(self, context: Context, member: discord.Member) -> None:
            await context.say(_("Hello {name}!").format(name=member.display_name))

An awaited command is a line more, and its work is a service in a worker (see tasks/commands.py):

            answer = await context.ask("commands.greeting_set", text=text)
            await context.say(answer)

Reads go through `queries` in a thread: `await read(queries.profile, guild_id, user_id)`. Buttons and modals derive
from `app.bot.views.GuardedView` and `GuardedModal`, which check every click anew.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import discord
from discord.ext import commands

from app.bot.answers import ask
from app.bot.replies import reply
from app.core.answers import Answer
from app.core.commands import DEADLINE_SECONDS, Scalar, reachable
from app.core.errors import DatabaseUnavailable

READ_SECONDS = 2.5

P = ParamSpec("P")
T = TypeVar("T")


class Context(commands.Context[Any]):
    """A command being used, by slash or by prefix."""

    # Whether everybody sees that an answer will come, and it has not come yet.
    awaits_publicly = False

    async def defer(self, *, ephemeral: bool = False) -> None:
        """Tell Discord that the answer will come, and who will see it; a refusal is seen by the person alone."""
        await super().defer(ephemeral=ephemeral)
        self.awaits_publicly = not ephemeral and self.interaction is not None

    async def say(
        self,
        answer: Answer | str,
        *,
        embed: discord.Embed | None = None,
        view: discord.ui.View | None = None,
        file: discord.File | None = None,
        ephemeral: bool = True,
    ) -> None:
        """Answer, to the person alone unless told otherwise (the prefix form is always seen by all)."""
        await reply(self, answer, embed=embed, view=view, file=file, ephemeral=ephemeral)
        self.awaits_publicly = False

    async def ask(self, task: str, *, within: float = DEADLINE_SECONDS, **arguments: Scalar) -> Answer:
        """Have a worker change something, and wait for how it ended; see app.bot.answers.ask."""
        return await ask(self, task, within=within, **arguments)

    @property
    def guild_id(self) -> int:
        """The guild's id; 0 in direct messages."""
        return self.guild.id if self.guild else 0


async def read(query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a query in a thread; raises DatabaseUnavailable, which the person is told about.

    Discord waits three seconds for a first answer, so a database that hangs is given up before; a command that has
    deferred its answer uses `read_within`.
    """
    return await read_within(READ_SECONDS, query, *args, **kwargs)


async def read_within(seconds: float, query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a query in a thread for at most so long; raises DatabaseUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(reachable(query), *args, **kwargs)
    except TimeoutError:
        raise DatabaseUnavailable from None
