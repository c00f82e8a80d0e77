"""Who may use what. A cog decorates its commands with these; the bot runs `is_switched_on` before every command.

A cog whose commands an admin may switch off names its feature, one of `app.core.features.FEATURES`:

    class Search(commands.Cog):
        feature = "search"
"""

from collections.abc import Callable
from typing import Any, TypeVar

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.translations import language_of
from app.core import features
from app.core.translations import set_language

T = TypeVar("T")


class SwitchedOff(commands.CheckFailure):
    """The guild's admins switched this command's feature off."""

    def __init__(self, feature: str) -> None:
        super().__init__(feature)
        self.feature = feature


class NotYours(commands.CheckFailure):
    """The buttons belong to somebody else."""


def manager_only() -> Callable[[T], T]:
    """Only for members who may manage the guild; Discord hides the slash form from others, and both forms refuse."""

    def decorate(command: T) -> T:
        checked: Any = commands.has_guild_permissions(manage_guild=True)(command)
        decorated: T = app_commands.default_permissions(manage_guild=True)(commands.guild_only()(checked))
        return decorated

    return decorate


def feature_of(command: "commands.Command[Any, ..., Any] | None") -> str | None:
    """The feature that a command belongs to."""
    return getattr(command.cog, "feature", None) if command else None


def is_off(client: Any, guild_id: int | None, feature: str | None) -> bool:
    """Whether the guild switched this feature off. Direct messages have every feature."""
    switched_off = client.policy.data.switched_off.get(guild_id or 0, frozenset())
    return feature is not None and features.is_off(switched_off, feature)


def is_switched_on(context: "commands.Context[Any]") -> bool:
    """The check before every command; raises SwitchedOff."""
    feature = feature_of(context.command)
    if is_off(context.bot, context.guild.id if context.guild else None, feature):
        raise SwitchedOff(feature or "")
    return True


def check_click(
    interaction: "discord.Interaction[Any]",
    *,
    needs: discord.Permissions | None = None,
    owner_id: int | None = None,
    feature: str | None = None,
) -> None:
    """Check a click or a modal anew, because rights may have changed since the message was sent.

    Raises what a command would raise: MissingPermissions, NotYours or SwitchedOff.
    """
    set_language(language_of(interaction))
    if owner_id is not None and interaction.user.id != owner_id:
        raise NotYours
    if needs is not None and not interaction.permissions >= needs and not interaction.permissions.administrator:
        missing = [name for name, wanted in needs if wanted and not getattr(interaction.permissions, name)]
        raise commands.MissingPermissions(missing)
    if is_off(interaction.client, interaction.guild_id, feature):
        raise SwitchedOff(feature or "")
