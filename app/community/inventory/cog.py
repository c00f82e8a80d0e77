"""`/bag`, `/treasure` and `/inventory`: what members have besides coins."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.checks import manager_only
from app.bot.context import Context, read
from app.bot.hybrid import command, group, subcommand
from app.bot.numbers import Whole
from app.community.inventory import queries
from app.community.inventory.messages import bag_text
from app.community.inventory.rules import ITEMS, NAMES, checked, item_of
from app.community.inventory.views import BagButton, bag_view
from app.core.errors import BadInput
from app.core.translations import _, marked


class Inventory(commands.Cog):
    """Bags."""

    feature = "economy"
    topic = marked("Coins and items")

    def __init__(self, bot: Any) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Answer the clicks on bags that were shown before this start."""
        self.bot.add_dynamic_items(BagButton)

    @command(marked("/bag"), marked("Look into your bag, open treasures, use multipliers"))
    @commands.guild_only()
    async def bag(self, context: Context) -> None:
        """Show one's own bag."""
        found = await read(queries.bag, context.guild_id, context.author.id)
        await context.say(bag_text(context.author.id, found), view=bag_view(context.author.id, found))

    @command(marked("/treasure"), marked("Open a treasure of yours"))
    @commands.guild_only()
    async def treasure(self, context: Context) -> None:
        """Open one treasure, without looking into the bag first."""
        await context.say(await context.ask("commands.bag_use", item="jackpot"))

    @group(marked("/inventory"), marked("Look after the bags of members"))
    @manager_only()
    async def inventory(self, _context: Context) -> None:
        """Refuse (the prefix form without a subcommand)."""
        raise BadInput(_("Say what to do: {actions}.").format(actions="give, take, show"))

    @subcommand(inventory, marked("/show"), marked("Look into a member's bag"))
    @app_commands.describe(member=marked("Whose bag"))
    @manager_only()
    async def show(self, context: Context, member: discord.Member) -> None:
        """Show somebody's bag, without its buttons."""
        await context.say(bag_text(member.id, await read(queries.bag, context.guild_id, member.id)))

    @subcommand(inventory, marked("/give"), marked("Put items into a member's bag"))
    @app_commands.describe(member=marked("Whose bag"), item=marked("Which item"), quantity=marked("How many"))
    @manager_only()
    async def give(self, context: Context, member: discord.Member, item: str, quantity: Whole = 1) -> None:
        """Give items."""
        await self._change(context, "give", member, item, quantity)

    @subcommand(inventory, marked("/take"), marked("Take items out of a member's bag"))
    @app_commands.describe(member=marked("Whose bag"), item=marked("Which item"), quantity=marked("How many"))
    @manager_only()
    async def take(self, context: Context, member: discord.Member, item: str, quantity: Whole = 1) -> None:
        """Take items."""
        await self._change(context, "take", member, item, quantity)

    @give.autocomplete("item")
    @take.autocomplete("item")
    async def _complete_item(
        self, _interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=_(NAMES[item]), value=item)
            for item in ITEMS
            if typed.lower() in f"{item} {_(NAMES[item])}".lower()
        ]

    async def _change(self, context: Context, how: str, member: discord.Member, item: str, quantity: int) -> None:
        answer = await context.ask(
            f"commands.inventory_{how}", member=member.id, item=item_of(item), quantity=checked(quantity)
        )
        await context.say(answer)


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Inventory(bot))
