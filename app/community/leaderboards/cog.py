"""`/leaderboard`: who has the most."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.checks import SwitchedOff, is_off
from app.bot.context import Context
from app.bot.hybrid import command
from app.community.leaderboards.rules import BOARDS, Board, board_of, page_of
from app.community.leaderboards.views import PageButton, page
from app.core.translations import _, marked


class Leaderboards(commands.Cog):
    """Leaderboards."""

    topic = marked("Leaderboards")

    def __init__(self, bot: Any) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Answer the clicks on leaderboards that were shown before this start."""
        self.bot.add_dynamic_items(PageButton)

    @command(marked("/leaderboard"), marked("Show who has the most"))
    @app_commands.describe(board=marked("Which leaderboard"), number=marked("Which page"))
    @app_commands.rename(number="page")
    @commands.guild_only()
    async def leaderboard(self, context: Context, board: str = "coins", number: int = 1) -> None:
        """Show one page of a board as a picture, with one's own place; the text beside it says the same."""
        chosen = board_of(board)
        self._require_on(context, chosen)
        has_picture = context.interaction is not None or context.bot_permissions.attach_files
        shown = await page(context.guild_id, context.author.id, chosen, page_of(number), has_picture=has_picture)
        await context.say("", embed=shown.embed, view=shown.view, file=shown.file, ephemeral=False)

    @leaderboard.autocomplete("board")
    async def _complete(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=_(board.title), value=board.name)
            for board in BOARDS.values()
            if not is_off(self.bot, interaction.guild_id, board.feature)
            and typed.lower() in f"{board.name} {_(board.title)} {' '.join(board.words)}".lower()
        ]

    def _require_on(self, context: Context, board: Board) -> None:
        if is_off(self.bot, context.guild_id, board.feature):
            raise SwitchedOff(board.feature or "")


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Leaderboards(bot))
