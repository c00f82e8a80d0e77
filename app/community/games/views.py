"""The buttons of games, which outlive restarts, and how a game's message follows its state."""

import asyncio
import re
from typing import Any
from weakref import WeakValueDictionary

import discord

from app.bot.answers import ask
from app.bot.replies import reply
from app.bot.views import GuardedButton
from app.core.answers import Answer

_NOBODY = discord.AllowedMentions.none()
# The versions of so many messages are remembered.
_REMEMBERED = 1000


class GameButton(GuardedButton, template=r"game:(?P<game>\d{1,19}):(?P<step>\d{1,9}):(?P<action>[a-z0-9]{1,12})"):
    """Does one thing in one game. Who may click is the worker's word, which knows the players."""

    def __init__(self, game: int, step: int, action: str) -> None:
        super().__init__(discord.ui.Button(custom_id=f"game:{game}:{step}:{action}"))
        self._game, self._step, self._action = game, step, action

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: "re.Match[str]", /
    ) -> "GameButton":
        """The button that was clicked."""
        return cls(int(match["game"]), int(match["step"]), match["action"])

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Have a worker do it, then show the game, and to the person alone what concerns nobody else."""
        game, step, action = self._game, self._step, self._action
        answer = await ask(interaction, "commands.game_act", game=game, step=step, action=action)
        cog: Any = interaction.client.get_cog("Games")
        if cog is None:
            # The bot is stopping; the workers bring the message up to date.
            return
        await cog.boards.show(interaction, answer)
        if answer.data.get("kind") in {None, "quicktype"}:
            cog.words.look()
        if answer.text:
            await reply(interaction, answer)


class Boards:
    """The messages of games, so that an older picture never replaces a newer one."""

    def __init__(self) -> None:
        self._versions: dict[int, int] = {}
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def show(self, interaction: discord.Interaction[Any], answer: Answer) -> None:
        """Show the game in the message that was clicked, unless that shows something newer already."""
        if "message" not in answer.data:
            return
        game, version = answer.data["game"], answer.data["version"]
        turn = self._turns.setdefault(game, asyncio.Lock())
        async with turn:
            if version < self._versions.get(game, 0):
                return
            self._remember(game, version)
            message = answer.data["message"]
            await interaction.edit_original_response(
                content=message["content"] or None,
                embeds=embeds_of(message),
                view=view_of(message),
                allowed_mentions=_NOBODY,
            )

    def _remember(self, game: int, version: int) -> None:
        self._versions.pop(game, None)
        self._versions[game] = version
        if len(self._versions) > _REMEMBERED:
            del self._versions[next(iter(self._versions))]


def embeds_of(message: dict[str, Any]) -> list[discord.Embed]:
    """The embeds of a game's message."""
    return [discord.Embed.from_dict(embed) for embed in message["embeds"]]


def view_of(message: dict[str, Any]) -> discord.ui.View | None:
    """The buttons of a game's message."""
    if not message["components"]:
        return None
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(message["components"]):
        for button in row["components"]:
            view.add_item(
                _Drawn(
                    label=button["label"],
                    style=discord.ButtonStyle(button["style"]),
                    custom_id=button["custom_id"],
                    row=number,
                )
            )
    return view


class _Drawn(discord.ui.Button[Any]):
    """A button as it is drawn; a click on it goes to GameButton, so discord.py need not remember each one."""

    def is_dispatchable(self) -> bool:
        """Whether discord.py is to listen for it."""
        return False
