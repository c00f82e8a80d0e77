"""What a kind of document says of itself, and the kinds that there are of a channel's day: its log and its summary."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from sqlalchemy.orm import Session

from app.knowledge.documents import queries, rules

Ending = Literal["json", "txt"]


@dataclass(frozen=True)
class Place:
    """Which document of its kind, and where it belongs: without a channel to its whole guild, without a day to no time.

    One with a channel is found by those who may read it there, one without by whoever is in the guild.
    """

    guild_id: int
    # It has this address for good, of at most 300 characters; a second document with it is the same one.
    url: str
    title: str
    channel_id: int | None = None
    day: date | None = None


@dataclass(frozen=True)
class Written:
    """A document as the rows have it now."""

    title: str
    # As it lies in a file, and the same without what only programs read, for stores that cut it into passages.
    content: str
    passages: str
    # Of how many messages it is made; none where it is made of something else.
    messages: int = 0


class Kind(Protocol):
    """A kind of document. It reads the rows of its feature, and no copy of a text is kept besides them."""

    @property
    def section(self) -> str:
        """What its rows, files and `vectors prune --source` call it."""

    @property
    def name(self) -> str:
        """What `/search source:` calls it."""

    @property
    def source(self) -> str:
        """Where its texts come from."""

    @property
    def category(self) -> str:
        """What it is good for."""

    @property
    def version(self) -> str:
        """Of its form."""

    @property
    def prefix(self) -> str:
        """The beginning of its files' names, and its first tag: one word."""

    @property
    def ending(self) -> Ending:
        """The end of its files' names."""

    def written(self, session: Session, place: Place) -> Written | None:
        """This document as it is to be read now; None when nothing is left of it, so that it goes."""

    def places(self, session: Session, guild_id: int | None) -> Iterable[Place]:
        """Every document of this kind that there is to be, of one guild or of all."""


@dataclass(frozen=True)
class DayKind:
    """A channel's day in one of its forms."""

    section: str
    name: str
    category: str
    prefix: str
    ending: Ending
    source: str = "discord"
    version: str = "v1"

    def place(self, guild_id: int, channel_id: int, day: date) -> Place:
        """The document of this channel's day; its title has the channel's name once it is made."""
        url = rules.url(self.prefix, guild_id, channel_id, day)
        return Place(guild_id, url, rules.title(self.section, str(channel_id), day), channel_id, day)

    def written(self, session: Session, place: Place) -> Written | None:
        """The day as it is stored now."""
        if place.channel_id is None or place.day is None:
            return None
        day = queries.day_of(session, place.guild_id, place.channel_id, place.day)
        if day is None:
            return None
        silent = queries.stop_words(session, place.guild_id, day)
        return Written(
            title=rules.title(self.section, day.channel, day.day),
            content=rules.content_of(self.section, day, silent),
            passages=rules.passages_of(self.section, day, silent),
            messages=len(day.lines),
        )

    def places(self, session: Session, guild_id: int | None) -> Iterable[Place]:
        """Every day on which something was said that stands in the index."""
        return [self.place(*day) for day in queries.days_of(session, guild_id)]


LOGS = DayKind(rules.LOG, "logs", "chat", "chatlog", "json")
SUMMARIES = DayKind(rules.SUMMARY, "summaries", "summary", "summary", "txt")
