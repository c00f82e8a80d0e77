"""Whole numbers as people write them, in Discord's integer options and after a prefix.

    async def transfer(self, context: Context, member: discord.Member, amount: Whole) -> None: ...

No bounds are declared to Discord: its clients would refuse a number without saying why in the person's language. The
feature checks them, and names what is allowed.
"""

import re
from typing import Annotated, Any

import discord
from discord import app_commands
from discord.ext import commands

from app.core.errors import BadInput
from app.core.translations import _

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")


class WholeNumber(commands.Converter[int], app_commands.Transformer):
    """Digits with or without a sign; everything else is refused with an example."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """What Discord's clients let people write."""
        return discord.AppCommandOptionType.integer

    async def transform(self, _interaction: "discord.Interaction[Any]", value: int, /) -> int:
        """The number, which Discord has checked."""
        return value

    async def convert(self, _context: "commands.Context[Any]", argument: str) -> int:
        """The number in a word of a message; raises BadInput."""
        if not _WHOLE.fullmatch(argument):
            raise BadInput(
                _("“{value}” is no whole number. Write digits alone, such as 25.").format(value=argument[:50])
            )
        return int(argument)


Whole = Annotated[int, WholeNumber]
