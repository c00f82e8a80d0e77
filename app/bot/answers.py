"""Asking a worker to change something, and waiting for the outcome.

The order is what makes it safe: subscribe and defer, put the command into the ledger, wait; at the deadline decide
with the worker, through one row in PostgreSQL, who was first.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import discord
from discord.ext import commands

from app.bot.translations import Source, language_of
from app.core.answers import Answer, AnswerBoard
from app.core.cache.namespace import forget_guild_here
from app.core.commands import (
    DEADLINE_SECONDS,
    Command,
    Scalar,
    encode,
    expire_if_reachable,
    unknown,
)
from app.core.errors import QueueUnavailable
from app.core.log import request_id
from app.core.translations import _

# How long PostgreSQL may take to decide at the deadline.
_DECISION_SECONDS = 3.0


async def ask(source: Source, task: str, *, within: float = DEADLINE_SECONDS, **arguments: Scalar) -> Answer:
    """Have a worker run this command (`commands.<name>`), and return how it ended, in the person's language.

    The interaction is deferred at once. `done` and `refused` are the worker's word; `expired` means that nothing was
    taken, for certain; `unknown` means that PostgreSQL could not be asked, and a worker will show the outcome later.
    """
    client: Any = source.client if isinstance(source, discord.Interaction) else source.bot
    command = _command(source, task, within, arguments)
    request_id.set(str(command.id))
    return await _run(client, command, _defer(source))


async def order(client: Any, command: Command) -> Answer:
    """As `ask`, for a command that somebody gave without using one of Discord's; the caller shows the answer."""
    return await _run(client, command, _nothing())


async def _run(client: Any, command: Command, meanwhile: Awaitable[None]) -> Answer:
    expecting = asyncio.create_task(_expect(client.front.answers, command.id))
    try:
        await meanwhile
        answer = await expecting
        if answer is None:
            return Answer(_("My workers are out of reach. Nothing was changed; please try again soon."), "refused")
        decided = await _publish_and_wait(client, command, answer)
        # The answer may be here before the word that what we remember is old.
        forget_guild_here(command.guild_id)
        return decided
    finally:
        await expecting
        await client.front.answers.forget(command.id)


async def _nothing() -> None:
    """Do nothing."""


async def _expect(board: AnswerBoard, interaction_id: int) -> "asyncio.Future[Answer] | None":
    try:
        return await board.expect(interaction_id)
    except QueueUnavailable:
        return None


async def _publish_and_wait(client: Any, command: Command, answer: "asyncio.Future[Answer]") -> Answer:
    found: Answer | None
    try:
        await client.publisher.publish(command.task, str(command.id), encode(command))
        async with asyncio.timeout(max(command.deadline - time.time(), 0)):
            return await answer
    except TimeoutError:
        found = await client.front.answers.look_up(command.id)
        return found or await _decide(command)
    except QueueUnavailable:
        # Redis may have kept the command and failed to say so.
        return await _decide(command)


async def _decide(command: Command) -> Answer:
    """Refuse the command, unless a worker was first; `unknown` when PostgreSQL does not say."""
    try:
        async with asyncio.timeout(_DECISION_SECONDS):
            return await asyncio.to_thread(expire_if_reachable, command)
    except TimeoutError:
        return unknown()


def _command(source: Source, task: str, within: float, arguments: dict[str, Scalar]) -> Command:
    interaction = source if isinstance(source, discord.Interaction) else source.interaction
    author = source.user if isinstance(source, discord.Interaction) else source.author
    channel = source.channel
    return Command(
        task=task,
        id=interaction.id if interaction else _message_id(source),
        guild_id=source.guild.id if source.guild else 0,
        user_id=author.id,
        channel_id=channel.id if channel else 0,
        language=language_of(source),
        deadline=time.time() + within,
        application_id=interaction.application_id if interaction else 0,
        token=interaction.token if interaction else "",
        is_click=interaction is not None and interaction.message is not None,
        arguments=arguments,
    )


def _message_id(source: Source) -> int:
    assert isinstance(source, commands.Context), "only a context has no interaction"
    return source.message.id


async def _defer(source: Source) -> None:
    """Tell Discord that the answer will come; a click keeps its message, a command gets a private reply."""
    interaction = source if isinstance(source, discord.Interaction) else source.interaction
    if interaction is None or interaction.response.is_done():
        return
    if interaction.message is None:
        await interaction.response.defer(ephemeral=True, thinking=True)
    else:
        await interaction.response.defer()
