"""/cache through the real bot."""

import re

from redis import Redis

from app.core import metrics
from app.core.redis import cache_redis
from app.upkeep.cache import queries
from app.upkeep.health.service import COUNTERS_KEY
from tests.factories import ports
from tests.factories.caches import Source, namespace
from tests.factories.hall_fixtures import bot, hall, workers

__all__ = ["bot", "hall", "workers"]


async def test_an_admin_sees_what_is_remembered_of_this_server_alone(hall, bot):
    source, guild = Source(), hall.local.guild().id
    with namespace(str, source, local=0) as names:
        source.values |= {(guild, 1): "a", (guild, 2): "b", (guild + 1, 1): "of another guild"}
        for key in source.values:
            names.get(*key)
        names.get(guild, 1)
        for name, amount in metrics.take().items():
            cache_redis().hincrby(COUNTERS_KEY, name, amount)
        text = await hall.text("cache")
        (line,) = [line for line in text.splitlines() if f"**{names.name}**" in line]
        assert re.search(r": 2 entries, [1-9]\d+ B, the oldest \d+ s old, ", line)
        assert "25.0% of 4 lookups answered (L1 0, L2 1)" in line


async def test_others_are_refused(hall, bot):
    refused = await hall.say("!cache", user="beowulf")
    assert refused.startswith("⚠️")
    assert "What I remember" not in refused


async def test_a_cache_that_cannot_be_reached_is_said(hall, bot, monkeypatch):
    away = Redis(port=ports.unused(), socket_connect_timeout=1)
    monkeypatch.setattr(queries, "cache_redis", lambda: away)
    assert await hall.text("cache") == "⚠️ The cache cannot be reached. I go on without it, only slower."
