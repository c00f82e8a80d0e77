"""The messages that a search ranks, as columns: what is known of each, and what stands before and after it. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Messages of a channel with no longer silence between them belong to one conversation.
SESSION_GAP_MS = 3_600_000
_SNOWFLAKE_SHIFT = 22


@dataclass(frozen=True)
class Rows:
    """Messages in the order of their ids; every column has one value for each."""

    ids: Integers
    channels: Integers
    authors: Integers
    # Whether each term is there: a row for each message, a column for each term.
    matches: Flags
    # Cosines; nan where there is no vector.
    closeness: Floats
    words: Integers
    traits: Integers
    # False for a message that the filters leave out: it lends its neighbours context, and is no answer.
    may_answer: Flags
    # The place of the message before it and after it in its conversation; as many as there are rows where none is.
    before: Integers
    after: Integers

    def __len__(self) -> int:
        return len(self.ids)

    def neighbours(self, offset: int) -> Integers:
        """The place of the message so far before (less than 0) or after each; as many as there are rows for none."""
        step = np.append(self.after if offset > 0 else self.before, len(self))
        at = np.arange(len(self))
        for _ in range(abs(offset)):
            at = step[at]
        return at

    def conversations(self) -> Integers:
        """The number of each message's conversation, as far as the rows show it, from 0."""
        order = np.lexsort((self.ids, self.channels))
        begins = np.ones(len(self), np.int64)
        begins[1:] = (np.diff(self.channels[order]) != 0) | (_silences(self.ids[order]) > SESSION_GAP_MS)
        number = np.empty(len(self), np.int64)
        number[order] = np.cumsum(begins) - 1
        return number


@dataclass(frozen=True)
class Windows:
    """What stands around each candidate of a leg as it is read: a value for each message of each window, in any order.

    A message stands in the window of every candidate nearby, so it may be there several times.
    """

    # Which window it is of, and its place there: less than 0 before the candidate, more after it.
    candidates: Sequence[int] = ()
    steps: Sequence[int] = ()
    ids: Sequence[int] = ()
    channels: Sequence[int] = ()
    authors: Sequence[int] = ()
    words: Sequence[int] = ()
    traits: Sequence[int] = ()
    # One bit for each term.
    matches: Sequence[int] = ()
    distances: Sequence[float | None] = ()
    may_answer: Sequence[bool] = ()

    def pairs(self) -> tuple[Integers, Integers]:
        """Which messages stand directly before which, as two columns of ids."""
        candidates, ids = np.array(self.candidates, np.int64), np.array(self.ids, np.int64)
        line = np.lexsort((np.array(self.steps, np.int64), candidates))
        ids, is_one_window = ids[line], np.diff(candidates[line]) == 0
        is_next = is_one_window & (_silences(ids) <= SESSION_GAP_MS)
        return ids[:-1][is_next], ids[1:][is_next]


def merge(legs: Sequence[Windows], terms: int) -> Rows:
    """Each message once, with what stands beside it."""

    def column(name: str, kind: type) -> NDArray[Any]:
        return np.concatenate([np.array(getattr(leg, name), kind) for leg in legs])

    ids, first = np.unique(column("ids", np.int64), return_index=True)
    before, after = np.full(len(ids), len(ids)), np.full(len(ids), len(ids))
    for leg in legs:
        earlier, later = (np.searchsorted(ids, side) for side in leg.pairs())
        before[later], after[earlier] = earlier, later
    return Rows(
        ids=ids,
        channels=column("channels", np.int64)[first],
        authors=column("authors", np.int64)[first],
        matches=(column("matches", np.int64)[first][:, None] >> np.arange(terms) & 1).astype(bool),
        closeness=1 - column("distances", float)[first],
        words=column("words", np.int64)[first],
        traits=column("traits", np.int64)[first],
        may_answer=column("may_answer", bool)[first],
        before=before,
        after=after,
    )


def _silences(ids: Integers) -> Integers:
    """The milliseconds between each message and the next."""
    return np.diff(ids >> _SNOWFLAKE_SHIFT)
