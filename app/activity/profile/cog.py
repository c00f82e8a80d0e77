"""`/profile`: what a member did in this server."""

from datetime import datetime
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.activity.profile import queries
from app.activity.profile.queries import Profile
from app.bot.context import Context, read
from app.bot.hybrid import command
from app.core.translations import _, marked, ngettext


class ProfileCog(commands.Cog, name="Profile"):
    """Profiles."""

    feature = "profile"
    topic = marked("Members")

    @command(marked("/profile"), marked("Show what a member did in this server"))
    @app_commands.describe(member=marked("Whose profile; yours when left out"))
    @commands.guild_only()
    async def profile(self, context: Context, member: discord.Member = commands.Author) -> None:
        """Show a member's messages and the last one's time, active days, voice time, and since when they are known."""
        if context.bot.policy.is_opted_out(context.guild_id, member.id):
            await context.say(_("{name} does not want to be recorded here.").format(name=_name(member)))
            return
        found = await read(queries.profile, context.guild_id, member.id)
        if found is None:
            await context.say(_("I know nothing of {name} here yet.").format(name=_name(member)))
            return
        await context.say("", embed=_embed(member, found), ephemeral=False)


def _embed(whose: discord.Member, found: Profile) -> discord.Embed:
    embed = discord.Embed(title=_name(whose), color=whose.color)
    embed.add_field(name=_("Messages"), value=f"{found.messages:,}".replace(",", "\u202f"))
    embed.add_field(name=_("Active days"), value=str(found.active_days))
    embed.add_field(name=_("Voice time"), value=duration(found.voice_seconds))
    if found.last_message_at:
        embed.add_field(name=_("Last message"), value=discord.utils.format_dt(found.last_message_at, "R"))
    embed.add_field(name=_("First seen"), value=_date(found.first_seen))
    if found.joined_at:
        embed.add_field(name=_("Joined"), value=_date(found.joined_at))
    embed.set_thumbnail(url=whose.display_avatar.url)
    return embed


def _name(whose: discord.Member) -> str:
    return discord.utils.escape_markdown(whose.display_name)


def _date(moment: datetime | None) -> str:
    """A moment as Discord shows it to each reader, in their own time zone."""
    return discord.utils.format_dt(moment, "D") if moment else "?"


def duration(seconds: int) -> str:
    """A time span in hours and minutes."""
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(ProfileCog())
