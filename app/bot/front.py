"""The side of the bot that people use: commands, answers, errors, languages.

The bot keeps one `Front` as `bot.front` (beside `bot.policy` and `bot.publisher`), passes `tree_cls=Tree` (see
app.bot.errors) and `prefix` to its constructor, makes contexts of class app.bot.context.Context, awaits `start` in
its setup hook, `sync` after the cogs are loaded, and `close` when it stops.
"""

from typing import Any

import discord
from discord.ext import commands

from app.bot import errors
from app.bot.checks import is_switched_on
from app.bot.sync import sync_commands
from app.bot.translations import Translator, language_of
from app.core.answers import AnswerBoard
from app.core.translations import set_language


class Front:
    """What all commands share in one bot process."""

    def __init__(self, bot: Any) -> None:
        self._bot = bot
        self.answers = AnswerBoard()

    async def start(self) -> None:
        """Listen for answers, and check and translate every command."""
        self.answers.start()
        self._bot.add_check(_choose_language, call_once=True)
        self._bot.add_check(is_switched_on)
        self._bot.add_listener(errors.tell, "on_command_error")
        await self._bot.tree.set_translator(Translator())

    async def sync(self) -> bool:
        """Tell Discord the commands if they changed; needs the application's id, so it comes after the login."""
        return await sync_commands(self._bot.tree, self._bot.application_id)

    async def close(self) -> None:
        """Stop listening."""
        await self.answers.close()


def prefix(bot: Any, message: discord.Message) -> list[str]:
    """What a command in this message may begin with: the guild's prefix, or a mention of the bot."""
    return commands.when_mentioned_or(bot.policy.prefix(message.guild.id if message.guild else 0))(bot, message)


async def _choose_language(context: commands.Context[Any]) -> bool:
    set_language(language_of(context))
    return True
