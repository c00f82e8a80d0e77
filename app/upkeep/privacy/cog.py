"""`/privacy`: what is kept of a person, and their right to have less of it."""

from typing import Any

from discord import app_commands
from discord.ext import commands

from app.bot.context import Context, read
from app.bot.hybrid import group, subcommand
from app.core.errors import BadInput
from app.core.translations import _, marked
from app.upkeep.privacy import queries
from app.upkeep.privacy.views import EraseConfirmation
from app.upkeep.settings.messages import explained

_CONFIRM = "confirm"
_EVERYWHERE = "everywhere"


class Privacy(commands.Cog):
    """Privacy."""

    topic = marked("Privacy")

    @group(marked("/privacy"), marked("See and decide what I keep of you"))
    async def privacy(self, context: Context) -> None:
        """Show what is kept (the prefix form without a subcommand)."""
        await self._show(context)

    @subcommand(privacy, marked("/show"), marked("Show what I keep of you here"))
    async def show(self, context: Context) -> None:
        """Show what is kept of the person here."""
        await self._show(context)

    @subcommand(privacy, marked("/off"), marked("Stop recording me here: neither what I write nor how much"))
    async def off(self, context: Context) -> None:
        """Opt out; this process obeys before anything is stored, and goes on as before if nothing was changed."""
        policy, here = context.bot.policy, (context.guild_id, context.author.id)
        was_off = policy.is_opted_out(*here)
        with policy.hold(*here):
            answer = await context.ask("commands.privacy_off")
            if answer.state in {"refused", "expired"} and not was_off:
                policy.unblock(*here)
            else:
                policy.block(*here)
        await context.say(answer)

    @subcommand(privacy, marked("/on"), marked("Let me record you here again"))
    async def on(self, context: Context) -> None:
        """Opt in again."""
        await context.bot.settle()
        answer = await context.ask("commands.privacy_on")
        if answer.state == "done":
            context.bot.policy.unblock(context.guild_id, context.author.id)
        await context.say(answer)

    @subcommand(privacy, marked("/erase"), marked("Erase everything I have of you so far"))
    @app_commands.describe(confirmation=marked("“confirm” or “confirm everywhere” erases without asking again"))
    async def erase(self, context: Context, *, confirmation: str | None = None) -> None:
        """Ask, and erase at the second step."""
        words = (confirmation or "").lower().split()
        if not words:
            await self._ask_first(context)
            return
        if words not in ([_CONFIRM], [_CONFIRM, _EVERYWHERE]):
            raise BadInput(
                _("“{value}” confirms nothing. Write “confirm” for here, or “confirm everywhere”.").format(
                    value=(confirmation or "")[:50]
                )
            )
        scope = _EVERYWHERE if _EVERYWHERE in words else "here"
        await context.say(await context.ask("commands.privacy_erase", scope=scope))

    async def _ask_first(self, context: Context) -> None:
        text = _(
            "This erases what I have of you so far: messages, reactions, voice time, counts, everything found by"
            " search. It cannot be undone. I go on recording you unless you also say /privacy off."
        )
        if context.interaction is None:
            text += "\n" + _("To go on, write: {example}").format(
                example=f"`{context.clean_prefix}privacy erase confirm`"
            )
        view = EraseConfirmation(context.author.id, in_guild=context.guild is not None)
        await context.say(text, view=view)

    async def _show(self, context: Context) -> None:
        found = await read(queries.stored, context.guild_id, context.author.id)
        policy = context.bot.policy
        lines = [explained(policy.content_mode(context.guild_id))]
        if found.opted_out:
            lines = [_("You asked me to record nothing of you here, and I obey.")]
        counts = ", ".join(f"{_(label)}: {count}" for label, count in found.counts.items())
        lines.append(_("I have of you here: {counts}.").format(counts=counts or _("nothing")))
        lines.append(_("“/privacy off” stops it, “/privacy erase” deletes it, “/privacy on” allows it again."))
        await context.say("\n".join(lines))


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Privacy())
