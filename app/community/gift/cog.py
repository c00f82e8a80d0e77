"""`/gift`: some coins a day."""

from typing import Any

from discord.ext import commands

from app.bot.context import Context
from app.bot.hybrid import command
from app.core.translations import marked


class Gift(commands.Cog):
    """The daily gift."""

    feature = "economy"
    topic = marked("Coins and items")

    @command(marked("/gift"), marked("Take your coins of the day"))
    @commands.guild_only()
    async def gift(self, context: Context) -> None:
        """Take the daily gift."""
        await context.say(await context.ask("commands.gift"))


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Gift())
