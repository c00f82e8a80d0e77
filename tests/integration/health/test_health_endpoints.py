"""The health endpoints against real servers, while parts of the system come and go."""

import asyncio
import json
import signal
import socket
import time
from contextlib import asynccontextmanager

import aiohttp
import pytest
from sqlalchemy import text

from app.core import db, ledger, metrics
from app.core.queue import QUEUE_NAMES
from app.core.redis import async_broker_redis, async_cache_redis, broker_redis
from app.upkeep.health import server
from app.upkeep.health.monitor import Monitor
from app.upkeep.health.service import Recorder, stamp_beat, stamp_workers, write_gauges
from tests.factories import ports


class Gateway:
    """The bot as health sees it."""

    fault: str | None = None
    batches = 0
    is_full = False

    def discord_fault(self) -> str | None:
        return self.fault

    def spool_batches(self) -> int:
        return self.batches

    def spool_is_full(self) -> bool:
        return self.is_full


class Probe:
    """One running health server."""

    def __init__(self, url: str, gateway: Gateway, session: aiohttp.ClientSession) -> None:
        self.url, self.gateway, self._session = url, gateway, session

    async def get(self, path: str) -> tuple[int, str]:
        async with self._session.get(f"{self.url}{path}") as answer:
            return answer.status, await answer.text()

    async def health(self) -> tuple[int, dict]:
        # A fresh look, not the one of a moment ago.
        await asyncio.sleep(1.05)
        status, body = await self.get("/health")
        return status, json.loads(body)


@asynccontextmanager
async def serving(gateway: Gateway):
    clients = async_broker_redis(), async_cache_redis()
    monitor = Monitor(gateway, *clients)
    port = ports.unused()
    runner = await server.start(monitor, "127.0.0.1", port)
    async with aiohttp.ClientSession() as session:
        try:
            yield Probe(f"http://127.0.0.1:{port}", gateway, session)
        finally:
            await runner.cleanup()
            await monitor.close()
            for client in clients:
                await client.aclose()


@pytest.fixture
async def probe(database):
    stamp_beat()
    stamp_workers(QUEUE_NAMES)
    async with serving(Gateway()) as found:
        yield found


async def test_a_healthy_system_is_ok_in_the_promised_words(probe):
    status, body = await probe.health()
    assert status == 200
    assert body["status"] == "ok", body
    for name in ("database", "redis", "discord", "workers", "beat"):
        assert body[name]["status"] == "connected"
        assert body[name]["reason"] is None
        assert body[name]["since"].startswith("20")
    assert body["queues"] == dict.fromkeys(QUEUE_NAMES, 0)
    assert body["ledger"] == {"entries": 0, "oldest_seconds": 0.0}
    assert (body["spool"], body["deadletters"], body["jobs"]) == (0, 0, {})
    assert body["uptime"] >= 0
    assert body["timestamp"].startswith("20")


async def test_what_waits_is_counted(probe):
    ledger.put(broker_redis(), "ingest", [("batch-1", b"{}"), ("batch-2", b"{}")])
    broker_redis().zadd(ledger.born_key("ingest"), {"batch-1": time.time() - 120})
    broker_redis().lpush("chat", "a", "b", "c")
    probe.gateway.batches = 7
    with db.unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO job_runs VALUES ('retention', now(), now(), now(), 'done', 1, '{\"messages\": 12}', NULL)"
            )
        )
        uow.commit()
    _, body = await probe.health()
    assert body["queues"]["chat"] == 3
    assert body["ledger"]["entries"] == 2
    assert 119 < body["ledger"]["oldest_seconds"] < 130
    assert body["spool"] == 7
    assert body["jobs"]["retention"]["outcome"] == "done"
    assert body["jobs"]["retention"]["counts"] == {"messages": 12}
    ledger.remove(broker_redis(), "ingest", "batch-1")
    _, body = await probe.health()
    assert body["ledger"]["entries"] == 1
    assert body["ledger"]["oldest_seconds"] < 30


async def test_a_bot_that_is_not_connected_is_alive_and_not_ready(probe):
    assert (await probe.get("/ready"))[0] == 200
    probe.gateway.fault = "not connected to the gateway"
    status, body = await probe.health()
    assert (status, body["status"]) == (503, "down")
    assert body["discord"]["reason"] == "not connected to the gateway"
    status, text_ = await probe.get("/ready")
    assert status == 503
    assert "not connected to the gateway" in text_
    assert (await probe.get("/alive"))[0] == 200


async def test_health_never_lags_behind_ready(probe):
    for fault in (None, "gone", None):
        probe.gateway.fault = fault
        assert (await probe.get("/ready"))[0] == (503 if fault else 200)
        assert (await probe.get("/health"))[0] == (503 if fault else 200)


async def test_queues_without_progress_and_a_silent_beat_are_named(probe):
    broker_redis().hset("status:workers", "chat", str(time.time() - 500))
    broker_redis().delete("status:beat")
    status, body = await probe.health()
    assert (status, body["status"]) == (200, "degraded")
    assert "chat (for 50" in body["workers"]["reason"]
    assert body["beat"]["reason"] == "beat sent nothing (not seen)"
    stamp_workers(["chat"])
    stamp_beat()
    _, body = await probe.health()
    assert body["status"] == "ok"


