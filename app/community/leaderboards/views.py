"""The buttons under a leaderboard: the page before and the page after, also after a restart."""

import asyncio
import io
import re
from dataclasses import dataclass
from typing import Any

import discord

from app.bot.context import read
from app.bot.views import GuardedButton
from app.community.leaderboards import messages, queries
from app.community.leaderboards.card import draw
from app.community.leaderboards.rules import BOARDS, LAST_PAGE, PAGE, Board
from app.core.translations import _

_PREFIX = "leaderboard"
_FILE = "leaderboard.png"


class PageButton(GuardedButton, template=rf"{_PREFIX}:(?P<board>[a-z]{{1,20}}):(?P<page>\d{{1,3}}):(?P<arrow>[<>])"):
    """Shows another page in the same message."""

    def __init__(self, board: Board, page: int, arrow: str, *, disabled: bool = False) -> None:
        self.board, self.page = board, page
        self.feature = board.feature  # type: ignore[misc] # The class says which; here each button has its own.
        button: discord.ui.Button[Any] = discord.ui.Button(
            label={"<": "◀", ">": "▶"}[arrow],
            custom_id=f"{_PREFIX}:{board.name}:{page}:{arrow}",
            disabled=disabled,
            style=discord.ButtonStyle.secondary,
        )
        super().__init__(button)

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "PageButton":
        """The button of that page; one of a board that is no more leads to the first there is."""
        board = BOARDS.get(match["board"], next(iter(BOARDS.values())))
        return cls(board, min(max(int(match["page"]), 1), LAST_PAGE), match["arrow"])

    async def clicked(self, interaction: discord.Interaction[Any]) -> None:
        """Turn the page."""
        shown = await page(interaction.guild_id or 0, interaction.user.id, self.board, self.page)
        await interaction.response.edit_message(embed=shown.embed, view=shown.view, attachments=shown.files)


@dataclass(frozen=True)
class Page:
    """A page of a board as a message: text, picture and buttons."""

    embed: discord.Embed
    view: discord.ui.View
    file: discord.File | None

    @property
    def files(self) -> list[discord.File]:
        """The picture, as Discord's edits want it."""
        return [self.file] if self.file else []


async def page(guild_id: int, user_id: int, board: Board, number: int, *, has_picture: bool = True) -> Page:
    """One page of a board with the reader's own place, and its buttons."""
    # One more than is shown tells whether there is a page after this.
    places = await read(queries.top, guild_id, board, number)
    further = await read(queries.top, guild_id, board, number * PAGE + 1, 1) if len(places) == PAGE else []
    own = messages.own(board, await read(queries.rank, guild_id, board, user_id))
    embed = discord.Embed(
        title=f"🏆 {_(board.title)}", description=messages.lines(board, places, number), color=messages.COLOR
    )
    embed.set_footer(text=_("{own} · page {page}").format(own=own, page=number))
    view = discord.ui.View(timeout=None)
    view.add_item(PageButton(board, max(number - 1, 1), "<", disabled=number == 1))
    view.add_item(PageButton(board, min(number + 1, LAST_PAGE), ">", disabled=not further or number == LAST_PAGE))
    file = None
    if has_picture:
        names = await read(queries.names, guild_id, [place.user_id for place in places])
        file = await _drawn(messages.sheet(board, places, names, number, user_id))
        embed.set_image(url=f"attachment://{_FILE}")
    return Page(embed, view, file)


async def _drawn(sheet: messages.Sheet) -> discord.File:
    picture = await asyncio.to_thread(draw, sheet)
    return discord.File(io.BytesIO(picture), _FILE, description=messages.spoken(sheet))
