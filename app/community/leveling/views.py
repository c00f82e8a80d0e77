"""The buttons under what a file of levels would do."""

import re
from typing import Any, ClassVar

import discord

from app.bot.answers import ask
from app.bot.replies import reply
from app.bot.views import GuardedButton
from app.core.translations import _


class ImportButton(GuardedButton, template=r"level-import:(?P<choice>apply|drop):(?P<import>\d{1,19})"):
    """Applies or drops the import that was shown above it."""

    needs: ClassVar[discord.Permissions | None] = discord.Permissions(manage_guild=True)
    feature: ClassVar[str | None] = "leveling"

    def __init__(self, choice: str, import_id: str) -> None:
        self.choice, self.import_id = choice, import_id
        label = _("Apply") if choice == "apply" else _("Drop")
        style = discord.ButtonStyle.success if choice == "apply" else discord.ButtonStyle.secondary
        super().__init__(discord.ui.Button(label=label, custom_id=f"level-import:{choice}:{import_id}", style=style))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "ImportButton":
        """The button of that import."""
        return cls(match["choice"], match["import"])

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Do it, and show how it ended in place of the buttons."""
        answer = await ask(interaction, f"commands.level_import_{self.choice}", import_id=self.import_id)
        if answer.state == "done":
            await interaction.edit_original_response(content=answer.content, view=None)
        else:
            await reply(interaction, answer)


def offer(import_id: str) -> discord.ui.View:
    """Both buttons."""
    view = discord.ui.View(timeout=None)
    view.add_item(ImportButton("apply", import_id))
    view.add_item(ImportButton("drop", import_id))
    return view
