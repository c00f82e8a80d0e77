"""Languages, hashes, batches and the form of vectors. No I/O."""

import hashlib
import math
import struct
from collections.abc import Iterator, Sequence
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


def batches(rows: Sequence[C], budget: int = BATCH_TOKENS) -> Iterator[list[C]]:
    """The rows in their order, in batches of about this many tokens; a longer one stands alone."""
    batch: list[C] = []
    used = 0
    for row in rows:
        cost = len(row.content) // _CHARACTERS_A_TOKEN + 1
        if batch and used + cost > budget:
            yield batch
            batch, used = [], 0
        batch.append(row)
        used += cost
    if batch:
        yield batch


def pack_all(vectors: Sequence[Sequence[float]], dims: int, wanted: int) -> list[bytes]:
    """As many packed vectors as texts were given; raises Unavailable when the model made more or fewer."""
    if len(vectors) != wanted:
        raise Unavailable(f"the embedding model gave {len(vectors)} vectors for {wanted} texts")
    return [pack(vector, dims) for vector in vectors]


def pack(vector: Sequence[float], dims: int) -> bytes:
    """A vector as little-endian halves. Raises BadInput when the model made no proper vector of the text."""
    if len(vector) != dims or not all(map(math.isfinite, vector)) or not any(vector):
        raise BadInput(f"the embedding model gave no vector of {dims} finite numbers")
    return struct.pack(f"<{dims}e", *vector)


def as_sql(packed: bytes) -> str:
    """A packed vector in pgvector's text form; five digits name every half exactly."""
    return f"[{','.join(f'{value:.5g}' for (value,) in struct.iter_unpack('<e', packed))}]"
