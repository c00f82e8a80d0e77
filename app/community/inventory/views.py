"""The buttons of a bag, which belong to its owner and outlive restarts."""

import re
from typing import Any, ClassVar

import discord

from app.bot.answers import ask
from app.bot.context import read
from app.bot.replies import reply
from app.bot.views import GuardedButton
from app.community.inventory import queries
from app.community.inventory.messages import bag_text
from app.community.inventory.queries import Bag
from app.community.inventory.rules import ITEMS, NAMES, Item, item_of
from app.core.translations import _

_NOBODY = discord.AllowedMentions.none()


class BagButton(GuardedButton, template=r"bag:(?P<item>jackpot|multiplier_x[23]):(?P<owner>\d{1,19})"):
    """Opens a treasure of its owner, or lets a multiplier count."""

    feature: ClassVar[str | None] = "economy"

    def __init__(self, item: Item, owner_id: int, *, label: str = "…", disabled: bool = False) -> None:
        style = discord.ButtonStyle.success if item == "jackpot" else discord.ButtonStyle.primary
        button: discord.ui.Button[Any] = discord.ui.Button(
            label=label, custom_id=f"bag:{item}:{owner_id}", style=style, disabled=disabled
        )
        super().__init__(button)
        self.owner_id, self._item = owner_id, item

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _clicked: discord.ui.Item[Any], match: "re.Match[str]", /
    ) -> "BagButton":
        """The button that was clicked."""
        return cls(item_of(match["item"]), int(match["owner"]))

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Use one of the item, show the bag as it is now, and say what came of it."""
        answer = await ask(interaction, "commands.bag_use", item=self._item)
        bag = await read(queries.bag, interaction.guild_id or 0, interaction.user.id)
        text = bag_text(interaction.user.id, bag)
        if answer.state == "done":
            text += f"\n{answer.content}"
        await interaction.edit_original_response(
            content=text, view=bag_view(interaction.user.id, bag), allowed_mentions=_NOBODY
        )
        if answer.state != "done":
            await reply(interaction, answer)


def bag_view(owner_id: int, bag: Bag) -> discord.ui.View:
    """A button for each item; one that cannot be used now is disabled."""
    view = discord.ui.View(timeout=None)
    for item in ITEMS:
        label = _("Open a treasure") if item == "jackpot" else _("Use: {item}").format(item=_(NAMES[item]))
        is_useless = not bag.items[item] or (item != "jackpot" and bag.games_left > 0)
        view.add_item(BagButton(item, owner_id, label=label, disabled=is_useless))
    return view
