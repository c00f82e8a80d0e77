"""The event path: a raw gateway payload becomes events of scalars in the buffer.

It runs for every dispatch, before discord.py touches its cache, and must stay cheap: no await, no I/O.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from app.bot import metrics
from app.bot.batches import Batch, Batcher
from app.bot.policy import Policy
from app.bot.publisher import Publisher
from app.bot.sequence import Sequence, SequenceExhausted
from app.core.events import Event
from app.core.quiet import describe
from app.core.translate import MALFORMED, Context, Payload, Person, Translated, guild_of

log = logging.getLogger(__name__)

Translate = Callable[[Payload, Context], Translated]


class Route(NamedTuple):
    """How one kind of dispatch is translated."""

    translate: Translate
    person: Person | None


class Buffer:
    """Events until the next flush: at most that long and that many."""

    def __init__(self, sink: Callable[[Batch], None], batcher: Batcher, *, seconds: float, size: int) -> None:
        self._sink = sink
        self._batcher = batcher
        self._seconds = seconds
        self._size = size
        self._events: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, event: Event) -> None:
        """Keep an event for the next batch."""
        events = self._events
        events.append(event)
        if len(events) >= self._size:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self.flush)

    def flush(self) -> None:
        """Hand over what is here now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._events:
            events, self._events = self._events, []
            self._sink(self._batcher.batch(events))

    def __len__(self) -> int:
        return len(self._events)


class Ingest:
    """Translators by event name, the wishes applied before them, and the buffer behind them."""

    def __init__(self, policy: Policy, sequence: Sequence, buffer: Buffer, publisher: Publisher) -> None:
        self.policy = policy
        self.buffer = buffer
        self._publisher = publisher
        self.live = Context(sequence.take, policy)
        self.late = Context(sequence.take, policy)
        self.late.is_late = True
        # Both look at one guild's joining time.
        self.late.joined = self.live.joined
        self._routes: dict[str, tuple[Route, ...]] = {}
        # Called when events can no longer be numbered: the bot ends, and backfills once it can number them again.
        self.on_exhausted: Callable[[BaseException], None] = lambda _: None
        self._kept = {False: metrics.KEPT.labels("live"), True: metrics.KEPT.labels("late")}

    def register(self, event: str, translate: Translate, *, person: Person | None = None) -> None:
        """Translate this gateway event; payloads about a person who may not be kept never reach the translator."""
        self._routes[event] = (*self._routes.get(event, ()), Route(translate, person))

    def unregister(self, *events: str) -> None:
        """Forget the translators of these events."""
        for event in events:
            self._routes.pop(event, None)

    @property
    def events(self) -> frozenset[str]:
        """The gateway events that are translated."""
        return frozenset(self._routes)

    def set_identity(self, user_id: int) -> None:
        """Tell the translators who the bot is."""
        self.live.me = self.late.me = user_id

    def handle(self, event: str, data: Payload, *, is_late: bool = False) -> None:
        """Translate a payload and buffer what may be kept; a malformed one is counted and costs only itself."""
        context = self.late if is_late else self.live
        for route in self._routes.get(event, ()):
            self._translate(event, route, data, context)

    def _translate(self, event: str, route: Route, data: Payload, context: Context) -> None:
        try:
            if route.person is not None and not self._allows(route.person(data), data):
                metrics.LEFT_OUT.inc()
                return
            found = route.translate(data, context)
            if found is not None:
                self._keep(found, is_late=context.is_late)
        except MALFORMED as error:
            note_malformed(event, error)
        except SequenceExhausted as error:
            self.on_exhausted(error)

    def tell(self, event: str, data: Payload, numbers: Iterator[int]) -> None:
        """Translate a payload that answers a question, stamped with numbers taken before it was asked."""
        context = Context(lambda: next(numbers), self.policy)
        context.me, context.is_late, context.joined = self.late.me, True, self.late.joined
        for route in self._routes.get(event, ()):
            self._translate(event, route, data, context)

    def emit(self, event: Event, *, is_late: bool = True) -> None:
        """Buffer an event that no payload told."""
        self._keep(event, is_late=is_late)

    def _keep(self, found: Event | Iterable[Event], *, is_late: bool) -> None:
        for event in (found,) if isinstance(found, Event) else found:
            self.buffer.add(event)
            self._kept[is_late].inc()

    def _allows(self, user_id: int | None, data: Payload) -> bool:
        return user_id is None or self.policy.allows(guild_of(data), user_id)

    async def wait_for_room(self) -> None:
        """Wait while too many events are in memory."""
        await self._publisher.wait_for_room()


def note_malformed(event: str, error: BaseException) -> None:
    """Count and log a payload that could not be understood, without a word of what it says."""
    metrics.MALFORMED.labels(event).inc()
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
    log.warning("a malformed %s was passed over: %s in %s", event, describe(error), where)
