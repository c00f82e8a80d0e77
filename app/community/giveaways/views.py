"""The button under a giveaway, and the one to leave again."""

import re
from typing import Any

import discord

from app.bot.answers import ask
from app.bot.replies import reply
from app.bot.views import GuardedButton
from app.community.giveaways.messages import JOIN
from app.core.translations import _

_LEAVE = "giveaway:leave"


class JoinButton(GuardedButton, template=rf"{JOIN}:(?P<giveaway>\d{{1,19}})"):
    """Takes part in the giveaway under whose message it stands."""

    feature = "giveaways"

    def __init__(self, giveaway: str) -> None:
        self.giveaway = giveaway
        super().__init__(discord.ui.Button(label=_("Join"), custom_id=f"{JOIN}:{giveaway}"))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "JoinButton":
        """The button of that giveaway."""
        return cls(match["giveaway"])

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Join, and offer the way out."""
        answer = await ask(interaction, "commands.giveaway_join", giveaway=self.giveaway)
        view = discord.ui.View(timeout=None)
        view.add_item(LeaveButton(self.giveaway))
        await reply(interaction, answer, view=view if answer.state in {"done", "refused"} else None)


class LeaveButton(GuardedButton, template=rf"{_LEAVE}:(?P<giveaway>\d{{1,19}})"):
    """Takes part no longer."""

    feature = "giveaways"

    def __init__(self, giveaway: str) -> None:
        self.giveaway = giveaway
        button: discord.ui.Button[Any] = discord.ui.Button(
            label=_("Leave"), custom_id=f"{_LEAVE}:{giveaway}", style=discord.ButtonStyle.secondary
        )
        super().__init__(button)

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "LeaveButton":
        """The button of that giveaway."""
        return cls(match["giveaway"])

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Leave."""
        await reply(interaction, await ask(interaction, "commands.giveaway_leave", giveaway=self.giveaway))
