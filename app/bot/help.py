"""Which commands a person may use here, and how they are written."""

from collections.abc import Iterator
from typing import Any

from discord.ext import commands

from app.bot.context import Context
from app.bot.translations import localized_name
from app.core.translations import _, current_language


async def usable(context: Context) -> list["commands.Command[Any, ..., Any]"]:
    """Every command, subcommands included, that this person may use here, by name."""
    found = [command for command in _leaves(context.bot.commands) if await is_usable(context, command)]
    return sorted(found, key=lambda command: command.qualified_name)


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


def written(context: Context, command: "commands.Command[Any, ..., Any]") -> str:
    """How the person writes the command in their language: as in Discord's menu, or with the guild's prefix."""
    names = command.qualified_name.split()
    words = " ".join(localized_name(name, current_language()) or name for name in names)
    if context.interaction is None:
        return f"{context.bot.policy.prefix(context.guild_id)}{words} {command.signature}".strip()
    return f"/{words}"
