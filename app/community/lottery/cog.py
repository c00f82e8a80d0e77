"""`/lottery`: tickets, the jackpot, and the proof that a draw was fair."""

from datetime import date
from typing import Any

from discord import app_commands
from discord.ext import commands

from app.bot.checks import manager_only
from app.bot.context import Context, read
from app.bot.hybrid import group, subcommand
from app.bot.numbers import Whole
from app.community.economy.rules import checked as checked_coins
from app.community.lottery import messages, queries
from app.community.lottery.rules import checked
from app.core.errors import BadInput, Refused
from app.core.translations import _, marked


class Lottery(commands.Cog):
    """The lottery."""

    feature = "lottery"
    topic = marked("Lottery")

    @group(marked("/lottery"), marked("A draw every Sunday"))
    @commands.guild_only()
    async def lottery(self, context: Context) -> None:
        """Show the draw to come (the prefix form without a subcommand)."""
        await context.say(await context.ask("commands.lottery_show"))

    @subcommand(lottery, marked("/buy"), marked("Buy tickets for the next draw"))
    @app_commands.describe(count=marked("How many tickets, 1 to 100"))
    @commands.guild_only()
    async def buy(self, context: Context, count: Whole = 1) -> None:
        """Buy tickets."""
        await context.say(await context.ask("commands.lottery_buy", count=checked(count)))

    @subcommand(lottery, marked("/tickets"), marked("Show your tickets for the next draw"))
    @commands.guild_only()
    async def tickets(self, context: Context) -> None:
        """Show one's own tickets."""
        await context.say(messages.own(await read(queries.tickets, context.guild_id, context.author.id)))

    @subcommand(lottery, marked("/jackpot"), marked("Show the jackpot and when it is drawn"))
    @commands.guild_only()
    async def jackpot(self, context: Context) -> None:
        """Show the draw to come."""
        await context.say(await context.ask("commands.lottery_show"))

    @subcommand(lottery, marked("/verify"), marked("Show how to check a draw that took place"))
    @app_commands.describe(day=marked("The Sunday of the draw, such as 2026-03-29; the last one when left out"))
    @commands.guild_only()
    async def verify(self, context: Context, day: str | None = None) -> None:
        """Show seed, hash and ticket of a draw."""
        draw = await read(queries.last_draw, context.guild_id, _day(day) if day else None)
        if draw is None:
            raise Refused(_("There was no such draw here."))
        await context.say(messages.proof(draw))

    @subcommand(lottery, marked("/set"), marked("Set the jackpot"))
    @app_commands.describe(amount=marked("How many coins"))
    @manager_only()
    async def set_jackpot(self, context: Context, amount: Whole) -> None:
        """Set the jackpot."""
        await context.say(await context.ask("commands.lottery_set", amount=checked_coins(amount, low=0)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(
            _("“{value}” is no day. Write it like this: {example}.").format(value=text[:50], example="2026-03-29")
        ) from None


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Lottery())
