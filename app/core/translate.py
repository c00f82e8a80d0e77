"""What the cogs of `app/activity` need to turn gateway payloads into events.

A translator gets the raw payload of one dispatch and the context, and returns an event, several, or None. Whatever a
malformed payload makes it raise is counted and costs only that payload.
"""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias

from app.core.events import Event
from app.core.text import storable

Payload: TypeAlias = dict[str, Any]
Translated: TypeAlias = Event | Iterable[Event] | None
# Who a payload is about, or None when it is about nobody whose wishes count.
Person: TypeAlias = Callable[[Payload], int | None]

# What a payload that is not as Discord documents it makes a translator raise.
MALFORMED = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)

_SNOWFLAKE_LIMIT = 2**63
_NAME_LIMIT = 256
_TEXT_LIMIT = 8_000
_EMOJI_LIMIT = 64


class Wishes(Protocol):
    """What guilds and people let us keep (`app.bot.policy`)."""

    def allows(self, guild_id: int, user_id: int) -> bool:
        """Whether anything about this person may be kept."""
        ...

    def keeps_text(self, guild_id: int) -> bool:
        """Whether what people write may be kept."""
        ...


class Context:
    """The bot as translators see it."""

    def __init__(self, next_seq: Callable[[], int], wishes: Wishes) -> None:
        self.next_seq = next_seq
        self.wishes = wishes
        # The bot's own user id.
        self.me = 0
        # Whether the payload was found by a backfill.
        self.is_late = False
        # When the bot last heard from Discord before this connection (Unix milliseconds), where it knows.
        self.last_heard: int | None = None
        # The lowest id that a message written since the bot joined can have, by guild.
        self.joined: dict[int, int] = {}

    @staticmethod
    def now() -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def text(self, guild_id: int, content: str | None) -> str | None:
        """The text as it may be stored, or None where none may be."""
        if content is None or not self.wishes.keeps_text(guild_id):
            return None
        return storable(content)[:_TEXT_LIMIT]


class Registry(Protocol):
    """Where cogs register their translators (`bot.ingest`)."""

    def register(
        self, event: str, translate: Callable[[Payload, Context], Translated], *, person: Person | None = None
    ) -> None:
        """Translate this gateway event; payloads about a person who may not be kept never reach the translator."""
        ...


def snowflake(value: Any) -> int:
    """An id; raises ValueError or TypeError for anything else."""
    number = int(value)
    if not 0 < number < _SNOWFLAKE_LIMIT:
        raise ValueError("an id is out of range")
    return number


def snowflake_or_none(value: Any) -> int | None:
    """An id, or None where Discord sends none."""
    return None if value is None else snowflake(value)


def guild_of(data: Payload) -> int:
    """The payload's guild; direct messages belong to guild 0."""
    value = data.get("guild_id")
    return 0 if value is None else snowflake(value)


def name(value: Any) -> str:
    """A name as it may be stored."""
    return storable(str(value))[:_NAME_LIMIT]


def name_or_none(value: Any) -> str | None:
    """A name as it may be stored, or None where there is none."""
    return None if value is None else name(value)


def moment(value: str) -> datetime:
    """Discord's ISO time; one without a zone is UTC."""
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def millis(value: str | None) -> int | None:
    """Discord's ISO time as Unix milliseconds; before 1970 counts as 1970."""
    return None if value is None else max(0, int(moment(value).timestamp() * 1000))


def emoji(data: Payload) -> str:
    """A custom emoji's id, or the Unicode emoji itself."""
    if data.get("id") is not None:
        return str(snowflake(data["id"]))
    text = storable(data["name"])[:_EMOJI_LIMIT]
    if not text:
        raise ValueError("an emoji has neither id nor name")
    return text


def user_id_of(data: Payload) -> int | None:
    """The person in `user_id`; bots are told apart by `member` where Discord sends it."""
    return snowflake(data["user_id"])


def is_bot_member(data: Payload) -> bool:
    """Whether the payload's `member` is a bot."""
    member = data.get("member")
    return bool(member and member.get("user", {}).get("bot"))
