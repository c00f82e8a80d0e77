"""The models that make vectors: the one chosen by EMBEDDINGS_PROVIDER, and those whose vectors are still searched.

Nothing heavy is imported before the first text: every worker and the bot import this module, few of them embed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

from app.core import metrics
from app.core.errors import BadInput, ConfigurationError, RemoteUnavailable, Unavailable
from app.core.settings import settings
from app.knowledge.embeddings import rules
from app.knowledge.embeddings.limits import PAUSE_MAX_SECONDS, Limits

_PAUSE_SECONDS = 5.0
_PAUSE_LIMIT_SECONDS = 120.0
# Longer than any answer takes: then whoever tried for all is taken to have ended without one.
_TRIAL_SECONDS = 30.0
# After so many doublings the limit is long reached; a power of some hundred more is no number any longer.
_DOUBLINGS_MAX = 10


@dataclass
class Breaker:
    """Refuses at once what has just failed, for a pause that doubles with each further failure.

    One call after each pause finds out whether it works again; nothing is decided at start-up. A pause that the
    failing side asked for is kept as it is, up to an hour.
    """

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    closed_from: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def check(self) -> None:
        """Raise Unavailable while the pause lasts."""
        if self.clock() < self.closed_from:
            raise Unavailable("the embedding model failed a moment ago and is left alone for a while")

    def enter(self) -> None:
        """The same, for whoever asks at once: after a pause this caller finds out, and the others go on without."""
        with self.lock:
            self.check()
            if self.failures:
                self.closed_from = self.clock() + _TRIAL_SECONDS

    def failed(self, wanted: float | None = None) -> None:
        """Begin a pause, of so many seconds if that is what the other side wants."""
        pause = min(_PAUSE_SECONDS * 2.0 ** min(self.failures, _DOUBLINGS_MAX), _PAUSE_LIMIT_SECONDS)
        if wanted is not None:
            pause = min(max(pause, wanted), PAUSE_MAX_SECONDS)
        self.closed_from = self.clock() + pause
        self.failures += 1

    def succeeded(self) -> None:
        """End every pause."""
        self.failures, self.closed_from = 0, 0.0


@dataclass(frozen=True)
class Provider:
    """A model by the name that its vectors carry."""

    model: str
    dims: int
    # Whether texts leave this machine, which a guild must have agreed to.
    is_remote: bool
    run: Callable[[Sequence[str]], Sequence[Sequence[float]]]
    breaker: Breaker = field(default_factory=Breaker)
    limits: Limits | None = None
    # Providers of vectors that are still searched: they live as long as this one, so that their breakers remember.
    others: "dict[str, Provider]" = field(default_factory=dict, compare=False, repr=False)

    @property
    def size(self) -> int:
        """The bytes of one packed vector."""
        return 2 * self.dims

    def embed(self, texts: Sequence[str], patience: float | None = None) -> list[bytes]:
        """One packed vector for each text, in order. Blocks.

        With a patience, waits up to so many seconds for room in the provider's budget. Without, somebody waits for
        this text: it goes first, and is counted. Raises Unavailable or ConfigurationError when the model is away or
        its budget spent, and BadInput when these texts are at fault.
        """
        self.breaker.check()
        self._take(sum(map(rules.tokens_of, texts)), patience)
        self.breaker.enter()
        try:
            packed = rules.pack_all(self.run(texts), self.dims, len(texts))
        except (Unavailable, ConfigurationError) as error:
            wanted = error.retry_after if isinstance(error, RemoteUnavailable) else None
            self.breaker.failed(wanted)
            if wanted is not None and self.limits is not None:
                self.limits.pause(wanted)
            metrics.add("embedding_calls_failed")
            raise
        except BadInput:
            # It answered, if only that these texts are at fault.
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        metrics.add("texts_embedded", len(texts))
        return packed

    def _take(self, tokens: int, patience: float | None) -> None:
        """Wait for room in the budget."""
        if self.limits is None:
            return
        until = time.monotonic() + (patience or 0.0)
        while missing := self.limits.take(tokens, is_urgent=patience is None):
            if time.monotonic() + missing > until:
                raise Unavailable(f"the embedding model is asked again in {missing:.0f} s: its budget is spent")
            time.sleep(missing)


@cache
def provider() -> Provider:
    """The provider whose vectors new texts get."""
    if settings().embeddings_provider == "openai":
        return _openai(settings().openai_embedding_model, settings().openai_embedding_dimensions)
    return _local()


def named(model: str) -> Provider:
    """The provider whose vectors carry this name. Raises Unavailable when none that is configured makes such."""
    if model == provider().model:
        return provider()
    others = provider().others
    if model not in others:
        others[model] = _made(model)
    return others[model]


def _made(model: str) -> Provider:
    base, _, length = model.rpartition("/")
    if length.isdecimal() and settings().openai_api_key:
        return _openai(base, int(length))
    if not length.isdecimal() and (local := _local()).model == model:
        return local
    raise Unavailable("the vectors here were made by a model that is not configured any more")


def _local() -> Provider:
    from app.clients import minilm  # noqa: PLC0415 - see the module's docstring.

    def run(texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = minilm.embed(texts).tolist()
        return vectors

    return Provider(minilm.MODEL, minilm.DIMENSIONS, is_remote=False, run=run)


def _openai(model: str, dims: int) -> Provider:
    from app.clients import openai  # noqa: PLC0415 - see the module's docstring.

    def run(texts: Sequence[str]) -> list[list[float]]:
        return openai.embed(texts, model, dims)

    limits = Limits("openai", settings().openai_requests_per_minute, settings().openai_tokens_per_minute)
    return Provider(openai.vector_name(model, dims), dims, is_remote=True, run=run, limits=limits)
