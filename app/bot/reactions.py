"""Reactions that came and went while nobody listened.

A listing tells how many people reacted, not who. Where that number differs from what is stored, the people are asked
for; numbers that agree are believed, though two people may have taken turns. They are not where a reaction was heard
between the listing and the comparison: it would stand in for one that was missed before.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import discord

from app.bot.client import Heorot
from app.core.translate import Payload, emoji

log = logging.getLogger(__name__)

# Who is stored as having reacted, by message and emoji, of a guild's messages; it blocks and runs in a thread.
Stored: TypeAlias = Callable[[int, Sequence[int]], Mapping[tuple[int, str], set[int]]]

_MESSAGES_AT_ONCE = 500
_PAGE = 100
# What one channel may cost: questions, and pages of people for one question.
_QUESTIONS = 300
_PAGES = 10


class Reacted(NamedTuple):
    """One emoji under one message, as a listing shows it."""

    message_id: int
    emoji: str
    asked_as: str
    number: int


def listed_reactions(message: Payload) -> Iterable[Reacted]:
    """What a listed message shows; our own reaction does not count."""
    for reaction in message.get("reactions") or ():
        shape = reaction["emoji"]
        asked_as = f"{shape.get('name') or '_'}:{shape['id']}" if shape.get("id") else shape["name"]
        yield Reacted(int(message["id"]), emoji(shape), asked_as, reaction["count"] - bool(reaction.get("me")))


class Reactions:
    """Compares listings with what is stored, and tells the differences."""

    def __init__(self, bot: Heorot, stored: Stored) -> None:
        self._bot = bot
        self._stored = stored
        # How many backfills are under way, and the messages whose reactions changed under our eyes meanwhile.
        self._listings = 0
        self._stirred: set[int] = set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note whose reactions change from before a listing until it has been compared."""
        self._listings += 1
        try:
            yield
        finally:
            self._listings -= 1
            if not self._listings:
                self._stirred.clear()

    def hear(self, message_id: int) -> None:
        """A reaction to this message came or went."""
        if self._listings:
            self._stirred.add(message_id)

    async def compare(self, guild_id: int, channel_id: int, listed: Mapping[int, Sequence[Reacted]]) -> None:
        """Tell what differs from what is stored of these messages (all that were listed, also without reactions)."""
        questions = 0
        ids = iter(listed)
        while some := list(islice(ids, _MESSAGES_AT_ONCE)):
            stored = await asyncio.to_thread(self._stored, guild_id, some)
            for reacted, known in _doubtful({message: listed[message] for message in some}, stored, self._stirred):
                if questions == _QUESTIONS:
                    log.warning(
                        "too many reactions changed; the rest stays as stored", extra={"channel_id": channel_id}
                    )
                    return
                questions += 1
                await self._ask(guild_id, channel_id, reacted, known)

    async def _ask(self, guild_id: int, channel_id: int, reacted: Reacted, known: AbstractSet[int]) -> None:
        ingest = self._bot.ingest
        # Stamped before the question: whatever is heard live from now on is newer than the answer.
        numbers = iter([ingest.live.next_seq() for _ in range(_PAGE * _PAGES + len(known))])
        people, is_complete = await self._people(channel_id, reacted)
        there = {int(user["id"]) for user in people}
        where: Payload = {"channel_id": str(channel_id), "message_id": str(reacted.message_id)}
        where |= {"guild_id": str(guild_id)} if guild_id else {}
        where["emoji"] = {"id": reacted.emoji} if reacted.emoji.isdigit() else {"name": reacted.emoji}
        for user in people:
            if int(user["id"]) not in known:
                payload = {**where, "user_id": user["id"], "member": {"user": user}}
                ingest.tell("MESSAGE_REACTION_ADD", payload, numbers)
        for user_id in sorted(known - there) if is_complete else ():
            ingest.tell("MESSAGE_REACTION_REMOVE", {**where, "user_id": str(user_id)}, numbers)

    async def _people(self, channel_id: int, reacted: Reacted) -> tuple[list[Any], bool]:
        """Who reacted, and whether that is everybody."""
        people: list[Any] = []
        for _ in range(_PAGES):
            after = int(people[-1]["id"]) if people else None
            try:
                page: list[Any] = await self._bot.http.get_reaction_users(
                    channel_id, reacted.message_id, reacted.asked_as, _PAGE, after
                )
            except discord.NotFound:
                return people, True
            people += page
            if len(page) < _PAGE:
                return people, True
        return people, False


def _doubtful(
    listed: Mapping[int, Sequence[Reacted]],
    stored: Mapping[tuple[int, str], AbstractSet[int]],
    stirred: AbstractSet[int],
) -> Iterable[tuple[Reacted, AbstractSet[int]]]:
    """Of what the people are to be asked for, and who is known; what differs comes first, as questions are limited."""
    shown = {(one.message_id, one.emoji): one for reactions in listed.values() for one in reactions}
    agreeing: list[tuple[Reacted, AbstractSet[int]]] = []
    for message_id, name in sorted(shown.keys() | stored.keys()):
        asked_as = f"_:{name}" if name.isdigit() else name
        reacted = shown.get((message_id, name)) or Reacted(message_id, name, asked_as, 0)
        known = stored.get((message_id, name), frozenset())
        if reacted.number != len(known):
            yield reacted, known
        elif message_id in stirred:
            agreeing.append((reacted, known))
    yield from agreeing