@pytest.mark.alone
async def test_servers_that_hang_are_named_soon_and_recover_by_themselves(probe, servers):
    """A stopped process accepts connections and never answers: the worst kind of outage."""
    valkey, postgres = servers.valkey.pid, servers.postgres.pid
    _, before = await probe.health()
    import psutil

    backends = psutil.Process(postgres).children(recursive=True)
    psutil.Process(valkey).send_signal(signal.SIGSTOP)
    for process in (psutil.Process(postgres), *backends):
        process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        status, body = await probe.health()
        assert time.monotonic() - began < 5
        assert (status, body["status"]) == (200, "degraded")
        assert body["database"] == {
            "status": "degraded",
            "since": body["database"]["since"],
            "reason": "no answer within 2.5 s",
        }
        assert body["redis"]["status"] == "degraded"
        assert body["workers"]["reason"] == "not known while Redis is away"
        assert body["queues"] == dict.fromkeys(QUEUE_NAMES)
        assert body["ledger"] == {"entries": None, "oldest_seconds": None}
        began = time.monotonic()
        assert (await probe.get("/alive"))[0] == 200
        assert time.monotonic() - began < 0.5
        _, again = await probe.health()
        assert again["database"]["since"] == body["database"]["since"]
    finally:
        for process in (psutil.Process(valkey), psutil.Process(postgres), *backends):
            process.send_signal(signal.SIGCONT)
    for _ in range(20):
        _, after = await probe.health()
        if after["status"] == "ok":
            break
    assert after["status"] == "ok", after
    assert after["database"]["since"] > before["database"]["since"]


async def test_refused_connections_are_told_by_reason(database, monkeypatch):
    closed = ports.unused()
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{closed}/0")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody:secret-word@127.0.0.1:{closed}/nothing")
    from tests.conftest import reset_process_state

    reset_process_state()
    gateway = Gateway()
    async with serving(gateway) as probe:
        _, body = await probe.health()
        assert body["status"] == "degraded"
        assert "connecting" in body["redis"]["reason"]
        assert "refused" in body["database"]["reason"]
        assert "secret-word" not in json.dumps(body)
        gateway.is_full = True
        status, body = await probe.health()
        assert (status, body["status"]) == (503, "down")
        assert (await probe.get("/metrics"))[0] == 200


async def test_metrics_show_queues_ledger_durations_and_counters(probe):
    recorder = Recorder()
    metrics.take()
    metrics.add("events_applied", 500)
    metrics.add("cache|settings|l1|hit", 7)
    recorder.finished("ingest.apply", "ingest", 0.02, "done")
    recorder.finished("ingest.apply", "ingest", 0.3, "done")
    recorder.finished("chat.answer", "chat", 9999.0, "failed")
    recorder.write()
    write_gauges({"embeddings": 42})
    ledger.put(broker_redis(), "ingest", [("batch-1", b"{}")])
    await asyncio.sleep(1.05)
    status, body = await probe.get("/metrics")
    assert status == 200
    lines = set(body.splitlines())
    assert 'heorot_queue_depth{queue="ingest"} 0.0' in lines
    assert 'heorot_ledger_entries{queue="ingest"} 1.0' in lines
    assert 'heorot_part_up{part="redis"} 1.0' in lines
    assert "heorot_dead_letters 0.0" in lines
    assert 'heorot_backlog{kind="embeddings"} 42.0' in lines
    assert "heorot_events_applied_total 500.0" in lines
    assert 'heorot_cache_lookups_total{namespace="settings",outcome="hit",tier="l1"} 7.0' in lines
    prefix = 'heorot_task_duration_seconds_bucket{le="%s",outcome="%s",task="%s"}'
    assert f"{prefix % ('0.01', 'done', 'ingest.apply')} 0.0" in lines
    assert f"{prefix % ('0.025', 'done', 'ingest.apply')} 1.0" in lines
    assert f"{prefix % ('0.5', 'done', 'ingest.apply')} 2.0" in lines
    assert f"{prefix % ('120.0', 'failed', 'chat.answer')} 0.0" in lines
    assert f"{prefix % ('+Inf', 'failed', 'chat.answer')} 1.0" in lines
    assert 'heorot_task_duration_seconds_sum{outcome="done",task="ingest.apply"} 0.32' in lines


async def test_what_the_bot_itself_counts_is_added(probe):
    metrics.take()
    for _ in range(2):
        metrics.add("lookups_of_a_test", 3)
        await asyncio.sleep(1.05)
        await probe.get("/metrics")
    _, body = await probe.get("/metrics")
    assert "heorot_lookups_of_a_test_total 6.0" in body.splitlines()


async def test_many_readers_share_one_look(probe, monkeypatch):
    looks = []
    from app.upkeep.health import monitor

    real = monitor.read_backlog
    monkeypatch.setattr(monitor, "read_backlog", lambda client: looks.append(1) or real(client))
    await asyncio.gather(*(probe.get("/health") for _ in range(20)))
    assert len(looks) == 1


async def test_a_taken_port_is_named(database):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        clients = async_broker_redis(), async_cache_redis()
        with pytest.raises(OSError, match="in use"):
            await server.start(Monitor(Gateway(), *clients), "127.0.0.1", taken.getsockname()[1])
        for client in clients:
            await client.aclose()
