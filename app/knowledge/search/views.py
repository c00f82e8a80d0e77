"""What a search shows: which channels its reader may read, and pages of results that check that anew."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar

import discord

from app.bot.context import read, read_within
from app.bot.views import GuardedView
from app.core.translations import _
from app.knowledge.search import queries, rules
from app.knowledge.search.filters import Filters
from app.knowledge.search.queries import Hit, Page, Viewer
from app.knowledge.vectors.stores import Found

PAGE = 5
# So many are found at once; what comes after them when somebody turns so many pages.
BATCH = 25
# The answer is deferred, so a search may take longer than Discord waits for a first one.
PATIENCE_SECONDS = 10.0
_SITE = "https://discord.com/channels"


def readable_channels(guild: discord.Guild, member: discord.Member) -> list[int]:
    """The channels and threads whose history this member may read, by what the gateway has told us.

    A private thread counts only for those whom we know to be in it, and for moderators of threads.
    """
    channels = [channel for channel in guild.channels if not isinstance(channel, discord.CategoryChannel)]
    found = [channel.id for channel in channels if _may_read(channel, member)]
    return [*found, *(thread.id for thread in guild.threads if _may_read_thread(thread, member))]


def _may_read(channel: discord.abc.GuildChannel, member: discord.Member) -> bool:
    rights = channel.permissions_for(member)
    is_voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return rights.view_channel and rights.read_message_history and (rights.connect or not is_voice)


def _may_read_thread(thread: discord.Thread, member: discord.Member) -> bool:
    if thread.parent is None or not _may_read(thread.parent, member):
        return False
    rights = thread.parent.permissions_for(member)
    return not thread.is_private() or rights.manage_threads or any(one.id == member.id for one in thread.members)


def scope(source: Any, user: discord.User | discord.Member) -> tuple[int, list[int]]:
    """The guild and the channels that this person may search now; a direct conversation is a scope of its own."""
    if source.guild is None:
        return 0, [source.channel.id]
    assert isinstance(user, discord.Member), "in a guild Discord sends members"
    return source.guild.id, readable_channels(source.guild, user)


class Results(GuardedView):
    """Pages of what was found. It remembers ids alone: every page shows the messages as they are when it is opened."""

    feature: ClassVar[str | None] = "search"

    def __init__(self, question: str, filters: Filters, found: Page, owner_id: int, *, everywhere: bool) -> None:
        super().__init__(owner_id=owner_id)
        self.question, self.filters = question, filters
        self.message_ids, self.total = list(found.message_ids), found.total
        self.is_complete = found.next is None
        self.has_meaning = found.has_meaning
        # False for an answer that all members of a channel see: it then shows that channel alone.
        self.everywhere = everywhere
        self.page = 0
        self.back.label, self.forward.label = _("Back"), _("More")
        self._switch_buttons()

    @property
    def pages(self) -> int:
        """How many there are."""
        return max(1, -(-max(self.total, len(self.message_ids)) // PAGE))

    async def embed(self, source: Any, user: discord.User | discord.Member) -> discord.Embed:
        """The current page, with only what this person may read at this moment."""
        guild_id, channels = scope(source, user)
        if not self.everywhere:
            channels = [channel for channel in channels if channel == source.channel.id]
        while not self.is_complete and len(self.message_ids) < (self.page + 1) * PAGE:
            await self._find_more(guild_id, Viewer(user.id, tuple(channels)))
        wanted = self.message_ids[self.page * PAGE : (self.page + 1) * PAGE]
        hits = await read(queries.hits, guild_id, channels, wanted, self.question)
        return _embed(guild_id, hits, self._footer())

    async def _find_more(self, guild_id: int, viewer: Viewer) -> None:
        known = frozenset(self.message_ids)
        found, has_more = await read_within(
            PATIENCE_SECONDS, queries.more, guild_id, viewer, self.question, self.filters, besides=known, limit=BATCH
        )
        self.message_ids += found
        self.is_complete = not has_more

    def _footer(self) -> str:
        number = _("Page {page} of {pages}").format(page=self.page + 1, pages=self.pages)
        if self.has_meaning:
            return number
        warning = _("Searched by words alone; the search by meaning is not available right now.")
        return f"{number} · {warning}"

    def _switch_buttons(self) -> None:
        self.back.disabled = self.page == 0
        self.forward.disabled = self.page >= self.pages - 1

    @discord.ui.button(label="Back", style=discord.ButtonStyle.secondary)
    async def back(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Show the page before."""
        await self._turn(interaction, -1)

    @discord.ui.button(label="More", style=discord.ButtonStyle.primary)
    async def forward(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Show the next page."""
        await self._turn(interaction, 1)

    async def _turn(self, interaction: discord.Interaction[Any], step: int) -> None:
        await interaction.response.defer()
        self.page = min(max(self.page + step, 0), self.pages - 1)
        self._switch_buttons()
        embed = await self.embed(interaction, interaction.user)
        await interaction.edit_original_response(embed=embed, view=self)


def _embed(guild_id: int, hits: Sequence[Hit], footer: str) -> discord.Embed:
    lines = [_line(guild_id, hit) for hit in hits]
    nothing_left = _("These messages are gone, or you may not read them any more.")
    embed = discord.Embed(title=_("Found messages"), description="\n\n".join(lines) or nothing_left)
    return embed.set_footer(text=footer)


def _line(guild_id: int, hit: Hit) -> str:
    link = f"{_SITE}/{guild_id or '@me'}/{hit.channel_id}/{hit.message_id}"
    when = discord.utils.format_dt(hit.written_at, "R")
    where = f"<#{hit.channel_id}> · " if guild_id else ""
    shown = discord.utils.escape_markdown(hit.excerpt)
    label = _("show")
    return f"{where}<@{hit.author_id}> · {when} · [{label}]({link})\n{shown}"


def record_embed(passages: Sequence[Found], question: str) -> discord.Embed:
    """Passages of documents, best first."""
    words = question.split()
    lines = [f"{_origin(one)}\n{_shown(one.text, words)}" for one in passages]
    return discord.Embed(title=_("Found days"), description="\n\n".join(lines))


def _origin(passage: Found) -> str:
    """Its channel and its day, as far as it has them; what has neither is known by its title."""
    channel = "" if passage.channel_id is None else f"<#{passage.channel_id}>"
    day = "" if passage.day is None else _day(passage.day)
    return " · ".join(filter(None, (channel, day))) or discord.utils.escape_markdown(passage.title)


def _day(day: date) -> str:
    """Days of documents are those of UTC; noon is on the same day for nearly every reader."""
    return discord.utils.format_dt(datetime.combine(day, time(12), UTC), "D")


def _shown(passage: str, words: Sequence[str]) -> str:
    return discord.utils.escape_markdown(rules.excerpt(passage, words))
