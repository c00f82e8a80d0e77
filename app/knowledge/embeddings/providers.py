"""The model that makes vectors, chosen by EMBEDDINGS_PROVIDER.

Nothing heavy is imported before the first text: every worker and the bot import this module, few of them embed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from app.core.errors import ConfigurationError, Unavailable
from app.core.settings import settings
from app.knowledge.embeddings import rules

_PAUSE_SECONDS = 5.0
_PAUSE_LIMIT_SECONDS = 120.0


@dataclass
class Breaker:
    """Refuses at once what has just failed, for a pause that doubles with each further failure.

    One call after each pause finds out whether it works again; nothing is decided at start-up.
    """

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    closed_from: float = 0.0

    def check(self) -> None:
        """Raise Unavailable while the pause lasts."""
        if self.clock() < self.closed_from:
            raise Unavailable("the embedding model failed a moment ago and is left alone for a while")

    def failed(self) -> None:
        """Begin a pause."""
        self.closed_from = self.clock() + min(_PAUSE_SECONDS * 2.0**self.failures, _PAUSE_LIMIT_SECONDS)
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

    @property
    def size(self) -> int:
        """The bytes of one packed vector."""
        return 2 * self.dims

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One packed vector for each text, in order. Blocks.

        Raises Unavailable or ConfigurationError when the model is away, and BadInput when these texts are at fault.
        """
        self.breaker.check()
        try:
            packed = rules.pack_all(self.run(texts), self.dims, len(texts))
        except (Unavailable, ConfigurationError):
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return packed


@cache
def provider() -> Provider:
    """This process's provider."""
    return _openai() if settings().embeddings_provider == "openai" else _local()


def _local() -> Provider:
    from app.clients import minilm  # noqa: PLC0415 - see the module's docstring.

    def run(texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = minilm.embed(texts).tolist()
        return vectors

    return Provider(minilm.MODEL, minilm.DIMENSIONS, is_remote=False, run=run)


def _openai() -> Provider:
    from app.clients import openai  # noqa: PLC0415 - see the module's docstring.

    return Provider(openai.EMBEDDING_NAME, openai.EMBEDDING_DIMENSIONS, is_remote=True, run=openai.embed)
