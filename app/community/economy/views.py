"""The pages of `/history`."""

import re
from typing import Any, ClassVar

import discord

from app.bot.context import read
from app.bot.views import GuardedButton
from app.community.economy import queries
from app.community.economy.messages import coins, line
from app.core.translations import _

PAGE = 10


class HistoryButton(GuardedButton, template=r"history:(?P<owner>\d{1,19}):(?P<below>\d{1,19})"):
    """Shows the movements below an entry, to the person whose they are."""

    feature: ClassVar[str | None] = "economy"

    def __init__(self, owner_id: int, below: int, label: str = "…", *, disabled: bool = False) -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=f"history:{owner_id}:{below}", disabled=disabled))
        self.owner_id, self._below = owner_id, below

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: "re.Match[str]", /
    ) -> "HistoryButton":
        """The button that was clicked."""
        return cls(int(match["owner"]), int(match["below"]))

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Show that page in the same message."""
        text, view = await history_page(interaction.guild_id or 0, interaction.user.id, self._below)
        await interaction.response.edit_message(
            content=text, view=view, allowed_mentions=discord.AllowedMentions.none()
        )


async def history_page(guild_id: int, user_id: int, below: int = queries.NEWEST) -> tuple[str, discord.ui.View]:
    """A page of a member's movements, with what they have, and the buttons to the other pages."""
    found = await read(queries.history, guild_id, user_id, below=below, limit=PAGE + 1)
    balance = await read(queries.balance, guild_id, user_id)
    lines = [_("🪙 You have {coins}.").format(coins=coins(balance)), *(line(entry) for entry in found[:PAGE])]
    if not found:
        lines.append(_("Nothing has happened yet.") if below == queries.NEWEST else _("There is nothing older."))
    view = discord.ui.View(timeout=None)
    oldest = found[PAGE - 1].id if len(found) > PAGE else 0
    view.add_item(HistoryButton(user_id, queries.NEWEST, _("Newest"), disabled=below == queries.NEWEST))
    view.add_item(HistoryButton(user_id, oldest, _("Older"), disabled=not oldest))
    return "\n".join(lines), view
