"""What can be embedded. The pipeline knows texts and vectors; a source knows its rows.

A feature with texts of its own writes a class like `Messages` and is listed in `app/knowledge/vectors/registry.py`, and
nowhere else. All of its methods but `settle` and `prepare` run in a short transaction of the caller, which commits.
Where one deletes vectors it tells the cache of them too (`cache.drop_with`), and of what stands with a claim (`note`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from app.knowledge.embeddings import cache, rules

# What may be found: a text that is there, of somebody who did not opt out.
FINDABLE = """
m.author_id IS NOT NULL AND m.deleted_at IS NULL AND m.content ~ '\\S'
AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = m.guild_id AND o.user_id = m.author_id)
"""


@dataclass(frozen=True)
class Claimed:
    """A text that this worker has in hand."""

    id: int
    guild_id: int
    content: str
    attempts: int
    # Whether its guild agreed that texts are sent to a provider elsewhere.
    may_leave: bool
    # The model whose vectors its guild searches, unless this row has its vector of that model already.
    serving: str | None = None

    @property
    def hash(self) -> bytes:
        """What says that the text is still the same."""
        return rules.hash_of(self.content)

    @property
    def parts(self) -> list[str]:
        """The text in pieces that a model reads at once."""
        return rules.parts(self.content)

    @property
    def text_keys(self) -> list[cache.TextKey]:
        """What the cache knows each piece by, in the same order."""
        return [(self.guild_id, rules.hash_of(part)) for part in self.parts]

    def cache_keys(self, model: str) -> list[str]:
        """Under which keys its vectors by this model may lie in the cache."""
        return [cache.key(model, one) for one in self.text_keys]


@dataclass(frozen=True)
class Made:
    """What one model made of the texts of some rows: for each row a vector for each part."""

    model: str
    dims: int
    vectors: Mapping[int, Sequence[bytes]]


class Source(Protocol):
    """A kind of embeddable text."""

    @property
    def name(self) -> str:
        """What dead letters and figures call it."""

    def settle(self, goes_on: Callable[[], bool]) -> None:
        """Put aside what holds nothing to be embedded, once in each task, as `prepare` does its work."""

    def prepare(self, goes_on: Callable[[], bool]) -> bool:
        """Do what needs no model, for as long as `goes_on` says, in transactions of its own; whether all is done."""

    def waiting(self, session: Session) -> int:
        """How many texts are due."""

    def claim(self, session: Session, limit: int) -> list[Claimed]:
        """Take so many texts that are due in hand, the most urgent first; others leave them alone for a while.

        Due are also those that have a vector of another model only, once their guild is searched by the chosen one.
        """

    def note(self, session: Session, keys: Mapping[int, Sequence[str]]) -> None:
        """Write down, with the claims of these rows, which keys of the cache may hold vectors of them from now on.

        Whatever ends a claim drops those that no stored vector tells of (`cache.drop_keys_with`); so does whatever
        takes the text away, which may find the claim of a worker that was killed before it stored anything.
        """

    def store(self, session: Session, rows: Sequence[Claimed], made: Sequence[Made]) -> set[int]:
        """Write the vectors of those rows whose text is still the same, and end every claim; which rows were the same.

        A row without a vector needs none, and is due no longer all the same.
        """

    def release(self, session: Session, rows: Sequence[Claimed]) -> None:
        """Give these rows back, because the model is away: that counts as no attempt."""

    def bury(self, session: Session, rows: Sequence[Claimed], reason: str, model: str) -> None:
        """Leave these rows alone from now on and note why; a new text, or another model, brings them back."""

    def revive(self, session: Session, limit: int, *, but: str | None = None) -> int:
        """Make so many buried rows due again, or only those that another model than this one gave up; how many."""
