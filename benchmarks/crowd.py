"""Guilds of uneven size full of messages, faster than the model could read them.

The words are the model's own, the commonest first, drawn as words of a language are: few of them often, most of them
seldom. The model reads some thousand texts of them. Every message is made of three of these that mean nearly the same:
its words are some of theirs, and its vector is synthetic, between their true ones. The questions are read by the model.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from app.clients import minilm, minilm_build
from app.core import clock
from app.core.db import engine, unit_of_work
from app.knowledge.embeddings import index

GUILDS, CHANNELS, AUTHORS = 50, 8, 200
# The largest guild has this share of all messages.
_LARGEST = 0.2
_WORDS, _FIRST_WORD = 8_000, 1_996
# So many texts the model reads, and each is mixed with two of so many of its nearest.
_READ, _NEAREST = 10_000, 16
_BATCH = 20_000
_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"
_VECTOR_COLUMNS = "message_id, model, guild_id, channel_id, author_id, dims, content_hash, embedding, part"

Floats = NDArray[np.float32]


def sizes(messages: int) -> list[int]:
    """How many messages each guild has, the largest first: each has a little more than the next."""
    low, high = 0.5, 2.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 / sum(n**-middle for n in range(1, GUILDS + 1)) < _LARGEST else (low, middle)
    return [int(messages * _LARGEST * n**-low) for n in range(1, GUILDS + 1)]


@dataclass
class Texts:
    """The words, and what the model has read."""

    words: list[str]
    read: list[NDArray[np.int64]]
    vectors: Floats
    nearest: NDArray[np.int64]

    def messages(self, dice: np.random.Generator, count: int) -> tuple[list[str], Floats]:
        """So many new texts with their vectors."""
        first = dice.integers(0, len(self.read), count)
        others = [self.nearest[first, dice.integers(0, _NEAREST, count)] for _ in range(2)]
        shares = dice.dirichlet((1, 1, 1), count).astype(np.float32)
        mixed = np.stack([first, *others], axis=1)
        vectors = np.einsum("ms,msd->md", shares, self.vectors[mixed])
        texts = [self._text(sources, part) for sources, part in zip(mixed, shares, strict=True)]
        return texts, np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def _text(self, sources: NDArray[np.int64], shares: Floats) -> str:
        """The beginning of each, as much as its share."""
        read = [self.read[source] for source in sources]
        places = np.concatenate([one[: round(len(one) * share)] for one, share in zip(read, shares, strict=True)])
        return " ".join(self.words[place] for place in (places if len(places) else read[0]))


def texts(dice: np.random.Generator) -> Texts:
    """Have the model read what messages are made of."""
    words = _words()
    shares = 1 / (np.arange(len(words)) + 2.7)
    lengths = dice.integers(3, 30, _READ)
    drawn = dice.choice(len(words), int(lengths.sum()), p=shares / shares.sum())
    read = np.split(drawn, lengths.cumsum()[:-1])
    written = [" ".join(words[place] for place in one) for one in read]
    vectors = np.concatenate([minilm.embed(written[start : start + 500]) for start in range(0, _READ, 500)])
    near = [np.argsort(-(part @ vectors.T), axis=1)[:, 1 : _NEAREST + 1] for part in np.split(vectors, _READ // 500)]
    return Texts(words, read, vectors, np.concatenate(near))


def _words() -> list[str]:
    """The whole words of the model's vocabulary, the commonest first."""
    path = minilm_build.packaged("tokenizer.json", minilm_build.TOKENIZER_SHA256)
    vocabulary: dict[str, int] = json.loads(path.read_text())["model"]["vocab"]
    known = sorted((place, word) for word, place in vocabulary.items() if place >= _FIRST_WORD)
    return [word for _, word in known if len(word) > 1 and word.isascii() and word.isalpha()][:_WORDS]


