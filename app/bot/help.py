"""Which commands a person may use here, how they are written, and what they belong to."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import discord
from discord.ext import commands
from discord.ext.commands.view import StringView

from app.bot.context import Context
from app.bot.translations import localized_name
from app.core.translations import _, current_language, marked

SLASH = "/"


async def usable(context: Context) -> list["commands.Command[Any, ..., Any]"]:
    """Every command, subcommands included, that this person may use here, by name."""
    found = [command for command in _leaves(context.bot.commands) if await is_usable(context, command)]
    return sorted(found, key=lambda command: command.qualified_name)


def clicked(interaction: "discord.Interaction[Any]") -> Context:
    """A context in which `usable` asks for the person who clicked, and not for whoever wrote the message."""
    assert interaction.message is not None, "a click is on a message"
    message = copy(interaction.message)
    message.author = interaction.user
    return Context(message=message, bot=interaction.client, view=StringView(""))


def topic_of(command: "commands.Command[Any, ..., Any]") -> str:
    """The heading under which help shows the command: its cog's `topic`, a sentence of the catalogues."""
    return str(getattr(command.cog, "topic", "")) or marked("Other things")


async def is_usable(context: Context, command: "commands.Command[Any, ..., Any]") -> bool:
    """Whether the person may use this command here: rights, place and the guild's switches."""
    asking, context.command = context.command, command
    try:
        return not command.hidden and await command.can_run(context)
    except commands.CommandError:
        return False
    finally:
        context.command = asking


def _leaves(
    roots: "set[commands.Command[Any, ..., Any]]",
) -> "Iterator[commands.Command[Any, ..., Any]]":
    for command in roots:
        if isinstance(command, commands.Group):
            yield from _leaves(command.commands)
        else:
            yield command


def described(command: "commands.Command[Any, ..., Any]") -> str:
    """What the command does, in the language in force."""
    return _(command.description) if command.description else ""


def named(command: "commands.Command[Any, ..., Any]", before: str) -> str:
    """The command's name in the language in force, behind a slash or a prefix."""
    names = command.qualified_name.split()
    return before + " ".join(localized_name(name, current_language()) or name for name in names)


def written(command: "commands.Command[Any, ..., Any]", before: str) -> str:
    """How the person writes the command: as in Discord's menu, or behind the prefix with all that it takes."""
    name = named(command, before)
    return name if before == SLASH else f"{name} {command.signature}".strip()


def form(context: Context) -> str:
    """What stands before the names of commands where the person writes them: a slash, or the guild's prefix."""
    return SLASH if context.interaction is not None else str(context.bot.policy.prefix(context.guild_id))
