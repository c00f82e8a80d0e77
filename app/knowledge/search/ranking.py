"""What makes one message a better answer than another: a few features, each with a weight. No I/O.

The weights were fitted to questions about long conversations, one conversation left out at a time, and hardly moved
from one fit to the next; docs/retrieval.md has the figures, and what each feature is worth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core import clock
from app.knowledge.embeddings.languages import ASKS, TELLS_TIME
from app.knowledge.search.dates import Mention

Floats = NDArray[np.float64]

# Messages of a channel with no longer silence between them belong to one conversation.
SESSION_GAP_MS = 3_600_000
_SNOWFLAKE_SHIFT = 22

# How much of a message's neighbours, two before to two after it, counts as its own: of their words and their meaning.
_WORDS_AROUND = {-2: 0.2, -1: 0.4, 1: 0.3, 2: 0.1}
_MEANING_AROUND = {-2: 0.2, -1: 0.4, 1: 0.2, 2: 0.1}
_MEANING_SCALE = 1.6
# BM25's saturation, and how little a message's length matters: long messages of a chat say more.
_K1, _B, _TYPICAL_WORDS = 0.8, 0.2, 12.0

WEIGHTS = {
    "words": 4.2,
    "meaning": 3.4,
    "meaning_around": 3.1,
    "named": 1.2,
    "conversation": 0.8,
    "length": 0.6,
    "asks": -0.85,
    "time": 2.5,
    "date": 4.5,
    "answers_words": 0.95,
    "answers_meaning": 1.9,
}


class Row(NamedTuple):
    """A message as ranking sees it. `matches` says of each term whether it is there; `closeness` is a cosine."""

    id: int
    channel_id: int
    author_id: int
    matches: tuple[bool, ...]
    closeness: float | None
    words: int
    traits: int
    # False for a message that the filters leave out: it lends its neighbours context, and is no answer.
    may_answer: bool = True


@dataclass(frozen=True)
class Asked:
    """What ranking knows of a question."""

    # The rarity of each term.
    rarity: tuple[float, ...] = ()
    has_meaning: bool = True
    # Whom the question names, when it names one person.
    named: frozenset[int] = frozenset()
    asks_when: bool = False
    dates: tuple[Mention, ...] = ()


@dataclass
class Around:
    """Which message follows which in one conversation, as far as they were looked up."""

    following: dict[int, int] = field(default_factory=dict)
    preceding: dict[int, int] = field(default_factory=dict)

    def add(self, before: Sequence[int], message: int, after: Sequence[int]) -> None:
        """The ids before this message, nearest first, and those after it."""
        line = [*reversed(before), message, *after]
        for one, other in pairwise(line):
            if (other >> _SNOWFLAKE_SHIFT) - (one >> _SNOWFLAKE_SHIFT) <= SESSION_GAP_MS:
                self.following[one] = other
                self.preceding[other] = one


def rarity(messages: int, found: int) -> float:
    """How much a term tells that is in so many of so many messages."""
    return math.log(1 + (max(messages, found) - found + 0.5) / (found + 0.5))


def rank(rows: Sequence[Row], around: Around, asked: Asked) -> list[tuple[int, float]]:
    """The messages that may answer with their scores, best first, the newer before the older among equals."""
    if not rows:
        return []
    scores = np.zeros(len(rows))
    for name, feature in features(rows, around, asked).items():
        scores += WEIGHTS[name] * feature
    chosen = [(row.id, float(score)) for row, score in zip(rows, scores, strict=True) if _may_answer(row, asked)]
    return sorted(chosen, key=lambda item: (-item[1], -item[0]))


def features(rows: Sequence[Row], around: Around, asked: Asked) -> dict[str, Floats]:
    """Each feature of each row, under the names of the weights."""
    return _Table(rows, around, asked).features()


def _may_answer(row: Row, asked: Asked) -> bool:
    return row.may_answer and (asked.has_meaning or any(row.matches))


class _Table:
    """The rows as arrays; one more row of zeros stands for every neighbour that is not there."""

    def __init__(self, rows: Sequence[Row], around: Around, asked: Asked) -> None:
        self.rows, self.asked = rows, asked
        self.matches = np.array([row.matches for row in rows] + [(False,) * len(asked.rarity)], float)
        self.matches = self.matches.reshape(len(rows) + 1, len(asked.rarity))
        self.closeness = np.append(_filled([row.closeness for row in rows]), 0.0)
        self.asks = np.array([bool(row.traits & ASKS) for row in rows] + [False], float)
        self.at: dict[int, NDArray[Any]] = self._neighbours(around)

    def _neighbours(self, around: Around) -> dict[int, NDArray[Any]]:
        """For each row the place of the one so far before or after it, at each offset that counts."""
        ids = list(dict.fromkeys([*(row.id for row in self.rows), *around.following, *around.preceding]))
        places, nowhere = {message: place for place, message in enumerate(ids)}, len(ids)
        steps = {
            direction: np.array([places.get(known.get(message, 0), nowhere) for message in ids] + [nowhere])
            for direction, known in ((1, around.following), (-1, around.preceding))
        }
        nobody, own = len(self.rows), np.arange(len(self.rows))
        found = {}
        for offset in _WORDS_AROUND:
            at = own
            for _ in range(abs(offset)):
                at = steps[1 if offset > 0 else -1][at]
            found[offset] = np.minimum(at, nobody)
        return found

    def features(self) -> dict[str, Floats]:
        words, meaning, meaning_around = self._words(), self.closeness[:-1], self._meaning_around()
        own = self.matches @ np.array(self.asked.rarity)
        before = self.at[-1]
        was_asked = self.asks[before]
        lengths = np.array([row.words for row in self.rows], float)
        times = [self.asked.asks_when and bool(row.traits & TELLS_TIME) for row in self.rows]
        return {
            "words": words,
            "meaning": meaning,
            "meaning_around": meaning_around,
            "named": np.array([row.author_id in self.asked.named for row in self.rows], float),
            "conversation": self._conversation(words + 2 * (meaning + meaning_around)),
            "length": np.log1p(lengths),
            "asks": self.asks[:-1],
            "time": np.array(times, float),
            "date": self._dates(),
            "answers_words": was_asked * _by_largest(own)[before],
            "answers_meaning": was_asked * self.closeness[before],
        }

    def _words(self) -> Floats:
        """BM25 of a message with its neighbours, as a share of the best."""
        found = self.matches[:-1].copy()
        for offset, weight in _WORDS_AROUND.items():
            found += weight * self.matches[self.at[offset]]
        lengths = np.array([row.words for row in self.rows], float)
        found /= ((1 - _B) + _B * lengths / _TYPICAL_WORDS)[:, None]
        return _by_largest((found * (_K1 + 1) / (found + _K1)) @ np.array(self.asked.rarity))

    def _meaning_around(self) -> Floats:
        near = self.closeness[:-1].copy()
        for offset, weight in _MEANING_AROUND.items():
            near += weight * self.closeness[self.at[offset]]
        return near / _MEANING_SCALE

    def _conversation(self, base: Floats) -> Floats:
        """The best of a message's conversation, and the mean of its best three."""
        members: dict[int, list[int]] = {}
        order = sorted(range(len(self.rows)), key=lambda place: (self.rows[place].channel_id, self.rows[place].id))
        number, last = 0, None
        for place in order:
            row = self.rows[place]
            if last is None or last.channel_id != row.channel_id or _silence(last, row) > SESSION_GAP_MS:
                number += 1
            members.setdefault(number, []).append(place)
            last = row
        strength = np.zeros(len(self.rows))
        for places in members.values():
            best = np.sort(base[places])[::-1][:3]
            strength[places] = 0.5 * best[0] + 0.5 * best.sum() / 3
        return strength

    def _dates(self) -> Floats:
        if not self.asked.dates:
            return np.zeros(len(self.rows))
        days = [clock.snowflake_time(row.id).date() for row in self.rows]
        return np.array([max(mention.nearness(day) for mention in self.asked.dates) for day in days])


def _silence(one: Row, other: Row) -> int:
    return (other.id >> _SNOWFLAKE_SHIFT) - (one.id >> _SNOWFLAKE_SHIFT)


def _filled(values: Sequence[float | None]) -> Floats:
    """The values, with the middle one for those that are missing: a vector that is still being made."""
    known = [value for value in values if value is not None]
    middle = float(np.median(known)) if known else 0.0
    return np.array([middle if value is None else value for value in values], float)


def _by_largest(values: Floats) -> Floats:
    largest = float(np.max(values, initial=0.0))
    return values / largest if largest > 0 else np.zeros_like(values)
