"""How the events of a batch fold into what is written about each message. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeAlias

from app.activity.messages.messages import MessageEdited, MessagesDeleted, MessageSeen
from app.core.clock import DISCORD_EPOCH_MS

Version: TypeAlias = MessageSeen | MessageEdited
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)


def created_ms(message_id: int) -> int:
    """When Discord made this id, in milliseconds of Unix time."""
    return (message_id >> 22) + DISCORD_EPOCH_MS


def day_of(message_id: int) -> date:
    """The day (UTC) on which Discord made this id."""
    return _day(created_ms(message_id) // _DAY_MS)


# The messages of a batch are of one day, or of two.
@lru_cache(maxsize=64)
def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)


def rank(version: Version) -> tuple[int, int]:
    """Which of two versions is newer: the later edit, and among equals the later event."""
    return (-1 if version.edited_at is None else version.edited_at, version.seq)


def written_ms(version: Version) -> int:
    """When this version was written, in milliseconds of Unix time."""
    return created_ms(version.id) if version.edited_at is None else version.edited_at


@dataclass
class Folded:
    """What a batch tells of its messages."""

    # The newest version that the batch tells of each message, and the older ones.
    newest: dict[int, Version] = field(default_factory=dict)
    older: list[Version] = field(default_factory=list)
    # When messages were deleted (ms), and where (guild, channel).
    deleted: dict[int, int] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, version: Version) -> None:
        """Take one more version."""
        known = self.newest.get(version.id)
        if known is None:
            self.newest[version.id] = version
        elif rank(version) > rank(known):
            self.newest[version.id] = version
            self.older.append(known)
        elif version != known:
            self.older.append(version)

    def delete(self, message_id: int, guild_id: int, channel_id: int, at: int) -> None:
        """Take one deletion; of several the earliest counts."""
        self.deleted[message_id] = min(at, self.deleted.get(message_id, at))
        self.places[message_id] = (guild_id, channel_id)


def fold(versions: Iterable[Version], deletions: Iterable[MessagesDeleted]) -> Folded:
    """The batch's messages, each with its newest version, its older ones and its deletion."""
    folded = Folded()
    for version in versions:
        folded.add(version)
    for event in deletions:
        for message_id in event.ids:
            folded.delete(message_id, event.guild_id, event.channel_id, event.at)
    return folded
