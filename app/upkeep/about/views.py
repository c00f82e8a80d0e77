"""What `/help` shows: one message with every topic, and a menu that opens one of them."""

import re
from collections.abc import Iterable
from typing import Any

import discord
from discord.ext import commands

from app.bot.checks import is_off
from app.bot.context import Context
from app.bot.help import SLASH, clicked, described, named, topic_of, usable, written
from app.bot.views import GuardedMenu
from app.core.translations import _

# What Discord takes.
_LONGEST_FIELD = 1024
_LONGEST_TEXT = 4096
_EVERYTHING = "*"

Command = commands.Command[Any, ..., Any]


class TopicMenu(GuardedMenu, template=r"help:(?P<owner>\d{1,19}):(?P<form>[/!])"):
    """Opens a topic in the same message, for whoever asked for help; what they may use is found anew each time."""

    def __init__(self, owner_id: int, form: str, options: list[discord.SelectOption] | None = None) -> None:
        # A custom id holds no prefix, which may be anything and may change; it only tells it from a slash.
        custom_id = f"help:{owner_id}:{'/' if form == SLASH else '!'}"
        options = options or [discord.SelectOption(label="…")]
        super().__init__(discord.ui.Select(custom_id=custom_id, placeholder=_("Choose a topic"), options=options))
        self.owner_id, self._form = owner_id, form

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: "re.Match[str]", /
    ) -> "TopicMenu":
        """The menu in which something was chosen."""
        prefix = interaction.client.policy.prefix(interaction.guild_id or 0)
        return cls(int(match["owner"]), SLASH if match["form"] == SLASH else prefix)

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Show the chosen topic, or all of them."""
        chosen = self.item.values[0]
        embed, view = await overview(clicked(interaction), interaction.user.id, self._form, chosen)
        await interaction.response.edit_message(
            content=None, embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none()
        )


async def overview(
    context: Context, owner_id: int, form: str, topic: str = _EVERYTHING
) -> tuple[discord.Embed, discord.ui.View]:
    """The topics with the commands that the person may use, or one topic with what its commands do; and the menu."""
    topics = by_topic(await usable(context))
    view = discord.ui.View(timeout=None)
    view.add_item(TopicMenu(owner_id, form, _options(topics, topic)))
    if topic in topics:
        return _opened(topics[topic], topic, form), view
    return _all(topics, form, has_coins=not is_off(context.bot, context.guild_id, "economy")), view


def by_topic(found: Iterable[Command]) -> dict[str, list[Command]]:
    """The commands under their topics, which come by their names in the language in force."""
    topics: dict[str, list[Command]] = {}
    for command in found:
        topics.setdefault(topic_of(command), []).append(command)
    return dict(sorted(topics.items(), key=lambda item: _(item[0]).casefold()))


def _options(topics: Iterable[str], chosen: str) -> list[discord.SelectOption]:
    everything = discord.SelectOption(label=_("Everything"), value=_EVERYTHING, default=chosen not in topics)
    return [
        everything,
        *(discord.SelectOption(label=_(topic), value=topic, default=topic == chosen) for topic in topics),
    ]


def _all(topics: dict[str, list[Command]], form: str, *, has_coins: bool) -> discord.Embed:
    said = [_("Choose a topic below to see what its commands do.")]
    if has_coins:
        said.append(_("Coins have no value outside this server: they cannot be bought, sold or paid out."))
    embed = discord.Embed(title=_("What you can do here"), description="\n".join(said))
    for topic, found in topics.items():
        names = [f"`{named(command, form)}`" for command in found]
        embed.add_field(name=_(topic), value=_joined(names, " · ", _LONGEST_FIELD), inline=False)
    return embed


def _opened(found: list[Command], topic: str, form: str) -> discord.Embed:
    lines = [f"**{written(command, form)}** - {described(command)}" for command in found]
    return discord.Embed(title=_(topic), description=_joined(lines, "\n", _LONGEST_TEXT))


def _joined(parts: list[str], between: str, longest: int) -> str:
    """As many parts as fit, with a sign where some do not."""
    kept = parts
    while len(text := between.join(kept)) > longest:
        kept = [*kept[: -2 if kept[-1] == "…" else -1], "…"]
    return text