@dataclass
class Crowd:
    """What was stored."""

    texts: Texts
    sizes: list[int]
    dice: np.random.Generator
    next_id: int

    def channels(self, guild: int) -> tuple[int, ...]:
        """The channels of a guild."""
        return tuple(guild * 1_000 + n for n in range(CHANNELS))

    def batches(self) -> Iterator[tuple[list[dict[str, object]], Floats]]:
        """Every message, the guilds mixed as they write at the same time, with its vector."""
        guilds = np.repeat(np.arange(1, GUILDS + 1), self.sizes)
        self.dice.shuffle(guilds)
        for start in range(0, len(guilds), _BATCH):
            yield self.batch(guilds[start : start + _BATCH])

    def batch(self, guilds: NDArray[np.int64]) -> tuple[list[dict[str, object]], Floats]:
        """New messages, one in each of these guilds."""
        contents, vectors = self.texts.messages(self.dice, len(guilds))
        channels, authors = (self.dice.integers(0, most, len(guilds)) for most in (CHANNELS, AUTHORS))
        ids = range(self.next_id, self.next_id + len(guilds))
        self.next_id += len(guilds)
        rows: list[dict[str, object]] = [
            {
                "id": message,
                "guild_id": int(guild),
                "channel_id": int(guild) * 1_000 + int(channel),
                "author_id": int(guild) * 1_000 + 100 + int(author),
                "content": content,
            }
            for message, guild, channel, author, content in zip(ids, guilds, channels, authors, contents, strict=True)
        ]
        return rows, vectors


def crowd(messages: int) -> Crowd:
    """Guilds with so many messages together, not stored yet."""
    dice = np.random.default_rng(7)
    return Crowd(texts(dice), sizes(messages), dice, clock.snowflake_at(clock.now()) - 4 * messages)


def store_messages(rows: Sequence[dict[str, object]]) -> None:
    """Store them, with their words still to be indexed."""
    lines = "".join("\t".join(map(str, (*row.values(), 1, "2026-01-01"))) + "\n" for row in rows)
    _copy("messages (id, guild_id, channel_id, author_id, content, seq, embedding_stale_at)", lines.encode(), "text")


def index_words() -> None:
    """Index the words of all messages that have none, as the worker does, and take their mark off."""
    below: int | None = index.ANY_ID
    while below is not None:
        with unit_of_work() as uow:
            below = index.index_terms(uow.session, 2_000, below)
            uow.commit()


def store_vectors(rows: Sequence[dict[str, object]], vectors: Floats) -> None:
    """Store the vectors of these messages."""
    model, dims = minilm.MODEL.encode(), minilm.DIMENSIONS
    parts: list[tuple[str, str | tuple[str, int], object]] = [
        ("message_id", ">i8", [row["id"] for row in rows]),
        ("model", f"S{len(model)}", model),
        ("guild_id", ">i8", [row["guild_id"] for row in rows]),
        ("channel_id", ">i8", [row["channel_id"] for row in rows]),
        ("author_id", ">i8", [row["author_id"] for row in rows]),
        ("dims", ">i2", dims),
        ("content_hash", "S1", b"x"),
    ]
    # The binary form of COPY: the number of columns, then each one's length and value.
    layout: list[tuple[object, ...]] = [("columns", ">i2")]
    for name, kind, _ in parts:
        layout += [(f"{name}_size", ">i4"), (name, kind)]
    layout += [("embedding_size", ">i4"), ("embedding_head", ">i2", 2), ("embedding", ">u2", dims)]
    layout += [("part_size", ">i4"), ("part", ">i2")]
    table = np.zeros(len(rows), np.dtype(layout))  # type: ignore[arg-type]
    table["columns"] = len(parts) + 2
    for name, kind, values in parts:
        table[f"{name}_size"], table[name] = np.dtype(kind).itemsize, values
    table["embedding_size"], table["embedding_head"] = 4 + 2 * dims, (dims, 0)
    table["embedding"], table["part_size"] = vectors.astype(np.float16).view(np.uint16), 2
    _copy(f"message_vectors ({_VECTOR_COLUMNS})", _COPY_HEAD + table.tobytes() + _COPY_END, "binary")


def _copy(into: str, content: bytes, form: str) -> None:
    connection = engine().raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {into} FROM STDIN (FORMAT {form})", BytesIO(content))
        connection.commit()
    finally:
        connection.close()
