"""`/setup`, `/settings` and `/language`: what a guild and a person choose."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.checks import manager_only
from app.bot.context import Context, read
from app.bot.hybrid import command, group, subcommand
from app.core.errors import BadInput
from app.core.policy import with_language
from app.core.translations import LANGUAGES, _, marked
from app.upkeep.settings import queries, rules
from app.upkeep.settings.messages import effective
from app.upkeep.settings.rules import SETTINGS, Setting
from app.upkeep.settings.views import SettingModal, SetupPanel, panel_text, set_one

# Discord shows at most this many suggestions.
_SUGGESTIONS = 25
_LONGEST_NAME = 100


class Settings(commands.Cog):
    """Settings."""

    topic = marked("Settings")

    def __init__(self, bot: Any) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Answer the clicks on panels that were sent before this start."""
        self.bot.add_view(SetupPanel())

    @command(marked("/setup"), marked("Set me up for this server"))
    @manager_only()
    async def setup(self, context: Context) -> None:
        """Show the panel of an admin's first minute."""
        settings = await read(queries.load, context.guild_id)
        await context.say(panel_text(settings), view=SetupPanel(settings))

    @group(marked("/settings"), marked("See and change the settings of this server"))
    @manager_only()
    async def settings(self, context: Context) -> None:
        """Show the settings (the prefix form without a subcommand)."""
        await self._show(context, None)

    @subcommand(settings, marked("/show"), marked("Show the settings of this server"))
    @app_commands.describe(group=marked("The options of one feature; the general settings when left out"))
    @manager_only()
    async def show(self, context: Context, group: str | None = None) -> None:
        """Show settings with their values and what they are for."""
        await self._show(context, group)

    @show.autocomplete("group")
    async def _complete_group(
        self, _interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in rules.GROUPS if typed.lower() in name]

    @subcommand(settings, marked("/set"), marked("Change a setting of this server"))
    @app_commands.describe(
        key=marked("Which setting"), value=marked("The new value; leave it out to write it in a window")
    )
    @manager_only()
    async def change(self, context: Context, key: str, *, value: str | None = None) -> None:
        """Change one setting; without a value, the slash form opens a modal."""
        setting = rules.find(key)
        if value is None:
            await self._ask_for_value(context, setting)
            return
        await context.say(await set_one(context, setting, value))

    @change.autocomplete("key")
    async def _complete_key(self, _interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=f"{key}: {_(setting.about)}"[:_LONGEST_NAME], value=key)
            for key, setting in SETTINGS.items()
            if typed.lower() in key
        ][:_SUGGESTIONS]

    @change.autocomplete("value")
    async def _complete_value(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        setting = SETTINGS.get(str(getattr(interaction.namespace, "key", "")).lower())
        if setting is None:
            return []
        found = [app_commands.Choice(name=value, value=value) for value in rules.choices(setting)]
        if rules.names_channel(setting) and interaction.guild:
            channels = interaction.guild.text_channels
            found = [app_commands.Choice(name=f"#{c.name}"[:_LONGEST_NAME], value=str(c.id)) for c in channels] + found
        return [choice for choice in found if typed.lower() in choice.name.lower()][:_SUGGESTIONS]

    @command(marked("/language"), marked("Choose the language I speak to you"))
    @app_commands.describe(language=marked("A language, or auto for the one of your Discord"))
    async def language(self, context: Context, language: str) -> None:
        """Choose one's own language."""
        answer = await context.ask("commands.language_set", language=language)
        if answer.state == "done":
            policy = context.bot.policy
            policy.data = with_language(policy.data, context.author.id, answer.data["language"])
        await context.say(answer)

    @language.autocomplete("language")
    async def _complete_language(
        self, _interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        offered = {**LANGUAGES, "auto": _("the language of your Discord")}
        return [
            app_commands.Choice(name=name, value=code)
            for code, name in offered.items()
            if typed.lower() in f"{code} {name}".lower()
        ]

    async def _show(self, context: Context, group: str | None) -> None:
        shown = rules.group(group)
        settings = await read(queries.load, context.guild_id)
        lines = [f"**{setting.key}**: {effective(settings, setting)} - {_(setting.about)}" for setting in shown]
        if group is None:
            groups = ", ".join(f"`{name}`" for name in rules.GROUPS)
            lines.append(
                _("Features have options of their own: /settings show with one of {groups}.").format(groups=groups)
            )
        await context.say("\n".join(lines))

    async def _ask_for_value(self, context: Context, setting: Setting) -> None:
        if context.interaction is None:
            raise BadInput(_("Say the new value too, for example: {example}").format(example=_example(setting)))
        await context.interaction.response.send_modal(SettingModal(setting))


def _example(setting: Setting) -> str:
    value = (rules.choices(setting) or ["?"])[0]
    return f"`settings set {setting.key} {value}`"


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Settings(bot))
