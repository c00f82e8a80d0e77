"""Which language a person reads, and the names of application commands in Discord's languages."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.core.translations import DEFAULT_LANGUAGE, LANGUAGES, choose, translated

_COMMANDS = frozenset(
    {app_commands.TranslationContextLocation.command_name, app_commands.TranslationContextLocation.group_name}
)

Source = discord.Interaction[Any] | commands.Context[Any]


class Translator(app_commands.Translator):
    """Gives Discord the names and descriptions of commands in every language there is a catalogue for."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """The string in that language, or None, for which Discord shows the English one."""
        language = choose(locale.value)
        if language == DEFAULT_LANGUAGE:
            return None
        if context.location in _COMMANDS:
            return localized_name(string.message, language)
        return translated(string.message, language)


def localized_name(name: str, language: str) -> str | None:
    """A command's name in that language; the catalogues know it with its slash."""
    found = translated(f"/{name}", language)
    return found.removeprefix("/") if found else None


def other_names(name: str) -> list[str]:
    """What the other languages call this command, where that is another word."""
    found = {localized_name(name, language) for language in LANGUAGES if language != DEFAULT_LANGUAGE}
    return sorted(word for word in found if word and word != name)


def language_of(source: Source) -> str:
    """The language to answer in: the person's choice, then their Discord's (for slash commands), then the guild's."""
    interaction = source if isinstance(source, discord.Interaction) else source.interaction
    author = source.user if isinstance(source, discord.Interaction) else source.author
    client = source.client if isinstance(source, discord.Interaction) else source.bot
    guild = source.guild
    return choose(
        client.policy.data.languages.get(author.id),
        interaction.locale.value if interaction else None,
        client.policy.data.locales.get(guild.id) if guild else None,
        guild.preferred_locale.value if guild else None,
    )
