"""Per channel the id below which nothing is missing, and what was heard live above it.

A channel is open while there may be a gap: from the start of each session until the backfill has listed it. What is
heard live moves the watermark only in channels without a gap.
"""

from collections.abc import Iterable


class Watermarks:
    """What is complete, by channel."""

    def __init__(self) -> None:
        # Complete up to this id, as far as we have told it.
        self._complete: dict[int, int] = {}
        self._guilds: dict[int, int] = {}
        self._open: set[int] = set()
        # The newest ids heard live: now, and at the last advance.
        self._newest: dict[int, int] = {}
        self._settled: dict[int, int] = {}

    def load(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Take (guild, channel, complete_to) as the database has it; what we know ourselves is newer."""
        for guild_id, channel_id, complete_to in rows:
            self._guilds.setdefault(channel_id, guild_id)
            self._complete.setdefault(channel_id, complete_to)

    def of(self, channel_id: int) -> int | None:
        """Up to where the channel is complete, or None when we never saw it."""
        return self._complete.get(channel_id)

    def channels_of(self, guild_id: int) -> list[int]:
        """The guild's channels that have a watermark."""
        return [channel for channel, guild in self._guilds.items() if guild == guild_id]

    def newest(self, channel_id: int) -> int:
        """The newest id heard live, or 0."""
        return self._newest.get(channel_id, 0)

    def hear(self, channel_id: int, message_id: int) -> bool:
        """Note a live message; whether its channel has a watermark already."""
        if message_id > self._newest.get(channel_id, 0):
            self._newest[channel_id] = message_id
        return channel_id in self._complete

    @property
    def is_empty(self) -> bool:
        """Whether no channel is known."""
        return not self._complete

    def open(self, channel_ids: Iterable[int]) -> None:
        """There may be a gap in these channels."""
        self._open.update(channel_ids)

    def open_all(self) -> None:
        """There may be a gap in every channel: a new session starts."""
        self._open.update(self._complete)

    def close(self, guild_id: int, channel_id: int, complete_to: int) -> int:
        """The channel is complete up to here; the watermark, which never moves back."""
        self._guilds[channel_id] = guild_id
        self._complete[channel_id] = max(complete_to, self._complete.get(channel_id, 0))
        self._open.discard(channel_id)
        return self._complete[channel_id]

    def forget(self, channel_id: int) -> None:
        """The channel is gone, or may not be read."""
        self._open.discard(channel_id)

    @property
    def open_channels(self) -> int:
        """How many channels may have a gap."""
        return len(self._open)

    def advance(self, *, at_rest: bool = False) -> list[tuple[int, int, int]]:
        """Watermarks (guild, channel, complete_to) that live messages moved.

        A message can overtake another on its way to us, so what counts is what was already there at the last call,
        unless the gateway is at rest.
        """
        settled = self._newest if at_rest else self._settled
        moved = [
            (self._guilds[channel], channel, self.close(self._guilds[channel], channel, message))
            for channel, message in settled.items()
            if channel not in self._open and channel in self._complete and message > self._complete[channel]
        ]
        self._settled = dict(self._newest)
        return moved
