"""Hearing the word of a quick typing game in the bot's event path, whatever else is kept of messages.

What people write is only compared, in memory; what leaves here is who wrote the word, and the id of the message.
"""

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any

from app.bot.answers import order
from app.bot.context import read
from app.community.games import queries
from app.community.games.kinds.quicktype import is_word
from app.community.games.queries import Word
from app.core.commands import DEADLINE_SECONDS, Command
from app.core.errors import DatabaseUnavailable
from app.core.translate import Context, Payload
from app.core.translations import DEFAULT_LANGUAGE

log = logging.getLogger(__name__)

TYPED = "commands.game_typed"
_RETRY_SECONDS = 2.0


class Listener:
    """The words that are being waited for, by channel."""

    def __init__(self, bot: Any) -> None:
        self._bot = bot
        self._words: dict[int, list[Word]] = {}
        # Messages of one game are told one after the other, in the order in which Discord sent them.
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self) -> None:
        """Read anew, in the background, which words are being waited for."""
        self._begin(self._look())

    def close(self) -> None:
        """Stop whatever is under way."""
        for task in self._tasks:
            task.cancel()

    def hear(self, data: Payload, context: Context) -> None:
        """Compare a message with the words of its channel. It makes no event: nothing of it is kept."""
        if not self._words or context.is_late:
            return
        author = int(data["author"]["id"])
        for word in self._words.get(int(data["channel_id"]), ()):
            if author in word.players and is_word(data["content"], word.word):
                self._begin(self._tell(word, author, int(data["id"])))

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        while True:
            try:
                found = await read(queries.words)
            except DatabaseUnavailable:
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            words: dict[int, list[Word]] = {}
            for word in found:
                words.setdefault(word.channel_id, []).append(word)
            self._words = words
            for game in self._turns.keys() - {word.game_id for word in found}:
                del self._turns[game]
            return

    async def _tell(self, word: Word, author: int, message: int) -> None:
        command = Command(
            task=TYPED,
            id=message,
            guild_id=word.guild_id,
            user_id=author,
            channel_id=word.channel_id,
            language=DEFAULT_LANGUAGE,
            deadline=time.time() + DEADLINE_SECONDS,
            arguments={"game": word.game_id},
        )
        async with self._turns[word.game_id]:
            answer = await order(self._bot, command)
        if answer.state == "done":
            await self._look()
