"""How fast messages become findable, and how long a search takes in a guild of 10,000 messages."""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from app.core import clock
from app.core.db import unit_of_work
from app.knowledge.embeddings import index, pipeline, providers
from app.knowledge.search import candidates, queries
from app.knowledge.search.queries import Viewer
from app.knowledge.vectors import graphs
from benchmarks.databases import database
from benchmarks.report import Report

GUILD, OTHER, CHANNEL = 1, 2, 3
MESSAGES, OTHER_MESSAGES, SEARCHES = 10_000, 5_000, 200

_COMMON_WORDS = """
the a to and of is that it in on for with this but was have not you they we my are so just what like if at be do
can one all about get there would when up time out know think really good people some see today going back
"""
_TOPIC_WORDS = """
raid potion dragon castle server update mouse keyboard recipe soup bread garden tomato holiday train mountain lake
camera picture movie song concert guitar drum football match ticket weather storm snow exam lecture teacher job
interview salary rent landlord cat dog hamster vet doctor dentist bike tyre engine rocket moon planet telescope
crossword chess puzzle painting museum library novel poem history war treaty island harbour ship pirate treasure
"""
_COMMON, _TOPICS = _COMMON_WORDS.split(), _TOPIC_WORDS.split()


def measure(folder: Path, report: Report) -> None:
    """Fill a fresh database, index it, search it."""
    with database(folder):
        _fill(report)
        _search(report)


def sentence(source: random.Random) -> str:
    """Words of a chat: mostly common ones, some of one topic or two."""
    topics = source.sample(_TOPICS, 3)
    return " ".join(
        source.choice(topics) if source.random() < 0.3 else source.choice(_COMMON) for _ in range(source.randint(3, 30))
    )


def _fill(report: Report) -> None:
    source = random.Random(7)
    base = clock.snowflake_at(clock.now()) - (MESSAGES + OTHER_MESSAGES)
    rows = [
        {"id": base + n, "guild": GUILD if n < MESSAGES else OTHER, "channel": CHANNEL, "content": sentence(source)}
        for n in range(MESSAGES + OTHER_MESSAGES)
    ]
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq, embedding_stale_at)"
                " VALUES (:id, :guild, :channel, 4, :content, 1, now())"
            ),
            rows,
        )
        uow.commit()
    providers.provider().embed(["the first text loads the model"])
    report.add("index words", _rate(len(rows), _index_words), "messages/s")
    report.add("embed and store, one thread", _rate(len(rows), _embed), "messages/s", note="MiniLM int8, local")
    with unit_of_work() as uow:
        uow.session.execute(text("ANALYZE message_terms, message_vectors, messages"))
        uow.commit()
    graphs.tend()


def _rate(count: int, work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def _index_words() -> None:
    below: int | None = index.ANY_ID
    while below is not None:
        with unit_of_work() as uow:
            below = index.index_terms(uow.session, 2000, below)
            uow.commit()


def _embed() -> None:
    while pipeline.refresh():
        pass


def _search(report: Report) -> None:
    source = random.Random(11)
    asked = [f"{' '.join(source.sample(_TOPICS, 2))} {source.choice(_COMMON)}" for _ in range(SEARCHES)]
    viewer = Viewer(0, (CHANNEL,))

    def whole(question: str) -> None:
        found = queries.find(GUILD, viewer, question)
        assert found.has_meaning
        assert len(found.message_ids) == 50

    def model(question: str) -> None:
        candidates.meaning_of(GUILD, question)

    note = f"{MESSAGES:,} messages in the guild, {OTHER_MESSAGES:,} in another"
    for name, part in (("whole", whole), ("model", model)):
        taken = [_milliseconds(part, question) for question in asked]
        report.add(f"search, {name}: p50", statistics.median(taken), "ms", note=note)
        report.add(f"search, {name}: p99", statistics.quantiles(taken, n=100)[98], "ms", note=note)


def _milliseconds(part: Callable[[str], None], question: str) -> float:
    start = time.perf_counter()
    part(question)
    return (time.perf_counter() - start) * 1000
