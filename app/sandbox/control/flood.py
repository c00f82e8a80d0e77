"""POST /sandbox/flood: very many messages, as fast as the client reads or at a steady rate.

The payload of each author is serialised once, with holes for id, time and number; frames are made
by filling them. Every message also enters the channel's history, as any other.
"""

import asyncio
import time

import orjson
from aiohttp import web

from app.sandbox import ids
from app.sandbox.box import Box, box_of
from app.sandbox.constants import Json
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.gateway.session import Session
from app.sandbox.hub import Event
from app.sandbox.permissions import require, send_permission
from app.sandbox.render import messages as render
from app.sandbox.rest.answers import answer
from app.sandbox.state.models import Channel, Message

_CHUNK = 500
_BACKLOG = 4 << 20
_PAUSE = 0.001
_TICKS = 50
_MOST = 5_000_000
_ID, _TIME, _NUMBER = "\x01id\x01", "\x01time\x01", "\x01number\x01"


async def flood(request: web.Request) -> web.Response:
    """`{channel, authors, count, per_second?, content?}`; answers when all are written.

    Answers `{count, first, last, seconds}`. The number of each message follows its content.
    """
    box = box_of(request)
    data = await params.read(request)
    params.only(data, ("channel", "authors", "count", "per_second", "content"))
    channel = params.channel(box, data)
    count = params.whole(data, "count", default=1, least=1, most=_MOST)
    per_second = params.whole(data, "per_second", default=0, least=0, most=1_000_000)
    content = params.text(data, "content", default="flood message", most=1900)
    authors = _authors(box, channel, data)
    began = time.monotonic()
    pour = Flood(box, channel, authors, content)
    await pour.run(count, per_second)
    spent = time.monotonic() - began
    return answer({"count": count, "first": str(pour.first), "last": str(pour.last), "seconds": spent})


def _authors(box: Box, channel: Channel, data: Json) -> list[int]:
    rows = data.get("authors")
    if not isinstance(rows, list) or not rows:
        raise BadInput("authors must be a list of user ids with at least one")
    authors = [params.user(box, {"authors": row}, "authors") for row in rows]
    for author in authors:
        params.inside(box, channel, author, "authors")
        require(box.world, channel, author.id, send_permission(channel))
    return [author.id for author in authors]


class Flood:
    """Pours messages of several authors into one channel."""

    def __init__(self, box: Box, channel: Channel, authors: list[int], content: str) -> None:
        self.box = box
        self.channel = channel
        self.authors = authors
        self.content = content
        self.first = self.last = 0
        self._made = 0
        self._full = [self._template(author, strip=False) for author in authors]
        self._stripped = [self._template(author, strip=True) for author in authors]

    def _sample(self, author: int) -> Message:
        row = Message(self.box.world.ids.next(), self.channel.id, self.channel.guild_id, author, "")
        row.content = f"{self.content} {_NUMBER}"
        return row

    def _template(self, author: int, *, strip: bool) -> bytes:
        body = render.dispatched(self.box.world, self._sample(author))
        body |= {"id": _ID, "timestamp": _TIME}
        if strip:
            body["content"] = ""
        # The holes are filled in this order, so the fields must stand in it.
        raw = orjson.dumps({key: body[key] for key in ("id", "timestamp", "content", *body)}).replace(b"%", b"%%")
        for hole, mark in ((_ID, b"%d"), (_TIME, b"%b"), (_NUMBER, b"%d")):
            raw = raw.replace(orjson.dumps(hole).strip(b'"'), mark)
        return raw

    async def run(self, count: int, per_second: int) -> None:
        """Send them all."""
        chunk = max(1, min(_CHUNK, per_second // _TICKS)) if per_second else _CHUNK
        began = time.monotonic()
        while self._made < count:
            self._pour(min(chunk, count - self._made))
            await asyncio.sleep(0)
            # A transport that aiohttp owns tells nobody else when its buffer has drained.
            while self._is_congested():  # noqa: ASYNC110
                await asyncio.sleep(_PAUSE)
            if per_second:
                await asyncio.sleep(max(0.0, began + self._made / per_second - time.monotonic()))

    def _sessions(self) -> list[Session]:
        return [s for s in self.box.hub.sessions.values() if isinstance(s, Session)]

    def _is_congested(self) -> bool:
        return any(s.wire is not None and s.wire.backlog() > _BACKLOG for s in self._sessions())

    def _pour(self, size: int) -> None:
        rows = [self._message(number) for number in range(self._made, self._made + size)]
        for session, event in self._audience():
            hides = self.box.hub.hides_content(event, session.intents)
            session.dispatch_many("MESSAGE_CREATE", self._payloads(rows, self._stripped if hides else self._full))
        self._to_pages(rows)
        self._made += size

    def _message(self, number: int) -> tuple[int, Message]:
        author = self.authors[number % len(self.authors)]
        row = Message(self.box.world.ids.next(), self.channel.id, self.channel.guild_id, author, "")
        row.content = f"{self.content} {number}"
        self.channel.history.append(row)
        self.channel.last_message_id = self.last = row.id
        self.first = self.first or row.id
        return number, row

    def _payloads(self, rows: list[tuple[int, Message]], templates: list[bytes]) -> list[bytes]:
        times = _Times()
        size = len(templates)
        if templates is self._stripped:
            return [templates[n % size] % (row.id, times.of(row.id)) for n, row in rows]
        return [templates[n % size] % (row.id, times.of(row.id), n) for n, row in rows]

    def _event(self) -> Event:
        data: Json = {"mentions": []}
        guild_id, channel_id = self.channel.guild_id, self.channel.id
        return Event("MESSAGE_CREATE", data, guild_id, channel_id, author_id=self.authors[0])

    def _audience(self) -> list[tuple[Session, Event]]:
        event = self._event()
        return [(s, event) for s in self._sessions() if self.box.hub.takes(s, event)]

    def _to_pages(self, rows: list[tuple[int, Message]]) -> None:
        event = self._event()
        watching = [w for w, user in self.box.hub.watchers.items() if self.box.hub.may_see(event, user)]
        if not watching:
            return
        for payload in self._payloads(rows, self._full):
            for watcher in watching:
                watcher("MESSAGE_CREATE", b'{"type":"message_create","data":%b}' % payload)


class _Times:
    # Thousands of messages share one millisecond; its text is made once.
    def __init__(self) -> None:
        self._key = -1
        self._text = b""

    def of(self, snowflake: int) -> bytes:
        key = snowflake >> ids.SHIFT
        if key != self._key:
            self._key = key
            self._text = ids.timestamp_of(snowflake).encode()
        return self._text
