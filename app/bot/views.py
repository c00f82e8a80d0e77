"""Buttons, menus and modals that check every click."""

from typing import Any, ClassVar

import discord

from app.bot.checks import check_click
from app.bot.errors import tell


class GuardedView(discord.ui.View):
    """A view whose every click is checked anew: whose it is, what the person may do, whether the feature is on."""

    needs: ClassVar[discord.Permissions | None] = None
    feature: ClassVar[str | None] = None

    def __init__(self, *, owner_id: int | None = None, timeout: float | None = 180) -> None:
        super().__init__(timeout=timeout)
        self.owner_id = owner_id

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Let the click through, or raise what a command would raise."""
        check_click(interaction, needs=self.needs, owner_id=self.owner_id, feature=self.feature)
        return True

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Tell the person."""
        del item
        await tell(interaction, error)


class GuardedModal(discord.ui.Modal):
    """A modal that is checked when it comes back."""

    needs: ClassVar[discord.Permissions | None] = None

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Let the answer through, or raise what a command would raise."""
        check_click(interaction, needs=self.needs)
        return True

    async def on_error(  # type: ignore[override] # discord.py's own modal narrows it so.
        self, interaction: discord.Interaction[Any], error: Exception, /
    ) -> None:
        """Tell the person."""
        await tell(interaction, error)
