"""`/giveaway`: prizes that are drawn among those who join."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.checks import manager_only
from app.bot.context import Context, read
from app.bot.hybrid import group, subcommand
from app.community.giveaways import queries
from app.community.giveaways.messages import prize_of, shown
from app.community.giveaways.rules import MOST_WINNERS, commitment
from app.community.giveaways.views import JoinButton, LeaveButton
from app.core.errors import BadInput
from app.core.translations import _, marked

_LONGEST_CHOICE = 100
# More ids than this do not fit into a message.
_MOST_SHOWN = 50


class Giveaways(commands.Cog):
    """Giveaways."""

    feature = "giveaways"
    topic = marked("Giveaways")

    def __init__(self, bot: Any) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Answer the clicks on giveaways that began before this start."""
        self.bot.add_dynamic_items(JoinButton, LeaveButton)

    @group(marked("/giveaway"), marked("Prizes that are drawn among those who join"))
    @commands.guild_only()
    async def giveaway(self, context: Context) -> None:
        """Show the giveaways (the prefix form without a subcommand)."""
        await self._list(context)

    @subcommand(giveaway, marked("/create"), marked("Begin a giveaway in this channel"))
    @app_commands.describe(
        duration=marked("How long people can join, such as 90m, 2h or 1d 12h"),
        winners=marked("How many win"),
        prize=marked("For each winner: 500 coins, 2 treasure, or what you hand over yourself"),
        title=marked("What it is called"),
    )
    @manager_only()
    async def create(
        self, context: Context, duration: str, winners: commands.Range[int, 1, MOST_WINNERS], prize: str, *, title: str
    ) -> None:
        """Begin a giveaway."""
        answer = await context.ask(
            "commands.giveaway_create", duration=duration, winners=winners, prize=prize, title=title
        )
        await context.say(answer)

    @subcommand(giveaway, marked("/list"), marked("Show the giveaways that are open"))
    @commands.guild_only()
    async def show(self, context: Context) -> None:
        """Show the open giveaways with their ids."""
        await self._list(context)

    @subcommand(giveaway, marked("/end"), marked("Draw the winners now"))
    @app_commands.describe(giveaway=marked("Which giveaway"))
    @manager_only()
    async def end(self, context: Context, giveaway: str) -> None:
        """Draw now."""
        await context.say(await context.ask("commands.giveaway_end", giveaway=giveaway))

    @subcommand(giveaway, marked("/cancel"), marked("End a giveaway without winners"))
    @app_commands.describe(giveaway=marked("Which giveaway"))
    @manager_only()
    async def cancel(self, context: Context, giveaway: str) -> None:
        """End it without winners."""
        await context.say(await context.ask("commands.giveaway_cancel", giveaway=giveaway))

    @subcommand(giveaway, marked("/reroll"), marked("Draw one more winner"))
    @app_commands.describe(giveaway=marked("The id of a giveaway that has ended"))
    @manager_only()
    async def reroll(self, context: Context, giveaway: str) -> None:
        """Draw one more winner."""
        await context.say(await context.ask("commands.giveaway_reroll", giveaway=giveaway))

    @subcommand(giveaway, marked("/verify"), marked("Check that a draw was fair"))
    @app_commands.describe(giveaway=marked("The id of a giveaway that has ended"))
    @commands.guild_only()
    async def verify(self, context: Context, giveaway: str) -> None:
        """Repeat the draw from the revealed seed, and show what anybody needs to do the same."""
        if not (giveaway.isascii() and giveaway.isdigit() and int(giveaway[:20]) < 1 << 63):
            raise BadInput(_("There is no giveaway with this id here that has ended."))
        proof = await read(queries.proof, context.guild_id, int(giveaway))
        verdict = _("The winners follow from the seed.") if proof.is_right else _("The winners do not follow from it.")
        lines = [
            f"{'✅' if proof.is_right else '❌'} {verdict}",
            _("Seed: {seed}").format(seed=f"`{proof.giveaway.seed.hex()}`"),
            _("Its SHA-256, as published before: {hash}").format(hash=f"`{commitment(proof.giveaway.seed)}`"),
            _("Whoever's HMAC-SHA256 (key: the seed, message: the id) is lowest wins first."),
            _("Joined: {ids}").format(ids=_ids(proof.joined)),
            _("Winners: {ids}").format(ids=_ids(proof.winners)),
        ]
        await context.say("\n".join(lines))

    @end.autocomplete("giveaway")
    @cancel.autocomplete("giveaway")
    async def _complete(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        found = await read(queries.active, interaction.guild_id or 0)
        return [
            app_commands.Choice(name=one.title[:_LONGEST_CHOICE], value=str(one.id))
            for one in found
            if typed.lower() in f"{one.title} {one.id}".lower()
        ]

    async def _list(self, context: Context) -> None:
        found = await read(queries.active, context.guild_id)
        lines = [
            f"`{one.id}` **{discord.utils.escape_markdown(one.title)}** · {shown(prize_of(one))}"
            f" · {discord.utils.format_dt(one.ends_at, 'R')}"
            for one in found
        ]
        await context.say("\n".join(lines) or _("No giveaway is open."))


def _ids(users: list[int]) -> str:
    shown_ids = ", ".join(f"`{user}`" for user in users[:_MOST_SHOWN])
    return (shown_ids + ("…" if len(users) > _MOST_SHOWN else "")) or _("none")


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Giveaways(bot))
