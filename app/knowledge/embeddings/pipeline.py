"""From stale messages to their index rows: words first, then vectors, newest messages first.

Every step is a short transaction of its own, and the model runs outside of all of them. Killed anywhere, the pipeline
leaves messages that are still marked stale, and claims that run out.
"""

import logging
import time
from collections.abc import Callable, Sequence

from app.core import metrics
from app.core.db import unit_of_work
from app.core.errors import BadInput, ConfigurationError, Unavailable
from app.knowledge.embeddings import cache, index, rules
from app.knowledge.embeddings.index import Claimed
from app.knowledge.embeddings.providers import Provider, provider

log = logging.getLogger(__name__)

# How long a task works before it makes room for others in its queue.
SLICE_SECONDS = 5.0
# So long it may wait for those who go first, on top; it gets on, slowly, however long they are busy.
GIVE_WAY_SECONDS = 15.0
_LOOK_SECONDS = 0.1
# Words are cheap: a backlog of vectors does not keep a new message from being found by its words for longer than this.
_TERMS_SECONDS = 1.0
_STEP_ROWS = 2000
_CLAIM_ROWS = 128


def refresh(seconds: float = SLICE_SECONDS, is_crowded: Callable[[], bool] = lambda: False) -> bool:
    """Index what is stale for about so long; whether there is more to do.

    When the model is away its messages stay marked, findable by their words, and the answer is no: a sweep comes
    back to them, and a task that tried again at once would only fail again. Between two steps it waits while
    `is_crowded` says that others need the database more.
    """
    goes_on = _Slice(seconds, is_crowded).goes_on
    _settle(goes_on)
    next_terms = 0.0
    while goes_on():
        is_complete = False
        if time.monotonic() >= next_terms:
            is_complete = _index_terms(goes_on)
            next_terms = time.monotonic() + _TERMS_SECONDS
        with unit_of_work() as uow:
            rows = index.claim(uow.session, _CLAIM_ROWS)
            uow.commit()
        if not rows and is_complete:
            return False
        if not rows:
            # What came since the last look at words waits for that.
            next_terms = 0.0
        elif not _embed_all(rows):
            return False
    return True


class _Slice:
    """The time of one task. Its priority as a process does not reach PostgreSQL's, so it gives way by waiting."""

    def __init__(self, seconds: float, is_crowded: Callable[[], bool]) -> None:
        self._until = time.monotonic() + seconds
        self._patience = GIVE_WAY_SECONDS
        self._is_crowded = is_crowded

    def goes_on(self) -> bool:
        """Let others go first, then say whether there is time for another step."""
        began = time.monotonic()
        while time.monotonic() - began < self._patience and self._is_crowded():
            time.sleep(_LOOK_SECONDS)
        waited = time.monotonic() - began
        self._patience -= waited
        self._until += waited
        return time.monotonic() < self._until


def _settle(goes_on: Callable[[], bool]) -> None:
    """Take the mark off all messages that hold nothing to be found, or off as many as the time allows."""
    done = _STEP_ROWS
    while done == _STEP_ROWS and goes_on():
        with unit_of_work() as uow:
            done = index.settle(uow.session, _STEP_ROWS)
            uow.commit()


def _index_terms(goes_on: Callable[[], bool]) -> bool:
    """Index the words of all stale messages from the newest down; False when the time did not allow it."""
    below: int | None = index.ANY_ID
    while below is not None and goes_on():
        with unit_of_work() as uow:
            below = index.index_terms(uow.session, _STEP_ROWS, below)
            uow.commit()
    return below is None


def _embed_all(rows: Sequence[Claimed]) -> bool:
    """Embed these messages batch by batch; False when the model is away.

    A message whose claims ended badly several times stands alone, so that it takes no others down with it.
    """
    suspects = [[row] for row in rows if row.attempts > 2]  # noqa: PLR2004 - the third attempt.
    waiting = [*rules.batches([row for row in rows if row.attempts <= 2]), *suspects]  # noqa: PLR2004 - see above.
    while waiting:
        try:
            _embed(provider(), waiting[0])
        except (Unavailable, ConfigurationError) as error:
            log.warning("embedding pauses: %s", error)
            with unit_of_work() as uow:
                index.release(uow.session, [row for batch in waiting for row in batch])
                uow.commit()
            return False
        except BadInput as error:
            # Their claims run out, and they come back alone, after longer each time; the others go on.
            log.warning("texts could not be embedded: %s", error)
        waiting.pop(0)
    return True


def _embed(model: Provider, rows: Sequence[Claimed]) -> None:
    wanted = [row for row in rows if row.may_leave or not model.is_remote]
    texts = {(row.guild_id, row.hash): row.content for row in wanted}
    vectors = cache.get(model.model, list(texts), model.size)
    missing = [text for text in texts if text not in vectors]
    if missing:
        made = dict(zip(missing, model.embed([texts[text] for text in missing]), strict=True))
        # Before the commit: a deletion that comes after it finds the row, and takes the cached vector away as well.
        cache.put(model.model, made)
        vectors |= made
    by_message = {row.id: vectors[row.guild_id, row.hash] for row in wanted}
    with unit_of_work() as uow:
        written = index.store(uow.session, model.model, model.dims, rows, by_message)
        uow.commit()
    # A text that changed or went meanwhile must not leave its vector behind.
    cache.drop([cache.key(model.model, (row.guild_id, row.hash)) for row in wanted if row.id not in written])
    metrics.add("messages_embedded", len(written))
