"""`/search`: messages of this server by their words and by their meaning."""

from typing import Any

from discord import app_commands
from discord.ext import commands

from app.bot.context import Context, read_within
from app.bot.hybrid import command
from app.core.errors import BadInput
from app.core.translations import _, marked
from app.knowledge.search import queries
from app.knowledge.search.views import Results, scope

QUESTION_MAX = 500
_RESULTS = 25
# The answer is deferred, so a search may take longer than Discord waits for a first one.
_PATIENCE_SECONDS = 10.0


class Search(commands.Cog):
    """Searching messages."""

    feature = "search"
    topic = marked("Search")

    @command(marked("/search"), marked("Find earlier messages by their words or by what they are about"))
    @app_commands.rename(question="for")
    @app_commands.describe(question=marked("What you are looking for, in your own words"))
    async def search(self, context: Context, *, question: str) -> None:
        """Find messages in the channels that the reader may read.

        The slash form answers the reader alone. The prefix form is seen by everybody in its channel, so it searches
        that channel alone.
        """
        asked = _checked(question)
        everywhere = context.interaction is not None or context.guild is None
        await context.defer(ephemeral=True)
        guild_id, channels = scope(context, context.author)
        if not everywhere:
            channels = [channel for channel in channels if channel == context.channel.id]
        found = await read_within(_PATIENCE_SECONDS, queries.search, guild_id, channels, asked, _RESULTS)
        if not found.message_ids:
            await context.say(_nothing(context, guild_id))
            return
        view = Results(asked, found, context.author.id, everywhere=everywhere)
        await context.say("", embed=await view.embed(context, context.author), view=view)


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


def _nothing(context: Context, guild_id: int) -> str:
    if not context.bot.policy.keeps_text(guild_id):
        return _("This server does not keep the text of messages, so there is nothing to search.")
    if context.interaction is None and guild_id:
        return _("I found nothing in this channel. /search looks in all channels that you may read.")
    return _("I found nothing in the channels that you may read.")


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Search())
