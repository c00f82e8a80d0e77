"""What a store of documents can do, whichever it is, and which one is used (VECTOR_STORE).

A document is found by its passages. Whose a passage may be seen is part of the question: the guild and the channels.
Which documents there are is said by their rows, the same for every store: `documents.service` marks (adds, changes),
cuts, prunes and deletes them, `documents.queries` lists them with their metadata, and a store follows with `sync`, or
within the embedding pipeline. `vectors export` writes what vectors there are here; a store elsewhere gives none out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from app.core.errors import BadInput
from app.core.settings import settings

QUESTION_MAX, LIMIT_MAX = 2_000, 50
# What a row, called {row}, has to be for a scope to reach it; its values are `Scope.values`.
READABLE = """
{row}.guild_id = :guild_id AND ({row}.channel_id = ANY(:channel_ids) OR (:is_guild_wide AND {row}.channel_id IS NULL))
"""
# Is told how many documents were sent so far.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Scope:
    """Where a question may look: only in these channels of this guild, and only where the filters say.

    What belongs to no channel belongs to the whole guild, and is found if `is_guild_wide`.
    """

    guild_id: int
    channel_ids: Sequence[int]
    section: str | None = None
    since: date | None = None
    until: date | None = None
    is_guild_wide: bool = False

    @property
    def values(self) -> dict[str, object]:
        """What `READABLE` needs."""
        return {
            "guild_id": self.guild_id,
            "channel_ids": list(self.channel_ids),
            "is_guild_wide": self.is_guild_wide,
        }


@dataclass(frozen=True)
class Found:
    """A passage of a document, best first."""

    document_id: int
    url: str
    title: str
    channel_id: int | None
    day: date | None
    text: str
    score: float


class Store(Protocol):
    """A place for documents."""

    name: str

    def sync(self, progress: Progress = lambda _: None) -> dict[str, int] | None:
        """Bring the store to what the rows say: remove what is to go, then add what is due; what was done.

        Twice is safe, and killed anywhere it goes on where it stood. None while another process does it. Raises
        Unavailable when the other side is away.
        """

    def search(self, scope: Scope, question: str, limit: int = 10) -> list[Found]:
        """The passages that answer the question best. Blocks. Raises Unavailable when the store is away."""

    def rebuild(self, guild_id: int | None, *, but_since: datetime | None = None) -> int:
        """Have everything put into the store anew, from the rows; how many documents.

        What came back out of an archive since that moment is left as it is.
        """


def store() -> Store:
    """The store that is used."""
    if settings().vector_store == "openai":
        from app.knowledge.vectors.managed import MANAGED  # noqa: PLC0415 - few processes load its library.

        return MANAGED
    from app.knowledge.vectors.pgvector import PGVECTOR  # noqa: PLC0415 - as the other one.

    return PGVECTOR


def check(scope: Scope, question: str, limit: int) -> str:
    """The question as it may be asked; empty when it can find nothing. Raises BadInput that names what is allowed."""
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(f"The limit is {limit}, and must lie between 1 and {LIMIT_MAX}.")
    return question[:QUESTION_MAX].replace("\0", "\ufffd").strip() if scope.channel_ids or scope.is_guild_wide else ""
