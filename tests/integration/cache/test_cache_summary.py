"""`cache summary` counts what is there."""

import asyncio
import json

from app.cli import main
from app.core import metrics
from app.core.redis import async_cache_redis
from app.knowledge.embeddings import cache
from app.stack import ports
from app.upkeep.health.queries import read_figures
from tests.conftest import reset_process_state


def write_counts() -> None:
    async def write() -> None:
        client = async_cache_redis()
        await read_figures(client, metrics.take())
        await client.aclose()

    asyncio.run(write())


def test_entries_guilds_and_hits_are_counted(database, capsys):
    metrics.take()
    assert main.main(["cache", "summary", "--json"]) == 0
    empty = {"cache": "vector", "entries": 0, "guilds": 0, "hits": 0, "misses": 0, "hit_rate": None}
    assert json.loads(capsys.readouterr().out) == {"caches": [empty]}
    texts = [(1, b"\x01"), (1, b"\x02"), (2, b"\x01")]
    cache.get("model", texts, 6)
    cache.put("model", dict.fromkeys(texts, b"vector"))
    assert len(cache.get("model", texts[:1], 6)) == 1
    write_counts()
    assert main.main(["cache", "summary", "--json"]) == 0
    full = {"cache": "vector", "entries": 3, "guilds": 2, "hits": 1, "misses": 3, "hit_rate": 0.25}
    assert json.loads(capsys.readouterr().out) == {"caches": [full]}
    assert main.main(["cache", "summary"]) == 0
    assert capsys.readouterr().out == "vector: 3 entries of 2 servers, hits: 25.0% of 4\n"


def test_a_cache_that_is_away_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{ports.unused()}/0")
    reset_process_state()
    assert main.main(["cache", "summary"]) == 1
    assert "the cache cannot be reached" in capsys.readouterr().err
    monkeypatch.undo()
    reset_process_state()
