"""Questions and excerpts. No I/O."""

import re
from collections.abc import Iterable

from app.core.text import storable

# What lies behind this is not read: ranking costs grow with the words, and nobody asks that much in one sentence.
QUESTION_MAX = 2_000
# So many of its different words are looked up, and so many of those, the rarest, are searched for.
WORDS_MAX, TERMS_MAX = 48, 12
_PHRASES_MAX = 4
# More words than that around a phrase make a sentence of it.
_AROUND_PHRASES = 4

_PHRASE = re.compile(r'"([^"]{1,200})"')
_PREFIX = re.compile(r"(?<!\S)([^\W_]{2,64})\*(?!\w)")
_WHEN = re.compile(
    r"\s*(?:(?:in|on|since|for|à|depuis|en|pour)\s+)?(?:when\b|how long\b|(?:what|which) (?:year|month|date|day|time)\b"
    r"|quand\b|combien de temps\b|quel(?:le)? (?:année|mois|date|jour|heure)\b)",
    re.IGNORECASE,
)

EXCERPT_MAX = 200
_ELLIPSIS = "…"


def readable(question: str) -> str:
    """The question as PostgreSQL can take it, not longer than is read."""
    return storable(question[:QUESTION_MAX]).strip()


def phrases(question: str) -> list[str]:
    """What stands in quotes and must be found word for word; in a whole question they only quote a title or a name."""
    if question.rstrip().endswith("?") or len(_PHRASE.sub(" ", question).split()) > _AROUND_PHRASES:
        return []
    found = [" ".join(phrase.split()) for phrase in _PHRASE.findall(question)]
    return [phrase for phrase in found if any(sign.isalnum() for sign in phrase)][:_PHRASES_MAX]


def prefixes(question: str) -> list[str]:
    """Words with a star behind them: beginnings of words."""
    return list(dict.fromkeys(word.lower() for word in _PREFIX.findall(question)))


def asks_when(question: str) -> bool:
    """Whether a time is asked for."""
    return bool(_WHEN.match(question))


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
