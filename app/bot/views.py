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


class GuardedButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"(?!)"):
    """A button that outlives restarts and carries in its id what it is about; every click is checked anew.

    A subclass has a template of its own, makes itself in `from_custom_id` (with the owner that stands in the id), does
    its work in `clicked`, and is made known by its cog with `bot.add_dynamic_items`.
    """

    needs: ClassVar[discord.Permissions | None] = None
    feature: ClassVar[str | None] = None
    owner_id: int | None = None

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Check the click, then do what it is for, or tell the person what went wrong."""
        await _guard(self, interaction)

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button is for."""
        raise NotImplementedError


class GuardedMenu(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"(?!)"):
    """A menu that outlives restarts; in all else like a GuardedButton. What was chosen is in `item.values`."""

    needs: ClassVar[discord.Permissions | None] = None
    feature: ClassVar[str | None] = None
    owner_id: int | None = None

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Check the choice, then do what it is for, or tell the person what went wrong."""
        await _guard(self, interaction)

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the menu is for."""
        raise NotImplementedError


async def _guard(item: GuardedButton | GuardedMenu, interaction: discord.Interaction[Any]) -> None:
    try:
        check_click(interaction, needs=item.needs, owner_id=item.owner_id, feature=item.feature)
        await item.clicked(interaction)
    except Exception as error:  # noqa: BLE001 - discord.py would only log it; this logs it and tells the person.
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
