"""How errors are told: one sentence saying what was wrong and what is allowed, to the person alone where Discord can.

A cog raises `BadInput` or `Refused` (app.core.errors) with a translated sentence, or lets discord.py raise; it never
replies to an error itself.
"""

import logging
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.checks import NotYours, SwitchedOff
from app.bot.replies import reply
from app.bot.translations import Source, language_of
from app.core.answers import Answer
from app.core.errors import BadInput, DatabaseUnavailable, Refused, Unavailable
from app.core.quiet import describe
from app.core.translations import _, ngettext, set_language

log = logging.getLogger(__name__)


class Tree(app_commands.CommandTree[Any]):
    """The bot's tree of application commands, with its language and its error style."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Choose the language before anything is said."""
        set_language(language_of(interaction))
        return True

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Tell the person."""
        await tell(interaction, error)


async def tell(source: Source, error: BaseException) -> None:
    """Tell the person what went wrong; a fault of ours goes to the log as well."""
    cause = _cause(error)
    if isinstance(cause, commands.CommandNotFound):
        return
    set_language(language_of(source))
    text = explain(cause)
    if text is None:
        log.error("a command failed: %s", describe(cause), exc_info=cause)
        text = _("Something went wrong on our side. Nothing was changed.")
    try:
        await reply(source, Answer(text, state="refused"))
    except discord.HTTPException as failure:
        log.info("an error could not be told: %s", describe(failure))


def _cause(error: BaseException) -> BaseException:
    """The error itself, out of the layers that discord.py wraps around it."""
    wrappers = (
        commands.HybridCommandError,
        commands.CommandInvokeError,
        commands.ConversionError,
        app_commands.CommandInvokeError,
    )
    while isinstance(error, wrappers):
        error = error.original
    return error


def explain(error: BaseException) -> str | None:
    """The sentence for a person, in the language in force; None for a fault of ours."""
    for explanation in (_explain_ours, _explain_permissions, _explain_refusal, _explain_names, _explain_input):
        text = explanation(error)
        if text is not None:
            return text
    return None


def _explain_ours(error: BaseException) -> str | None:
    if isinstance(error, BadInput | Refused):
        return str(error)
    if isinstance(error, SwitchedOff):
        return _("This server has switched “{feature}” off.").format(feature=error.feature)
    if isinstance(error, NotYours):
        return _("These buttons belong to somebody else. Use the command yourself.")
    if isinstance(error, DatabaseUnavailable):
        return _("My memory is out of reach at the moment. Please try again in a minute.")
    if isinstance(error, Unavailable):
        return _("A part of me is out of reach at the moment. Nothing was changed; please try again in a minute.")
    return None


def _explain_permissions(error: BaseException) -> str | None:
    if isinstance(error, commands.MissingPermissions | app_commands.MissingPermissions):
        return _("You need the permission: {permissions}.").format(permissions=_permissions(error.missing_permissions))
    if isinstance(error, commands.BotMissingPermissions | app_commands.BotMissingPermissions):
        return _("I need the permission: {permissions}.").format(permissions=_permissions(error.missing_permissions))
    return None


def _explain_refusal(error: BaseException) -> str | None:
    if isinstance(error, commands.CommandOnCooldown | app_commands.CommandOnCooldown):
        seconds = max(1, round(error.retry_after))
        return ngettext("Please wait {count} second.", "Please wait {count} seconds.", seconds).format(count=seconds)
    if isinstance(error, commands.NoPrivateMessage | app_commands.NoPrivateMessage):
        return _("This command works only in a server.")
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return _("This command has changed. Please try again in a minute, or restart your Discord.")
    if isinstance(error, commands.CheckFailure | app_commands.CheckFailure | commands.DisabledCommand):
        return _("You may not use this command.")
    return None


def _explain_names(error: BaseException) -> str | None:
    if isinstance(error, commands.MemberNotFound | commands.UserNotFound):
        return _("I found nobody called “{name}”. Mention them, or give their id.").format(name=error.argument[:50])
    if isinstance(error, app_commands.TransformerError) and error.type is discord.AppCommandOptionType.user:
        return _("“{name}” is not in this server.").format(name=str(error.value)[:50])
    if isinstance(error, commands.ChannelNotFound | commands.ChannelNotReadable):
        return _("I found no such channel. Mention it, or give its id.")
    if isinstance(error, commands.BadLiteralArgument):
        allowed = ", ".join(str(literal) for literal in error.literals)
        return _("“{value}” is no {setting}. Allowed: {allowed}.").format(
            value=error.argument[:50], setting=error.param.name, allowed=allowed
        )
    return None


def _explain_input(error: BaseException) -> str | None:
    if isinstance(error, commands.MissingRequiredArgument):
        return _("“{name}” is missing.").format(name=error.param.name)
    if isinstance(error, commands.TooManyArguments):
        return _("That is more than this command takes.")
    if isinstance(error, app_commands.TransformerError):
        return _("“{value}” cannot be used there.").format(value=str(error.value)[:50])
    if isinstance(error, commands.UserInputError):
        return _("I did not understand that. /help shows how the command is used.")
    return None


def _permissions(names: list[str]) -> str:
    """Permissions as Discord's own settings call them, in English where we have no word."""
    known = {"manage_guild": _("Manage Server"), "administrator": _("Administrator")}
    return ", ".join(known.get(name, name.replace("_", " ").title()) for name in names)
