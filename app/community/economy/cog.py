"""`/balance`, `/transfer`, `/history` and `/economy`: coins and where they went."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.checks import manager_only
from app.bot.context import Context, read, read_within
from app.bot.hybrid import command, group, subcommand
from app.bot.numbers import Whole
from app.community.economy import queries
from app.community.economy.messages import audited, coins
from app.community.economy.rules import checked
from app.community.economy.views import HistoryButton, history_page
from app.core.errors import BadInput
from app.core.translations import _, marked

# An audit reads the whole ledger of the guild.
_AUDIT_SECONDS = 30.0
_NOBODY = discord.AllowedMentions.none()


class Economy(commands.Cog):
    """Coins, which have no value outside this server."""

    feature = "economy"
    topic = marked("Coins and items")

    def __init__(self, bot: Any) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Answer the clicks on pages that were sent before this start."""
        self.bot.add_dynamic_items(HistoryButton)

    @command(marked("/balance"), marked("Show how many coins a member has"))
    @app_commands.describe(member=marked("Whose coins; yours when left out"))
    @commands.guild_only()
    async def balance(self, context: Context, member: discord.Member = commands.Author) -> None:
        """Show a balance."""
        name = discord.utils.escape_markdown(member.display_name)
        if member.bot:
            raise BadInput(_("{user} is a bot, and bots have no coins.").format(user=name))
        if context.bot.policy.is_opted_out(context.guild_id, member.id):
            await context.say(_("{name} does not want to be recorded here.").format(name=name))
            return
        found = await read(queries.balance, context.guild_id, member.id)
        await context.say(_("🪙 **{name}** has {coins}.").format(name=name, coins=coins(found)), ephemeral=False)

    @command(marked("/transfer"), marked("Give another member coins of yours"))
    @app_commands.describe(member=marked("Who gets them"), amount=marked("How many coins"))
    @commands.guild_only()
    async def transfer(self, context: Context, member: discord.Member, amount: Whole) -> None:
        """Give coins; everybody may see a gift, and only the giver a refusal."""
        answer = await context.ask("commands.transfer", member=member.id, amount=checked(amount))
        await context.say(answer)
        if answer.state == "done" and context.interaction is not None:
            text = _("🪙 {giver} gave {user} {coins}.").format(
                giver=context.author.mention, user=member.mention, coins=coins(amount)
            )
            await context.interaction.followup.send(text, allowed_mentions=_NOBODY)

    @command(marked("/history"), marked("Show where your coins came from and where they went"))
    @commands.guild_only()
    async def history(self, context: Context) -> None:
        """Show the newest movements, with a way to the older ones."""
        text, view = await history_page(context.guild_id, context.author.id)
        await context.say(text, view=view)

    @group(marked("/economy"), marked("Look after the coins of this server"))
    @manager_only()
    async def economy(self, context: Context) -> None:
        """Audit (the prefix form without a subcommand)."""
        await self._audit(context)

    @subcommand(economy, marked("/audit"), marked("Check that every balance is the sum of its entries"))
    @manager_only()
    async def audit(self, context: Context) -> None:
        """Check this server's ledger."""
        await self._audit(context)

    @subcommand(economy, marked("/set"), marked("Set how many coins a member has"))
    @app_commands.describe(member=marked("Whose coins"), amount=marked("How many coins"))
    @manager_only()
    async def set_balance(self, context: Context, member: discord.Member, amount: Whole) -> None:
        """Set a balance."""
        await self._change(context, "set", member, checked(amount, low=0))

    @subcommand(economy, marked("/give"), marked("Give a member coins from nowhere"))
    @app_commands.describe(member=marked("Whose coins"), amount=marked("How many coins"))
    @manager_only()
    async def give(self, context: Context, member: discord.Member, amount: Whole) -> None:
        """Make coins."""
        await self._change(context, "give", member, checked(amount))

    @subcommand(economy, marked("/take"), marked("Take coins from a member, for nobody"))
    @app_commands.describe(member=marked("Whose coins"), amount=marked("How many coins"))
    @manager_only()
    async def take(self, context: Context, member: discord.Member, amount: Whole) -> None:
        """Burn coins."""
        await self._change(context, "take", member, checked(amount))

    async def _change(self, context: Context, how: str, member: discord.Member, amount: int) -> None:
        await context.say(await context.ask(f"commands.economy_{how}", member=member.id, amount=amount))

    async def _audit(self, context: Context) -> None:
        await context.defer(ephemeral=True)
        await context.say(audited(await read_within(_AUDIT_SECONDS, queries.audit, context.guild_id)))


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Economy(bot))
