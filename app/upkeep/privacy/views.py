"""The second step of an erasure."""

from typing import Any

import discord

from app.bot.answers import ask
from app.bot.views import GuardedView
from app.core.translations import _


class EraseConfirmation(GuardedView):
    """Asks whether to erase here, everywhere, or not at all; only the person who asked may click."""

    def __init__(self, owner_id: int, *, in_guild: bool) -> None:
        super().__init__(owner_id=owner_id)
        self.here.label = _("Erase in this server") if in_guild else _("Erase our direct messages")
        self.everywhere.label = _("Erase everywhere")
        self.cancel.label = _("Cancel")

    @discord.ui.button(label="Erase in this server", style=discord.ButtonStyle.danger, custom_id="privacy:here")
    async def here(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Erase what this guild has."""
        await self._erase(interaction, "here")

    @discord.ui.button(label="Erase everywhere", style=discord.ButtonStyle.danger, custom_id="privacy:everywhere")
    async def everywhere(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Erase what all guilds have."""
        await self._erase(interaction, "everywhere")

    @discord.ui.button(label="Cancel", style=discord.ButtonStyle.secondary, custom_id="privacy:cancel")
    async def cancel(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Erase nothing."""
        self.stop()
        await interaction.response.edit_message(content=_("Nothing was erased."), view=None)

    async def _erase(self, interaction: discord.Interaction[Any], scope: str) -> None:
        answer = await ask(interaction, "commands.privacy_erase", scope=scope)
        if answer.state in {"done", "unknown"}:
            self.stop()
        view = None if answer.state in {"done", "unknown"} else self
        await interaction.edit_original_response(content=answer.content, view=view)
