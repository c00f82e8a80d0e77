"""`/level`, `/levelnews`, `/xp` and `/leveling`: levels as members and admins see them."""

import asyncio
import io
from typing import Any, Literal

import discord
import msgspec
from discord import app_commands
from discord.ext import commands

from app.bot.checks import manager_only
from app.bot.context import Context, read
from app.bot.hybrid import command, group, subcommand, subgroup
from app.community.leveling import files, queries
from app.community.leveling.card import Card, draw
from app.community.leveling.messages import bar, changed, configured, inside
from app.community.leveling.queries import Standing
from app.community.leveling.rules import progress
from app.community.leveling.views import ImportButton, offer
from app.core.errors import BadInput
from app.core.translations import _, current_language, marked, ngettext, speaking

_AVATAR_SECONDS = 1.0
_AVATAR_SIDE = 256
_FILE = "level.png"
_DARK = 40

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.CategoryChannel


class Leveling(commands.Cog):
    """Levels."""

    feature = "leveling"
    topic = marked("Levels")

    def __init__(self, bot: Any) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Answer clicks on buttons that were sent before this start."""
        self.bot.add_dynamic_items(ImportButton)

    @command(marked("/level"), marked("Show a member's level"))
    @app_commands.describe(member=marked("Whose level; yours when left out"))
    @commands.guild_only()
    async def level(self, context: Context, member: discord.Member = commands.Author) -> None:
        """Show a card with level, rank and what is missing to the next level; the text beside it says the same."""
        if member.bot:
            raise BadInput(_("{name} is a bot, and bots have no level.").format(name=_name(member)))
        if context.bot.policy.is_opted_out(context.guild_id, member.id):
            await context.say(_("{name} does not want to be recorded here.").format(name=_name(member)))
            return
        found = await read(queries.standing, context.guild_id, member.id)
        embed = _embed(member, found)
        file = None
        if context.interaction is not None or context.bot_permissions.attach_files:
            picture = await asyncio.to_thread(draw, _card(member, found, await _avatar(member)))
            file = discord.File(
                io.BytesIO(picture), _FILE, description=f"{member.display_name}: {_spoken(found)}"[:1024]
            )
            embed.set_image(url=f"attachment://{_FILE}")
        await context.say("", embed=embed, file=file, ephemeral=False)

    @command(marked("/levelnews"), marked("Hear of your new levels by direct message, or no longer"))
    @app_commands.describe(direct=marked("Whether I write you when you reach a level here"))
    @commands.guild_only()
    async def levelnews(self, context: Context, direct: bool) -> None:  # noqa: FBT001 - Discord's option.
        """Choose direct messages for oneself."""
        await context.say(await context.ask("commands.level_news", direct=direct))

    @group(marked("/xp"), marked("Change the experience of members"))
    @manager_only()
    async def xp(self, context: Context) -> None:
        """Show the newest changes (the prefix form without a subcommand)."""
        await self._history(context, None)

    @subcommand(xp, marked("/add"), marked("Give a member experience; new levels are rewarded"))
    @app_commands.describe(member=marked("Who gets it"), amount=marked("How much"))
    @manager_only()
    async def xp_add(self, context: Context, member: discord.Member, amount: int) -> None:
        """Give experience."""
        await self._change(context, "add", member, amount)

    @subcommand(xp, marked("/remove"), marked("Take experience from a member"))
    @app_commands.describe(member=marked("Who loses it"), amount=marked("How much"))
    @manager_only()
    async def xp_remove(self, context: Context, member: discord.Member, amount: int) -> None:
        """Take experience."""
        await self._change(context, "remove", member, amount)

    @subcommand(xp, marked("/set"), marked("Set the experience of a member"))
    @app_commands.describe(member=marked("Whose experience"), amount=marked("How much they are to have"))
    @manager_only()
    async def xp_set(self, context: Context, member: discord.Member, amount: int) -> None:
        """Set experience."""
        await self._change(context, "set", member, amount)

    @subcommand(xp, marked("/history"), marked("Show what admins changed"))
    @app_commands.describe(member=marked("Of whom; of everybody when left out"))
    @manager_only()
    async def xp_history(self, context: Context, member: discord.Member | None = None) -> None:
        """Show the newest changes by admins."""
        await self._history(context, member)

    @group(marked("/leveling"), marked("See and change how levels work in this server"))
    @manager_only()
    async def leveling(self, context: Context) -> None:
        """Show the multipliers and roles (the prefix form without a subcommand)."""
        await self._show(context)

    @subcommand(leveling, marked("/show"), marked("Show multipliers, channels without experience, and roles"))
    @manager_only()
    async def show(self, context: Context) -> None:
        """Show what the server chose."""
        await self._show(context)

    @subgroup(leveling, marked("/multiplier"), marked("What experience is worth, where and to whom"))
    @manager_only()
    async def multiplier(self, context: Context) -> None:
        """Show the multipliers (the prefix form without a subcommand)."""
        await self._show(context)

    @subcommand(multiplier, marked("/channel"), marked("Set what experience is worth in a channel"))
    @app_commands.describe(
        channel=marked("A channel or a category"), factor=marked("0 for none at all, 1 as usual, at most 10")
    )
    @manager_only()
    async def multiplier_channel(self, context: Context, channel: Place, factor: str) -> None:
        """Set the multiplier of a channel; 0 makes it a channel without experience."""
        answer = await context.ask("commands.level_multiplier", kind="channel", target=channel.id, factor=factor)
        await context.say(answer)

    @subcommand(multiplier, marked("/role"), marked("Set what experience is worth to those who have a role"))
    @app_commands.describe(role=marked("A role"), factor=marked("0 for none at all, 1 as usual, at most 10"))
    @manager_only()
    async def multiplier_role(self, context: Context, role: discord.Role, factor: str) -> None:
        """Set the multiplier of a role; of several the best counts."""
        answer = await context.ask("commands.level_multiplier", kind="role", target=role.id, factor=factor)
        await context.say(answer)

    @subgroup(leveling, marked("/role"), marked("Roles that come with a level"))
    @manager_only()
    async def role(self, context: Context) -> None:
        """Show the roles (the prefix form without a subcommand)."""
        await self._show(context)

    @subcommand(role, marked("/add"), marked("Give a role to everybody who reaches a level"))
    @app_commands.describe(level=marked("From which level on"), role=marked("The role"))
    @manager_only()
    async def role_add(self, context: Context, level: int, role: discord.Role) -> None:
        """Add a role, or move it to another level."""
        _check_role(context, role)
        await context.say(await context.ask("commands.level_role_add", level=level, role=role.id))

    @subcommand(role, marked("/remove"), marked("No longer give a role for a level"))
    @app_commands.describe(role=marked("The role"))
    @manager_only()
    async def role_remove(self, context: Context, role: discord.Role) -> None:
        """Take a role from its level."""
        await context.say(await context.ask("commands.level_role_drop", role=role.id))

    @subcommand(role, marked("/list"), marked("Show the roles that come with levels"))
    @manager_only()
    async def role_list(self, context: Context) -> None:
        """Show the roles."""
        await self._show(context)

    @subcommand(leveling, marked("/import"), marked("Take over levels from another bot's file; shown before it counts"))
    @app_commands.describe(
        file=marked("JSON or CSV, as MEE6, Tatsu, Arcane and I give it"),
        keep=marked("Whether members keep their level, or their experience"),
    )
    @manager_only()
    async def take_over(
        self, context: Context, file: discord.Attachment, keep: Literal["level", "xp"] = "level"
    ) -> None:
        """Read a file, show what it would do, and offer to apply it."""
        if file.size > files.MOST_BYTES:
            raise BadInput(_("The file is too large. Allowed: {most} MB.").format(most=files.MOST_BYTES // 1_000_000))
        if context.interaction is not None:
            await context.interaction.response.defer(ephemeral=True, thinking=True)
        try:
            data = await file.read()
        except discord.HTTPException:
            raise BadInput(_("Discord does not give me this file. Please send it again.")) from None
        rows = await asyncio.to_thread(_parsed, data, keep, current_language())
        answer = await context.ask("commands.level_import", keep=keep, rows=rows)
        view = offer(answer.data["import"]) if answer.state == "done" else None
        await context.say(answer, view=view)

    @subcommand(leveling, marked("/undo"), marked("Take back the newest import of levels"))
    @manager_only()
    async def undo(self, context: Context) -> None:
        """Undo an import."""
        await context.say(await context.ask("commands.level_import_undo"))

    @subcommand(leveling, marked("/export"), marked("Get the levels of this server as a file"))
    @manager_only()
    async def export(self, context: Context) -> None:
        """Give everybody's level as CSV, which can be imported again."""
        found = await read(queries.everybody, context.guild_id)
        data = await asyncio.to_thread(files.written, found)
        text = ngettext("{count} member has experience.", "{count} members have experience.", len(found))
        await context.say(text.format(count=len(found)), file=discord.File(io.BytesIO(data), "levels.csv"))

    async def _change(self, context: Context, action: str, member: discord.Member, amount: int) -> None:
        if member.bot:
            raise BadInput(_("{name} is a bot, and bots have no level.").format(name=_name(member)))
        await context.say(await context.ask("commands.xp_change", action=action, user=member.id, amount=amount))

    async def _history(self, context: Context, member: discord.Member | None) -> None:
        found = await read(queries.changes, context.guild_id, member.id if member else None)
        await context.say("\n".join(map(changed, found)) or _("No admin changed anything yet."))

    async def _show(self, context: Context) -> None:
        found = await read(queries.configuration, context.guild_id)
        await context.say(configured(found))


