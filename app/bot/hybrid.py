"""Decorators for commands that work by slash and by prefix; each has a cooldown for every person.

A name is written with its slash, `marked("/search")`, which makes it a sentence of the catalogues like any other. What
the catalogues make of it names the command too: in Discord's menu by the reader's language, after a prefix for
everybody. Two commands may not share a name in any language; the bot refuses to start with such a pair.

The decorators are discord.py's own, with types that a checker can follow and the defaults that our commands share.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from discord.ext import commands

from app.bot.translations import other_names

Callback = Callable[..., Coroutine[Any, Any, None]]
Command = commands.HybridCommand[Any, ..., None]
Group = commands.HybridGroup[Any, ..., None]

# So many uses in so many seconds.
COOLDOWN = (5, 10.0)


def command(
    name: str, description: str, *, cooldown: tuple[int, float] = COOLDOWN, usage: str | None = None
) -> Callable[[Callback], Command]:
    """Make a method of a cog a command; `usage` is what help shows behind its prefix form, if not all its options."""
    return _made(commands.hybrid_command(**_named(name), description=description, usage=usage), cooldown)


def group(name: str, description: str, *, cooldown: tuple[int, float] = COOLDOWN) -> Callable[[Callback], Group]:
    """Make a method of a cog a group of commands; the method itself serves the prefix form without a subcommand."""
    made: Any = commands.hybrid_group(**_named(name), description=description, invoke_without_command=True)
    return _made(made, cooldown)


def subcommand(
    parent: Group, name: str, description: str, *, cooldown: tuple[int, float] = COOLDOWN
) -> Callable[[Callback], Command]:
    """Make a method of a cog a command of a group."""
    return _made(parent.command(**_named(name), description=description), cooldown)


def subgroup(parent: Group, name: str, description: str) -> Callable[[Callback], Group]:
    """Make a method of a cog a group inside a group; the method itself serves the prefix form without a subcommand."""
    made: Any = parent.group(**_named(name), description=description, invoke_without_command=True)
    return _made(made, COOLDOWN)


def _made(decorator: Any, cooldown: tuple[int, float]) -> Callable[[Callback], Any]:
    limited: Any = commands.cooldown(*cooldown, commands.BucketType.user)

    def decorate(callback: Callback) -> Any:
        return decorator(limited(callback))

    return decorate


def _named(name: str) -> dict[str, Any]:
    bare = name.removeprefix("/")
    return {"name": bare, "aliases": other_names(bare)}
