"""What makes one message a better answer than another: a few features, each with a weight. No I/O.

The weights were fitted to questions about long conversations and about busy guilds of our own; docs/retrieval.md has
the figures, those of conversations left out too, and what each feature is worth.
"""

import math
from dataclasses import dataclass

import numpy as np

from app.core import clock
from app.knowledge.embeddings.languages import ASKS, TELLS_TIME
from app.knowledge.search.dates import Mention
from app.knowledge.search.rows import Floats, Rows

# How much of a message's neighbours, two before to two after it, counts as its own: of their words and their meaning.
_WORDS_AROUND = {-2: 0.2, -1: 0.4, 1: 0.3, 2: 0.1}
_MEANING_AROUND = {-2: 0.2, -1: 0.4, 1: 0.2, 2: 0.1}
_MEANING_SCALE = 1.6
# BM25's saturation, and how little a message's length matters: long messages of a chat say more.
_K1, _B, _TYPICAL_WORDS = 0.8, 0.2, 12.0
# So many of a conversation's messages tell how well it answers.
_BEST = 3

WEIGHTS = {
    "words": 4.15,
    "meaning": 4.1,
    "meaning_around": 1.8,
    "named": 1.65,
    "conversation": 1.05,
    "length": 0.6,
    "asks": -1.05,
    "time": 1.95,
    "date": 4.95,
    "answers_words": 1.0,
    "answers_meaning": 1.85,
}


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


def rarity(messages: int, found: int) -> float:
    """How much a term tells that is in so many of so many messages."""
    return math.log(1 + (max(messages, found) - found + 0.5) / (found + 0.5))


def rank(rows: Rows, asked: Asked) -> list[tuple[int, float]]:
    """The messages that may answer with their scores, best first, the newer before the older among equals."""
    scores = np.zeros(len(rows))
    for name, feature in features(rows, asked).items():
        scores += WEIGHTS[name] * feature
    may_answer = rows.may_answer if asked.has_meaning else rows.may_answer & rows.matches.any(axis=1)
    chosen = np.flatnonzero(may_answer)
    best = chosen[np.lexsort((-rows.ids[chosen], -scores[chosen]))]
    return list(zip(rows.ids[best].tolist(), scores[best].tolist(), strict=True))


def features(rows: Rows, asked: Asked) -> dict[str, Floats]:
    """Each feature of each row, under the names of the weights."""
    return _Features(rows, asked).all()


class _Features:
    """The rows with one more, of zeros, which stands for every neighbour that is not there."""

    def __init__(self, rows: Rows, asked: Asked) -> None:
        self.rows, self.asked = rows, asked
        self.matches = np.vstack([rows.matches, np.zeros((1, rows.matches.shape[1]))])
        self.closeness = np.append(_filled(rows.closeness), 0.0)
        self.at = {offset: rows.neighbours(offset) for offset in _WORDS_AROUND}

    def all(self) -> dict[str, Floats]:
        rows, asks = self.rows, np.append(self.rows.traits & ASKS > 0, 0.0)
        words, meaning, meaning_around = self._words(), self.closeness[:-1], self._meaning_around()
        before = self.at[-1]
        was_asked = asks[before]
        return {
            "words": words,
            "meaning": meaning,
            "meaning_around": meaning_around,
            "named": np.isin(rows.authors, list(self.asked.named)).astype(float),
            "conversation": self._conversation(words + 2 * (meaning + meaning_around)),
            "length": np.log1p(rows.words),
            "asks": asks[:-1],
            "time": (rows.traits & TELLS_TIME > 0) * float(self.asked.asks_when),
            "date": self._dates(),
            "answers_words": was_asked * _by_largest(self.matches @ np.array(self.asked.rarity))[before],
            "answers_meaning": was_asked * self.closeness[before],
        }

    def _words(self) -> Floats:
        """BM25 of a message with its neighbours, as a share of the best."""
        found = self.matches[:-1].copy()
        for offset, weight in _WORDS_AROUND.items():
            found += weight * self.matches[self.at[offset]]
        found /= ((1 - _B) + _B * self.rows.words / _TYPICAL_WORDS)[:, None]
        return _by_largest((found * (_K1 + 1) / (found + _K1)) @ np.array(self.asked.rarity))

    def _meaning_around(self) -> Floats:
        near = self.closeness[:-1].copy()
        for offset, weight in _MEANING_AROUND.items():
            near += weight * self.closeness[self.at[offset]]
        return near / _MEANING_SCALE

    def _conversation(self, base: Floats) -> Floats:
        """The best of a message's conversation, and the mean of its best three."""
        number = self.rows.conversations()
        order = np.lexsort((-base, number))
        first = np.searchsorted(number[order], np.arange(number.max(initial=-1) + 1))
        is_among_best = np.arange(len(base)) - first[number[order]] < _BEST
        of_best = np.bincount(number[order], base[order] * is_among_best, len(first)) / _BEST
        strength: Floats = 0.5 * base[order][first] + 0.5 * of_best
        return strength[number]

    def _dates(self) -> Floats:
        if not self.asked.dates:
            return np.zeros(len(self.rows))
        days = [clock.snowflake_time(message).date() for message in self.rows.ids.tolist()]
        return np.array([max(mention.nearness(day) for mention in self.asked.dates) for day in days])


def _filled(values: Floats) -> Floats:
    """The values, with the middle one for those that are missing: a vector that is still being made."""
    missing = np.isnan(values)
    middle = float(np.median(values[~missing])) if not missing.all() else 0.0
    return np.where(missing, middle, values)


def _by_largest(values: Floats) -> Floats:
    largest = float(np.max(values, initial=0.0))
    return values / largest if largest > 0 else np.zeros_like(values)
