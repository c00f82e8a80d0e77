"""Searching among 100,000 messages, or a million, of fifty guilds: the whole call, each leg, and what the graphs miss.

The texts and vectors are made (see `crowd`); the words' index, the graphs and every search are the real ones.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

from app.clients import minilm
from app.core.db import engine, reading
from app.knowledge.embeddings.rules import as_sql
from app.knowledge.search import candidates, legs, queries, ranking
from app.knowledge.search.queries import Viewer
from app.knowledge.vectors import graphs
from benchmarks import crowd
from benchmarks.commands import percentile
from benchmarks.crowd import Crowd
from benchmarks.databases import database
from benchmarks.report import Report

MESSAGES, LARGE_MESSAGES = 100_000, 1_000_000
_SEARCHES, _COMPARED, _INSERTED, _INSERTS_AT_ONCE = 300, 12, 5_000, 500
_P50_MS, _P99_MS, _RECALL = 15.0, 50.0, 0.95
_WARMING = 3
# Guilds are told apart by how many messages they have.
_SIZES = (5_000, 20_000, 100_000)

_PARTS = (
    (candidates, "_meaning", "model"),
    (legs, "by_words", "words"),
    (legs, "by_meaning", "meaning"),
    (legs, "read", "reading"),
    (ranking, "rank", "ranking"),
)
# `+ 0` keeps the planner off the graph.
_EXACT = """
SELECT message_id FROM message_vectors WHERE guild_id = :guild AND model = :model
ORDER BY (embedding <=> CAST(:vector AS halfvec)) + 0 LIMIT :limit
"""

Parts = dict[str, list[float]]


def measure(folder: Path, report: Report) -> None:
    """Fill a fresh database, index it, and search it."""
    with database(folder):
        stored = _fill(report)
        _search(stored, report)
        _recall(stored, report)
        _insert(stored, report)


def _fill(report: Report) -> Crowd:
    stored = crowd.crowd(MESSAGES)
    note = f"{sum(stored.sizes):,} messages, {crowd.GUILDS} guilds of {stored.sizes[-1]:,} to {stored.sizes[0]:,}"
    for rows, vectors in stored.batches():
        crowd.store_messages(rows)
        crowd.store_vectors(rows, vectors)
    report.add("scale, words indexed", _rate(sum(stored.sizes), crowd.index_words), "messages/s", note=note)
    _settle()
    start = time.perf_counter()
    built = graphs.tend()["built"]
    report.add("scale, graphs built", time.perf_counter() - start, "s", note=f"{built} graphs")
    of_words = "c.relname = 'ix_message_terms_terms'"
    for name, which in (("graphs", "c.relname LIKE 'ix_message_vectors_near_%'"), ("index of words", of_words)):
        report.add(f"scale, {name}: size", _megabytes(which), "MB")
    return stored


def _settle() -> None:
    """Leave the tables as a database has them that runs for a while."""
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("UPDATE messages SET embedding_stale_at = NULL"))
        serve = text("INSERT INTO guild_models (guild_id, model) SELECT n, :model FROM generate_series(1, :guilds) n")
        connection.execute(serve, {"model": minilm.MODEL, "guilds": crowd.GUILDS})
        for table in ("messages", "message_terms", "message_vectors", "guild_models"):
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))


def _megabytes(which: str) -> float:
    with engine().connect() as connection:
        statement = text(f"SELECT coalesce(sum(pg_relation_size(c.oid)), 0) FROM pg_class c WHERE {which}")
        return float(connection.scalar(statement) or 0) / 1e6


def _rate(count: int, work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def _questions(stored: Crowd, guild: int, count: int) -> list[str]:
    """What may be asked in a guild: some words of a message there, and every fifth time common words alone."""
    with engine().connect() as connection:
        statement = text("SELECT content FROM messages WHERE guild_id = :guild ORDER BY id % 9973, id LIMIT :count")
        contents = connection.scalars(statement, {"guild": guild, "count": count}).all()
    common = stored.texts.words[20:200]
    asked = []
    for number, content in enumerate(contents):
        source = common if number % 5 == 4 else content.split()
        chosen = stored.dice.choice(source, min(len(source), int(stored.dice.integers(2, 7))), replace=False)
        asked.append(" ".join(map(str, chosen)))
    return asked


def _search(stored: Crowd, report: Report) -> None:
    """As many searches in guilds of each size; the first ones of each guild, which fill its caches, do not count."""
    whole: Parts = {}
    with _timed() as parts:
        for label, guilds in _by_size(stored.sizes).items():
            each = max(1, _SEARCHES // len(guilds))
            asked = {guild: _questions(stored, guild, each + _WARMING) for guild in guilds}
            _ask(stored, {guild: questions[:_WARMING] for guild, questions in asked.items()})
            for taken in parts.values():
                taken.clear()
            whole[label] = _ask(stored, {guild: questions[_WARMING:] for guild, questions in asked.items()})
            _told(report, f"search, guilds of {label}", whole[label])
            for name, taken in parts.items():
                _told(report, f"{name}, guilds of {label}", taken)
    _told(report, "search, all", [one for taken in whole.values() for one in taken], is_aim=True)


def _by_size(sizes: Sequence[int]) -> dict[str, list[int]]:
    """The guilds of each size, by what that size is called."""
    found: dict[str, list[int]] = {}
    for guild, size in enumerate(sizes, start=1):
        most = next((bound for bound in _SIZES if size <= bound), None)
        found.setdefault(f"up to {most:,}" if most else f"more than {_SIZES[-1]:,}", []).append(guild)
    return found


def _ask(stored: Crowd, asked: dict[int, list[str]]) -> list[float]:
    taken = []
    for guild, questions in asked.items():
        viewer = Viewer(0, stored.channels(guild))
        for question in questions:
            start = time.perf_counter()
            found = queries.find(guild, viewer, question)
            taken.append((time.perf_counter() - start) * 1000)
            assert found.has_meaning
            assert found.message_ids, question
    return taken


def _told(report: Report, name: str, taken: list[float], *, is_aim: bool = False) -> None:
    note = f"{len(taken):,} times"
    most = (_P50_MS, _P99_MS) if is_aim else (None, None)
    report.add(f"scale, {name}: p50", statistics.median(taken), "ms", most=most[0], note=note)
    report.add(f"scale, {name}: p99", percentile(taken, 99), "ms", most=most[1], note=note)


@contextmanager
def _timed() -> Iterator[Parts]:
    """How long each part of every search takes meanwhile."""
    parts: Parts = {}
    kept = [(module, name, getattr(module, name)) for module, name, _ in _PARTS]
    for module, name, label in _PARTS:
        setattr(module, name, _watched(getattr(module, name), parts.setdefault(label, [])))
    try:
        yield parts
    finally:
        for module, name, work in kept:
            setattr(module, name, work)


def _watched(work: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    def watched(*given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*given, **named)
        finally:
            taken.append((time.perf_counter() - start) * 1000)

    return watched


def _recall(stored: Crowd, report: Report) -> None:
    """How many of the nearest vectors the leg finds that comparing every one finds."""
    for label, guilds in _by_size(stored.sizes).items():
        found = [
            _share(stored, guild, question)
            for guild in guilds[: max(1, _COMPARED // 4)]
            for question in _questions(stored, guild, _COMPARED)
        ]
        note = f"least {min(found):.2f}, {len(found)} questions, {legs.CANDIDATES} nearest"
        report.add(f"scale, recall of meaning, guilds of {label}", statistics.mean(found), "", least=_RECALL, note=note)


def _share(stored: Crowd, guild: int, question: str) -> float:
    meaning = candidates.meaning_of(guild, question)
    assert meaning is not None
    scope = {"guild_id": guild, "channel_ids": list(stored.channels(guild))}
    with reading() as session:
        found = legs.by_meaning(session, legs.Scope(scope), meaning)
        values = {"guild": guild, "model": meaning.model, "vector": as_sql(meaning.vector), "limit": legs.CANDIDATES}
        exact = session.scalars(text(_EXACT), values).all()
    return len(set(found) & set(exact)) / len(exact)


def _insert(stored: Crowd, report: Report) -> None:
    """More messages as they come, with every index in place."""
    shares = np.array(stored.sizes) / sum(stored.sizes)
    batches = [
        stored.batch(stored.dice.choice(np.arange(1, crowd.GUILDS + 1), _INSERTS_AT_ONCE, p=shares))
        for _ in range(_INSERTED // _INSERTS_AT_ONCE)
    ]

    def insert() -> None:
        for rows, vectors in batches:
            crowd.store_vectors(rows, vectors)

    note = f"batches of {_INSERTS_AT_ONCE}, indexes in place"
    report.add("scale, vectors inserted", _rate(_INSERTED, insert), "vectors/s", note=note)
    for rows, _ in batches:
        crowd.store_messages(rows)
    report.add("scale, words inserted", _rate(_INSERTED, crowd.index_words), "messages/s", note=note)
