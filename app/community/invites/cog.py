"""`/invites` and `/topinvites`: who brought whom."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.context import Context, read
from app.bot.hybrid import command
from app.community.invites import queries
from app.community.invites.queries import Invited
from app.core.translations import _, marked, ngettext

_MEDALS = ("🥇", "🥈", "🥉")


class Invites(commands.Cog):
    """Invites."""

    feature = "invites"
    topic = marked("Invites")

    @command(marked("/invites"), marked("Show whom a member's invites brought"))
    @app_commands.describe(member=marked("Whose invites; yours when left out"))
    @commands.guild_only()
    async def invites(self, context: Context, member: discord.Member = commands.Author) -> None:
        """Show how many a member's invites brought, how many of them left, and who invited the member."""
        found = await read(queries.invited, context.guild_id, member.id)
        await context.say("", embed=_embed(context, member, found), ephemeral=False)

    @command(marked("/topinvites"), marked("Show whose invites brought the most people"))
    @commands.guild_only()
    async def topinvites(self, context: Context) -> None:
        """Show the ten members whose invites brought the most."""
        rows = await read(queries.top, context.guild_id)
        lines = [
            f"{_MEDALS[place] if place < len(_MEDALS) else f'{place + 1}.'} <@{user}> · **{count}**"
            for place, (user, count) in enumerate(rows)
        ]
        embed = discord.Embed(
            title=_("Invites"), description="\n".join(lines) or _("Nobody was invited yet.") + _hint(context)
        )
        await context.say("", embed=embed, ephemeral=False)


def _embed(context: Context, whose: discord.Member, found: Invited) -> discord.Embed:
    embed = discord.Embed(title=discord.utils.escape_markdown(whose.display_name), color=whose.color)
    total = ngettext("{count} person invited", "{count} people invited", found.valid).format(count=found.valid)
    embed.description = f"**{total}**{_hint(context)}"
    embed.add_field(name=_("Not here long enough yet"), value=str(found.pending))
    embed.add_field(name=_("Left again"), value=str(found.gone))
    embed.add_field(name=_("Account too new"), value=str(found.young))
    if found.invited_by:
        embed.add_field(name=_("Invited by"), value=f"<@{found.invited_by}>", inline=False)
    embed.set_thumbnail(url=whose.display_avatar.url)
    return embed


def _hint(context: Context) -> str:
    """What keeps the bot from seeing invites, where something does."""
    if context.guild is None or context.guild.me.guild_permissions.manage_guild:
        return ""
    return "\n" + _("I cannot see which invites are used: allow me to manage the server.")


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Invites())
