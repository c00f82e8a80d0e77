"""Questions, ranks and excerpts. No I/O."""

import re
from collections.abc import Iterable, Sequence

from app.core.text import storable

# What lies behind this is not read: ranking costs grow with the words, and nobody asks that much in one sentence.
QUESTION_MAX = 2_000
# The longest words of a question tell most; the shortest are in every other message.
LEXEMES_MAX = 32

# A small constant lets the first ranks of either leg count (measured: 10 is better than the customary 60).
FUSION_K = 10

EXCERPT_MAX = 200
_ELLIPSIS = "…"


def readable(question: str) -> str:
    """The question as PostgreSQL can take it, not longer than is read."""
    return storable(question[:QUESTION_MAX]).strip()


def any_of(lexemes: Iterable[str]) -> str:
    """A tsquery in its text form that matches any of these lexemes; empty when there are none."""
    chosen = sorted(set(lexemes), key=lambda lexeme: (-len(lexeme), lexeme))[:LEXEMES_MAX]
    return " | ".join("'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'" for lexeme in chosen)


def fuse(legs: Sequence[Sequence[int]], k: int = FUSION_K) -> list[tuple[int, float]]:
    """Reciprocal-rank fusion: the ids of all legs with their scores, best first, newer before older among equals."""
    scores: dict[int, float] = {}
    for leg in legs:
        for rank, found in enumerate(leg, start=1):
            scores[found] = scores.get(found, 0.0) + 1.0 / (k + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], -item[0]))


def excerpt(content: str, words: Iterable[str], width: int = EXCERPT_MAX) -> str:
    """One line of at most so many characters around the first of these words, or from the beginning."""
    line = " ".join(content.split())
    if len(line) <= width:
        return line
    start = max(0, _first(line, words) - width // 4)
    if start:
        # Begin with a whole word where one begins nearby.
        start = max(line.find(" ", start, start + width // 4), start - 1) + 1
    inner = line[start : start + width - (2 if start else 1)]
    is_end = start + len(inner) >= len(line)
    return (_ELLIPSIS if start else "") + inner.rstrip() + ("" if is_end else _ELLIPSIS)


def _first(line: str, words: Iterable[str]) -> int:
    wanted = [re.escape(word) for word in words if word]
    found = re.search("|".join(wanted), line, re.IGNORECASE) if wanted else None
    return found.start() if found else 0
