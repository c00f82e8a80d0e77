"""`/help` and `/ping`: about the bot itself."""

import asyncio
import time
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.context import Context, read
from app.bot.help import described, form, is_usable, usable, written
from app.bot.hybrid import command
from app.core.errors import BadInput, DatabaseUnavailable
from app.core.translations import _, marked
from app.upkeep.about import queries
from app.upkeep.about.views import TopicMenu, overview

_PATIENCE_SECONDS = 2.0
_SUGGESTIONS = 25


class About(commands.Cog):
    """About the bot."""

    topic = marked("About me")

    def __init__(self, bot: Any) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Answer choices in help that was shown before this start."""
        self.bot.add_dynamic_items(TopicMenu)

    @command(marked("/help"), marked("Show what you can do here"))
    @app_commands.rename(name="command")
    @app_commands.describe(name=marked("One command, to see how it is used"))
    async def show_help(self, context: Context, *, name: str | None = None) -> None:
        """List the commands that the reader may use, or explain one of them."""
        if name is None:
            embed, view = await overview(context, context.author.id, form(context))
            await context.say("", embed=embed, view=view)
            return
        found = context.bot.get_command(name.strip().removeprefix("/").lower())
        if found is None or not await is_usable(context, found):
            known = ", ".join(one.qualified_name for one in await usable(context))
            raise BadInput(
                _("There is no command “{name}” for you here. There are: {names}.").format(name=name[:50], names=known)
            )
        await context.say("\n".join([f"**{written(found, form(context))}**", described(found), *_parameters(found)]))

    @show_help.autocomplete("name")
    async def _complete_name(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        context: Context = await interaction.client.get_context(interaction)
        names = [found.qualified_name for found in await usable(context)]
        return [app_commands.Choice(name=name, value=name) for name in names if typed.lower() in name][:_SUGGESTIONS]

    @command(marked("/ping"), marked("Show how fast I am at the moment"))
    async def ping(self, context: Context) -> None:
        """Show the times of the gateway, the queue (there and back, through a worker) and the database."""
        start = time.perf_counter()
        answer = await context.ask("commands.ping", within=_PATIENCE_SECONDS)
        queue = (time.perf_counter() - start) * 1000
        lines = {
            _("Gateway"): _milliseconds(context.bot.latency * 1000),
            _("Queue"): _milliseconds(queue) if answer.state == "done" else _("no answer"),
            _("Database"): await _database(),
        }
        await context.say("🏓 " + " · ".join(f"{name}: **{value}**" for name, value in lines.items()))


async def _database() -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return _milliseconds(await read(queries.database_milliseconds))
    except (DatabaseUnavailable, TimeoutError):
        return _("no answer")


def _milliseconds(value: float) -> str:
    # Before the first heartbeat discord.py knows no latency and says NaN or infinity.
    return _("{number} ms").format(number=f"{value:.0f}" if value < 1e6 else "?")  # noqa: PLR2004


def _parameters(found: "commands.Command[Any, ..., Any]") -> list[str]:
    """One line for each thing that the command takes."""
    application: Any = getattr(found, "app_command", None)
    if application is None or isinstance(application, app_commands.Group):
        return []
    return [f"`{parameter.display_name}`: {_(str(parameter.description))}" for parameter in application.parameters]


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(About(bot))
