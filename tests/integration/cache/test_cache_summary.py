"""`cache summary` counts what is there."""

import asyncio
import json

from app.cli import main
from app.core import metrics
from app.core.cache.runtime import forget_all_here
from app.core.redis import async_cache_redis
from app.knowledge.embeddings import cache
from app.upkeep.cache import queries
from app.upkeep.health.queries import read_figures
from tests.conftest import reset_process_state
from tests.factories import ports


def write_counts() -> None:
    async def write() -> None:
        client = async_cache_redis()
        await read_figures(client, metrics.take())
        await client.aclose()

    asyncio.run(write())


def summary(capsys):
    assert main.main(["cache", "summary", "--json"]) == 0
    return {row["cache"]: row for row in json.loads(capsys.readouterr().out)["caches"]}


def test_entries_guilds_and_hits_of_vectors_are_counted(database, capsys):
    metrics.take()
    empty = summary(capsys)["vector"]
    assert (empty["entries"], empty["guilds"], empty["bytes"], empty["oldest"], empty["hit_rate"]) == (
        0,
        0,
        0,
        None,
        None,
    )
    texts = [(1, b"\x01"), (1, b"\x02"), (2, b"\x01")]
    cache.get("model", texts, 6)
    cache.put("model", dict.fromkeys(texts, b"vector"))
    assert len(cache.get("model", texts[:1], 6)) == 1
    write_counts()
    full = summary(capsys)["vector"]
    assert (full["entries"], full["guilds"], full["bytes"], full["oldest"]) == (3, 2, 18, 0)
    assert (full["hits"], full["l1_hits"], full["l2_hits"], full["misses"], full["hit_rate"]) == (1, 0, 1, 3, 0.25)
    assert main.main(["cache", "summary"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("vector")]
    cache.keep([cache.key("model", text) for text in texts])
    assert summary(capsys)["vector"]["oldest"] == 0
    assert line == (
        "vector: 3 entries of 2 servers, 18 B, 0 s old (the oldest 0 s), hits: 25.0% of 4"
        " (L1 0, L2 1, loaded 3, failed 0)"
    )


def test_entries_and_hits_of_a_namespace_are_counted_by_tier(names, source, capsys):
    source.values |= {(guild, user): "x" * 100 for guild in (1, 2) for user in range(3)}
    for _ in range(2):
        for guild, user in source.values:
            names.get(guild, user)
    forget_all_here()
    names.get(1, 0)
    names.forget(2, 2)
    write_counts()
    found = summary(capsys)[names.name]
    assert (found["entries"], found["guilds"]) == (5, 2)
    assert 500 < found["bytes"] < 1000
    assert 0 <= found["median"] <= found["oldest"] < 60
    assert (found["l1_hits"], found["l2_hits"], found["misses"], found["failed"]) == (6, 1, 6, 0)
    assert found["hit_rate"] == 0.538
    assert main.main(["cache", "summary"]) == 0
    assert f"{names.name}: 5 entries of 2 servers" in capsys.readouterr().out
    (ours,) = [one for one in queries.summaries(1) if one.cache == names.name]
    assert (ours.entries, ours.guilds) == (3, 1)


def test_a_cache_that_is_away_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{ports.unused()}/0")
    reset_process_state()
    assert main.main(["cache", "summary"]) == 1
    assert "the cache cannot be reached" in capsys.readouterr().err
    monkeypatch.undo()
    reset_process_state()
