"""Languages, hashes, batches and the form of vectors. No I/O."""

import hashlib
import math
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from app.core.errors import BadInput, Unavailable

# PostgreSQL's text search configurations by the first part of a locale; others match exact forms only.
LANGUAGES = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
UNKNOWN_LANGUAGE = "simple"
DEFAULT_LOCALE = "en"

# Tokens are longer than this in most scripts, so a batch holds at most about its budget of them.
_CHARACTERS_A_TOKEN = 4
BATCH_TOKENS = 4096
# About what the local model reads at once; a longer text has several vectors.
PART_CHARACTERS = 800
# So much of the end of a part is the beginning of the next one, so that what is said across the border is found.
OVERLAP_CHARACTERS = 160
# The end of a sentence with the space behind it, in most scripts, or the end of a line.
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])\s*|\n+")


class HasContent(Protocol):
    """Something with a text."""

    @property
    def content(self) -> str:
        """The text."""


C = TypeVar("C", bound=HasContent)


def language_of(locale: str | None) -> str:
    """The text search configuration for a guild of this locale."""
    return LANGUAGES.get((locale or DEFAULT_LOCALE).partition("-")[0], UNKNOWN_LANGUAGE)


def hash_of(content: str) -> bytes:
    """What says that a text is still the same; SQL has it as `sha256(convert_to(content, 'UTF8'))`."""
    return hashlib.sha256(content.encode()).digest()


def parts(content: str, most: int = PART_CHARACTERS, overlap: int = OVERLAP_CHARACTERS) -> list[str]:
    """A text in parts of at most so many characters, cut between sentences, each beginning with the end of the last.

    Every word is in some part, in its order. A sentence that is too long by itself is cut between words, and a word
    that is too long anywhere.
    """
    if len(content) <= most:
        return [content]
    made: list[str] = []
    current: list[str] = []
    for sentence in _sentences(content, most):
        if current and len(" ".join([*current, sentence])) > most:
            made.append(" ".join(current))
            current = _tail(current, min(overlap, most - len(sentence) - 1))
        current.append(sentence)
    return [*made, " ".join(current)] if current else made or [content[:most]]


def _sentences(content: str, most: int) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(content):
        rest = sentence.strip()
        while len(rest) > most:
            cut = rest.rfind(" ", 1, most + 1)
            cut = cut if cut > 0 else most
            yield rest[:cut].strip()
            rest = rest[cut:].strip()
        if rest:
            yield rest


def _tail(sentences: list[str], room: int) -> list[str]:
    """As many of the last sentences as fit, but never all of them."""
    kept: list[str] = []
    for sentence in reversed(sentences[1:]):
        if len(" ".join([sentence, *kept])) > room:
            break
        kept.insert(0, sentence)
    return kept


def tokens_of(content: str) -> int:
    """About how many tokens a text has."""
    return len(content) // _CHARACTERS_A_TOKEN + 1


def batches(rows: Sequence[C], budget: int = BATCH_TOKENS) -> Iterator[list[C]]:
    """The rows in their order, in batches of about this many tokens; a longer one stands alone."""
    batch: list[C] = []
    used = 0
    for row in rows:
        cost = tokens_of(row.content)
        if batch and used + cost > budget:
            yield batch
            batch, used = [], 0
        batch.append(row)
        used += cost
    if batch:
        yield batch


def pack_all(vectors: Sequence[Sequence[float]], dims: int, wanted: int) -> list[bytes]:
    """As many packed vectors as texts were given.

    Raises Unavailable when the model made more or fewer, or of another length: no text is to blame for that.
    """
    if len(vectors) != wanted:
        raise Unavailable(f"the embedding model gave {len(vectors)} vectors for {wanted} texts")
    if any(len(vector) != dims for vector in vectors):
        raise Unavailable(f"the embedding model gave vectors of another length than {dims} numbers")
    return [pack(vector, dims) for vector in vectors]


def pack(vector: Sequence[float], dims: int) -> bytes:
    """A vector as little-endian halves. Raises BadInput when the model made no proper vector of the text.

    Numbers that are too large for a half, or of which halves leave nothing but zeros, make no proper one either.
    """
    packed = b""
    if len(vector) == dims and all(map(math.isfinite, vector)):
        with suppress(OverflowError):
            packed = struct.pack(f"<{dims}e", *vector)
    if not any(struct.unpack(f"<{len(packed) // 2}e", packed)):
        raise BadInput(f"the embedding model gave no vector of {dims} finite numbers that halves can hold")
    return packed


def as_sql(packed: bytes) -> str:
    """A packed vector in pgvector's text form; five digits name every half exactly."""
    return f"[{','.join(f'{value:.5g}' for (value,) in struct.iter_unpack('<e', packed))}]"
