"""What a guild may choose of a feature's details: numbers, switches, words, channels and roles.

A feature declares its options in its `rules.py`, and reads them from what the guild chose:

    GIFT = Number("gift-amount", marked("Coins of the daily gift"), default=25, low=0, high=1_000_000)
    OPTIONS = (GIFT,)

    amount = GIFT.of(choices.load(session, guild_id).options)

`/settings` shows and sets them all (app.upkeep.settings.rules lists the features); only what was chosen is stored.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.core.errors import BadInput
from app.core.translations import _

T = TypeVar("T")

ON = frozenset({"on", "true", "yes", "1", "oui"})
OFF = frozenset({"off", "false", "no", "0", "non"})
# The word that takes a choice back.
DEFAULT = "default"
_SHOWN = 50


def bad(key: str, given: str, allowed: str) -> BadInput:
    """The refusal of a value, naming what is allowed."""
    return BadInput(
        _("“{value}” is no {setting}. Allowed: {allowed}.").format(
            value=given[:_SHOWN] or " ", setting=key, allowed=allowed
        )
    )


def snowflake_in(text: str, marks: str) -> int | None:
    """The id in a mention or in plain digits; None where there is none. `marks` begins the mention, such as `<#`."""
    digits = text.strip().removeprefix(marks).removesuffix(">")
    usable = digits.isascii() and digits.isdigit() and 0 < int(digits[:20]) < 1 << 63
    return int(digits) if usable else None


@dataclass(frozen=True)
class Option(ABC, Generic[T]):
    """One detail: its key in commands, one sentence about it, and its value where the guild chose none."""

    key: str
    about: str
    default: T

    def of(self, options: Mapping[str, Any]) -> T:
        """The value in force."""
        value: T = options.get(self.key, self.default)
        return value

    @abstractmethod
    def parse(self, text: str) -> T:
        """The value that this text means; raises BadInput saying what is allowed."""

    @abstractmethod
    def shown(self, value: T) -> str:
        """A value as people read it."""

    def choices(self) -> list[str]:
        """The values to offer."""
        return [DEFAULT]


@dataclass(frozen=True)
class Number(Option[int]):
    """A whole number between two bounds, both allowed."""

    low: int = 0
    high: int = 1_000_000

    def parse(self, text: str) -> int:
        """Digits, with a sign where negative numbers are allowed."""
        digits = text.strip().removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= len(str(self.high)):
            value = int(text)
            if self.low <= value <= self.high:
                return value
        raise bad(self.key, text, f"{self.low}-{self.high}, {DEFAULT}")

    def shown(self, value: int) -> str:
        """The number."""
        return f"`{value}`"

    def choices(self) -> list[str]:
        """The default and the bounds."""
        return list(dict.fromkeys([str(self.default), str(self.low), str(self.high)]))


@dataclass(frozen=True)
class Switch(Option[bool]):
    """On or off."""

    def parse(self, text: str) -> bool:
        """One of the words for on and off."""
        word = text.strip().lower()
        if word not in ON | OFF:
            raise bad(self.key, text, "on, off")
        return word in ON

    def shown(self, value: bool) -> str:  # noqa: FBT001 - the type of the option.
        """On or off, in the language in force."""
        return _("on") if value else _("off")

    def choices(self) -> list[str]:
        """Both."""
        return ["on", "off"]


@dataclass(frozen=True)
class Word(Option[str]):
    """One of a few words."""

    words: tuple[str, ...] = ()

    def parse(self, text: str) -> str:
        """One of the words, in any case."""
        word = text.strip().lower()
        if word not in self.words:
            raise bad(self.key, text, ", ".join(self.words))
        return word

    def shown(self, value: str) -> str:
        """The word."""
        return f"`{value}`"

    def choices(self) -> list[str]:
        """All of them."""
        return list(self.words)


@dataclass(frozen=True)
class Channel(Option[int | None]):
    """A text channel of the guild, or none."""

    def parse(self, text: str) -> int | None:
        """A mention or an id; the command has made an id of a name already."""
        found = snowflake_in(text, "<#")
        if found is None:
            raise bad(self.key, text, _("a text channel of this server, or default for none"))
        return found

    def shown(self, value: int | None) -> str:
        """The channel's mention."""
        return f"<#{value}>" if value else _("none")
