"""From stale texts to vectors: first what needs no model, then batch by batch what does, the most urgent first.

Every step is a short transaction of its own, and the model runs outside of all of them. Killed anywhere, the pipeline
leaves texts that are still marked stale, and claims that run out.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from app.core import metrics
from app.core.db import unit_of_work
from app.core.errors import BadInput, ConfigurationError, Unavailable
from app.knowledge.embeddings import cache, models, rules
from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.embeddings.providers import Provider, named, provider
from app.knowledge.embeddings.sources import Claimed, Made, Source

log = logging.getLogger(__name__)

# How long a task works before it makes room for others in its queue.
SLICE_SECONDS = 5.0
# So long it may wait for those who go first, on top; it gets on, slowly, however long they are busy.
GIVE_WAY_SECONDS = 15.0
_LOOK_SECONDS = 0.1
# Words are cheap: a backlog of vectors does not keep a new message from being found by its words for longer than this.
_PREPARE_SECONDS = 1.0
_CLAIM_ROWS = 128
# How long a batch waits for room in the provider's budget before the task ends; the sweep goes on.
_PATIENCE_SECONDS = 5.0
# From the third attempt on a text stands alone, so that it takes no others down with it.
_ALONE_FROM = 3
# After about an hour of attempts that the model refused, or a day of workers that ended over it, it is given up.
REFUSALS_MAX = 6
ENDINGS_MAX = 12


def refresh(
    seconds: float = SLICE_SECONDS,
    is_crowded: Callable[[], bool] = lambda: False,
    sources: Sequence[Source] = (MESSAGES,),
) -> bool:
    """Embed what is stale for about so long; whether there is more to do.

    When the model is away its texts stay marked, findable by their words, and the answer is no: a sweep comes back to
    them, and a task that tried again at once would only fail again. Between two steps it waits while `is_crowded`
    says that others need the database more.
    """
    goes_on = _Slice(seconds, is_crowded).goes_on
    for source in sources:
        source.settle(goes_on)
    next_look = dict.fromkeys(sources, 0.0)
    while goes_on():
        is_idle = is_complete = True
        for source in sources:
            is_looked_through = False
            if time.monotonic() >= next_look[source]:
                is_looked_through = source.prepare(goes_on)
                next_look[source] = time.monotonic() + _PREPARE_SECONDS
            rows = _claim(source)
            if rows and not _embed_all(source, rows):
                return False
            is_idle, is_complete = is_idle and not rows, is_complete and is_looked_through
        if is_idle and not is_complete:
            # What came since the last look waits for the next. All take it in one round: one after the other they
            # would never be complete at the same time.
            next_look = dict.fromkeys(sources, 0.0)
        # Texts that have a vector of an older model wait for those that have none.
        elif is_idle and not models.advance(provider(), sources):
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


def _claim(source: Source) -> list[Claimed]:
    with unit_of_work() as uow:
        rows = source.claim(uow.session, _CLAIM_ROWS)
        # Written down before anything is cached: should this worker be killed, a deletion knows where to look.
        source.note(uow.session, {row.id: _may_be_cached(row) for row in rows})
        uow.commit()
    return rows


def _may_be_cached(row: Claimed) -> list[str]:
    names = {provider().model, row.serving or provider().model}
    return [key for name in sorted(names) for key in row.cache_keys(name)]


def _embed_all(source: Source, rows: Sequence[Claimed]) -> bool:
    """Embed these texts batch by batch; False when the model is away."""
    hopeless = [row for row in rows if row.attempts > ENDINGS_MAX]
    _bury(source, hopeless, "every worker that tried it ended before it was done")
    alive = [row for row in rows if row.attempts <= ENDINGS_MAX]
    suspects = [[row] for row in alive if row.attempts >= _ALONE_FROM]
    waiting = [*rules.batches([row for row in alive if row.attempts < _ALONE_FROM]), *suspects]
    while waiting:
        try:
            _embed(source, waiting[0])
        except (Unavailable, ConfigurationError) as error:
            log.warning("embedding pauses: %s", error)
            with unit_of_work() as uow:
                source.release(uow.session, [row for batch in waiting for row in batch])
                uow.commit()
            return False
        except BadInput as error:
            # Their claims run out, and they come back alone, after longer each time; the others go on.
            log.warning("texts could not be embedded: %s", error)
            if len(waiting[0]) == 1 and waiting[0][0].attempts >= REFUSALS_MAX:
                _bury(source, waiting[0], str(error))
        waiting.pop(0)
    return True


def _bury(source: Source, rows: Sequence[Claimed], reason: str) -> None:
    if not rows:
        return
    log.error("texts are given up: %s", reason, extra={"source": source.name, "texts": len(rows)})
    with unit_of_work() as uow:
        source.bury(uow.session, rows, reason, provider().model)
        uow.commit()
    metrics.add("texts_given_up", len(rows))


def _embed(source: Source, rows: Sequence[Claimed]) -> None:
    """Embed one batch by the chosen model and, where a guild still searches another's vectors, by that one too."""
    made = [_made(provider(), rows), *_made_for_search(rows)]
    with unit_of_work() as uow:
        written = source.store(uow.session, rows, made)
        uow.commit()
    # A text that changed or went meanwhile must not leave its vectors behind.
    cache.drop([key for one in made for row in rows if row.id not in written for key in row.cache_keys(one.model)])
    cache.keep(key for one in made for row in rows if row.id in written for key in row.cache_keys(one.model))
    metrics.add(f"{source.name}_embedded", sum(row.id in made[0].vectors for row in rows if row.id in written))


def _made_for_search(rows: Sequence[Claimed]) -> Iterable[Made]:
    """New texts under the models that guilds still search; without one that is away, they are found by words."""
    for name in sorted({row.serving for row in rows if row.serving not in {None, provider().model}}, key=str):
        try:
            yield _made(named(str(name)), [row for row in rows if row.serving == name])
        except (Unavailable, ConfigurationError, BadInput) as error:
            log.warning("new texts have no vector of the model that is searched: %s", error)


def _made(model: Provider, rows: Sequence[Claimed]) -> Made:
    """The vectors of those rows that this model may see, from the cache where they are there."""
    wanted = [row for row in rows if row.may_leave or not model.is_remote]
    texts = {key: part for row in wanted for key, part in zip(row.text_keys, row.parts, strict=True)}
    vectors = cache.get(model.model, list(texts), model.size)
    missing = [key for key in texts if key not in vectors]
    if missing:
        fresh = model.embed([texts[key] for key in missing], patience=_PATIENCE_SECONDS)
        made = dict(zip(missing, fresh, strict=True))
        # Before the commit: a deletion that comes after it finds the row, and takes the cached vector away as well. One
        # that comes while a killed worker's commit never will finds the key with the claim.
        cache.put(model.model, made)
        vectors |= made
    return Made(model.model, model.dims, {row.id: [vectors[key] for key in row.text_keys] for row in wanted})
