"""`/search`: messages of this server by their words and by their meaning."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.context import Context, read, read_within
from app.bot.hybrid import command
from app.core.errors import BadInput
from app.core.translations import _, marked
from app.knowledge.search import queries, records, tags
from app.knowledge.search.filters import Filters
from app.knowledge.search.queries import Viewer
from app.knowledge.search.views import BATCH, PATIENCE_SECONDS, Results, record_embed, scope

QUESTION_MAX = 500
_RECORDS = 6
# As many as Discord shows.
_SUGGESTIONS = 25
_TAG_MAX = 80

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Source = Literal["messages", "logs", "summaries"]


class Search(commands.Cog):
    """Searching messages."""

    feature = "search"
    topic = marked("Search")

    @command(
        marked("/search"), marked("Find earlier messages by their words or by what they are about"), usage="<question>"
    )
    @app_commands.rename(question="for")
    @app_commands.describe(
        question=marked("What you are looking for, in your own words"),
        author=marked("Only what this person wrote"),
        channel=marked("Only what was written there"),
        when=marked("Only these days: yesterday, last week, since 3 May, May 2023"),
        file=marked("Only messages with a file, or only those without"),
        source=marked("Messages, or what is kept of whole days of a channel: their logs or their summaries"),
        tag=marked("Only what is in posts of a forum with this tag"),
    )
    async def search(
        self,
        context: Context,
        *,
        question: str,
        author: discord.User | None = None,
        channel: Place | None = None,
        when: commands.Range[str, 1, 80] | None = None,
        file: bool | None = None,
        source: Source | None = None,
        tag: commands.Range[str, 1, _TAG_MAX] | None = None,
    ) -> None:
        """Find messages in the channels that the reader may read.

        The slash form answers the reader alone. The prefix form is seen by everybody in its channel, so it searches
        that channel alone; it takes everything behind it as the question, and has no filters.
        """
        asked = _checked(question)
        everywhere = context.interaction is not None or context.guild is None
        await context.defer(ephemeral=True)
        guild_id, channels = scope(context, context.author)
        if not everywhere:
            channels = [channel for channel in channels if channel == context.channel.id]
        filters = Filters(
            authors=frozenset({author.id} if author else ()),
            channels=frozenset({channel.id} if channel else ()),
            has_attachment=file,
            source=source,
        )
        if tag is not None:
            filters = await read(tags.tagged, guild_id, channels, filters, tag)
        if when is not None:
            filters = await read(queries.between, guild_id, filters, when)
        viewer = Viewer(context.author.id, tuple(channels))
        if filters.section is not None:
            await self._days(context, guild_id, viewer, asked, filters)
            return
        found = await read_within(PATIENCE_SECONDS, queries.find, guild_id, viewer, asked, filters, limit=BATCH)
        if not found.message_ids:
            await context.say(_nothing(context, guild_id, filters))
            return
        view = Results(asked, filters, found, context.author.id, everywhere=everywhere)
        await context.say("", embed=await view.embed(context, context.author), view=view)

    @search.autocomplete("tag")
    async def _complete(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        found = await read(tags.names, *scope(interaction, interaction.user), typed)
        return [app_commands.Choice(name=name, value=name) for name in found if len(name) <= _TAG_MAX][:_SUGGESTIONS]

    async def _days(self, context: Context, guild_id: int, viewer: Viewer, asked: str, filters: Filters) -> None:
        found = await read_within(PATIENCE_SECONDS, records.find, guild_id, viewer, asked, filters, _RECORDS)
        if found:
            await context.say("", embed=record_embed(found, asked))
        else:
            await context.say(_nothing(context, guild_id, filters))


def _checked(question: str) -> str:
    asked = question.strip()
    if not asked:
        raise BadInput(_("The question is empty. Write what you are looking for."))
    if len(asked) > QUESTION_MAX:
        raise BadInput(
            _("The question has {length} characters; at most {most} are allowed.").format(
                length=len(asked), most=QUESTION_MAX
            )
        )
    return asked


def _nothing(context: Context, guild_id: int, filters: Filters) -> str:
    if not context.bot.policy.keeps_text(guild_id):
        return _("This server does not keep the text of messages, so there is nothing to search.")
    if context.interaction is None and guild_id:
        return _("I found nothing in this channel. /search looks in all channels that you may read.")
    if filters != Filters(zone=filters.zone):
        return _("I found nothing with these filters in the channels that you may read.")
    return _("I found nothing in the channels that you may read.")


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Search())