def _parsed(data: bytes, keep: Literal["level", "xp"], language: str) -> str:
    """The file's rows as the worker takes them; refusals are in the reader's language."""
    with speaking(language):
        return msgspec.json.encode(files.parse(data, keep)).decode()


def _check_role(context: Context, role: discord.Role) -> None:
    """Raise BadInput for a role that I could not give."""
    assert context.guild is not None, "the command is for servers only"
    if role.is_default() or role.managed:
        raise BadInput(
            _("{role} cannot be given: Discord or an integration decides who has it.").format(role=role.mention)
        )
    if role >= context.guild.me.top_role:
        raise BadInput(
            _("{role} stands above my own role, so I could not give it. Move my role up, or take another.").format(
                role=role.mention
            )
        )
    if not context.guild.me.guild_permissions.manage_roles:
        raise BadInput(_("I need the permission to manage roles first."))


def _name(whose: discord.Member) -> str:
    return discord.utils.escape_markdown(whose.display_name)


def _spoken(found: Standing) -> str:
    """The card in words."""
    level = _("Level {level}").format(level=progress(found.xp).level)
    rank = [_("rank {rank}").format(rank=found.rank)] if found.rank else []
    return ", ".join([level, *rank, inside(found.xp)])


def _embed(whose: discord.Member, found: Standing) -> discord.Embed:
    embed = discord.Embed(title=_name(whose), color=whose.color)
    embed.description = f"**{_spoken(found)}**\n`{bar(progress(found.xp).share)}`"
    return embed


def _card(whose: discord.Member, found: Standing, avatar: bytes | None) -> Card:
    color = whose.color.to_rgb() if sum(whose.color.to_rgb()) > _DARK else (88, 101, 242)
    return Card(
        name=whose.display_name,
        username=whose.name,
        xp=found.xp,
        level=_("Level {level}").format(level=progress(found.xp).level),
        rank=f"#{found.rank}" if found.rank else "",
        inside=inside(found.xp),
        avatar=avatar,
        color=color,
    )


async def _avatar(whose: discord.Member) -> bytes | None:
    """The member's picture; None where it does not come at once, and a letter is drawn instead."""
    if whose.guild_avatar is None and whose.avatar is None:
        return None
    try:
        async with asyncio.timeout(_AVATAR_SECONDS):
            return await whose.display_avatar.replace(size=_AVATAR_SIDE, static_format="png").read()
    except (discord.DiscordException, OSError, TimeoutError):
        return None


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Leveling(bot))
