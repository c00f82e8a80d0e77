"""Redis refuses, hangs, dies and comes back: each is a miss within a bounded time, and no old value survives."""

import asyncio
import os
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from app.core import metrics
from app.core.cache.namespace import forget_values
from app.core.cache.runtime import runtime
from app.core.cache.shared import Shared
from app.core.redis import QUICK_TIMEOUT, cache_redis
from app.stack.servers import start_servers
from tests.conftest import reset_process_state
from tests.factories.caches import listening, namespace, wait_until
from tests.factories.proxies import Proxy


@contextmanager
def proxied(servers, monkeypatch):
    """This process reaches Redis through a proxy that runs in a thread; calls to it are made in its loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(step):
        return asyncio.run_coroutine_threadsafe(step, loop).result(10)

    head, _, port = servers.redis_url.rpartition(":")
    proxy = Proxy(int(port.split("/")[0]))
    do(proxy.start())
    monkeypatch.setenv("REDIS_URL", f"{head}:{proxy.port}/0")
    reset_process_state()
    yield proxy, do
    reset_process_state()
    do(finish(proxy))
    monkeypatch.undo()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


async def finish(proxy):
    await proxy.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def swallow(proxy):
    proxy.swallow()


async def answer(proxy):
    proxy.answer()


def milliseconds(work):
    start = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - start) * 1000


def test_a_server_that_hangs_costs_a_moment_once_and_then_nothing(valkey, servers, monkeypatch, source):
    with proxied(servers, monkeypatch) as (proxy, do), namespace(str, source) as names:
        listening()
        source.values |= {(1, user): "old" for user in range(40)}
        assert names.get(1, 0) == "old"
        do(swallow(proxy))
        found, took = milliseconds(lambda: names.get(1, 1))
        assert found == "old"
        assert took < 1000
        found, took = milliseconds(lambda: [names.get(1, user) for user in range(2, 40)])
        assert found == ["old"] * 38
        assert took < 1000, "the pauses between attempts keep most callers from waiting at all"
        _, took = milliseconds(lambda: names.forget(1, 0))
        assert took < 1000
        source.values[1, 0] = "new"
        assert names.get(1, 0) == "new"
        wait_until(lambda: not runtime().listener.is_live, "noticing the silence")
        assert names._tiers.local.held() == (0, 0), "nothing is believed while changes cannot be heard"
        do(answer(proxy))
        listening()
        wait_until(lambda: names.get(1, 1) and names._tiers.local.held()[0], "keeping again")


def test_answers_that_come_too_late_are_misses_and_never_taken_for_another_keys(valkey, servers, monkeypatch, source):
    with proxied(servers, monkeypatch) as (proxy, _do), namespace(str, source, local=0) as names:
        source.values |= {(1, user): f"member {user}" for user in range(30)}
        assert [names.get(1, user) for user in range(30)] == [f"member {user}" for user in range(30)]
        metrics.take()
        proxy.delay = 2 * QUICK_TIMEOUT
        assert [names.get(1, user) for user in range(30)] == [f"member {user}" for user in range(30)]
        assert metrics.take() == {f"cache|{names.name}|l2|away": 30, f"cache|{names.name}|l3|load": 30}
        proxy.delay = 0.0
        wait_until(lambda: names.get(1, 0) and f"cache|{names.name}|l2|hit" in metrics.take(), "asking again")
        assert [names.get(1, user) for user in range(30)] == [f"member {user}" for user in range(30)]
        assert metrics.take() == {f"cache|{names.name}|l2|hit": 30}


def test_answers_that_come_slowly_are_waited_for(valkey, servers, monkeypatch, source):
    with proxied(servers, monkeypatch) as (proxy, _do), namespace(str, source, local=0) as names:
        source.values[1, 7] = "Beowulf"
        proxy.delay = QUICK_TIMEOUT / 10
        assert [names.get(1, 7) for _ in range(3)] == ["Beowulf"] * 3
        assert source.loads[1, 7] == 1


async def test_the_event_loop_never_asks_a_server_itself(valkey, servers, monkeypatch, source):
    """Neither while it answers nor while it hangs: a timing would say so only on a machine with nothing else to do."""
    loops = threading.current_thread()
    asked = []
    ask = Shared._ask

    def noted(self, question):
        asked.append(threading.current_thread())
        return ask(self, question)

    monkeypatch.setattr(Shared, "_ask", noted)
    with proxied(servers, monkeypatch) as (proxy, do), namespace(str, source) as names:
        await asyncio.to_thread(listening)
        source.values |= {(1, user): "value" for user in range(100)}
        assert await names.fetch(1, 0) == "value"
        await asyncio.to_thread(do, swallow(proxy))
        start = time.perf_counter()
        assert await asyncio.gather(*(names.fetch(1, user) for user in range(100))) == ["value"] * 100
        assert time.perf_counter() - start < 5
        assert asked
        assert loops not in asked


def test_a_write_while_the_server_is_away_is_told_when_it_is_back(valkey, servers, monkeypatch, source):
    """The old value lies in Redis all the time; only being told again keeps it from coming back."""
    with proxied(servers, monkeypatch) as (proxy, do), namespace(str, source) as names:
        listening()
        source.values[1, 7] = "old"
        assert names.get(1, 7) == "old"
        do(proxy.refuse())
        source.values[1, 7] = "new"
        names.forget(1, 7)
        assert names.get(1, 7) == "new"
        do(proxy.start())
        wait_until(lambda: runtime().unsaid._thread is None, "telling")
        listening()
        assert names.get(1, 7) == "new"


def test_so_many_unsaid_changes_become_whole_guilds(valkey, servers, monkeypatch, source):
    with proxied(servers, monkeypatch) as (proxy, do), namespace(str, source) as names:
        listening()
        source.values |= {(1, 0): "old", (2, 0): "other guild"}
        assert (names.get(1, 0), names.get(2, 0)) == ("old", "other guild")
        do(proxy.refuse())
        forget_values({names.key(1, user) for user in range(3000)})
        change = runtime().unsaid._change
        assert len(change.keys) + len(change.tags) <= 1
        do(proxy.start())
        wait_until(lambda: runtime().unsaid._thread is None, "telling")
        source.values[1, 0] = "new"
        assert (names.get(1, 0), names.get(2, 0)) == ("new", "other guild")
        assert source.loads[2, 0] == 1


def test_a_server_that_is_killed_in_the_middle_of_a_load_costs_nothing_but_the_memory(tmp_path, monkeypatch, source):
    running = start_servers(tmp_path / "own", postgres=False)
    try:
        monkeypatch.setenv("REDIS_URL", running.redis_url)
        reset_process_state()
        listening()
        with namespace(str, source) as names:
            source.values[1, 7] = "Beowulf"
            source.before_load = lambda: os.kill(running.valkey.pid, signal.SIGKILL)
            assert names.get(1, 7) == "Beowulf"
            source.before_load = lambda: None
            start = time.perf_counter()
            assert [names.get(1, 7) for _ in range(50)] == ["Beowulf"] * 50
            assert time.perf_counter() - start < 2
            assert source.loads[1, 7] == 51
            running.valkey.start()
            listening()
            wait_until(lambda: names.get(1, 7) and names._tiers.local.held()[0], "keeping again")
    finally:
        reset_process_state()
        running.destroy()


def test_a_server_that_is_full_or_read_only_is_a_miss(valkey, source):
    with namespace(str, source) as names:
        source.values |= {(1, user): "value" for user in range(9)}
        names.get(1, 0)
        cache_redis().config_set("maxmemory", "1")
        try:
            assert [names.get(1, user) for user in range(9)] == ["value"] * 9
        finally:
            cache_redis().config_set("maxmemory", "536870912")
        assert names.get(1, 3) == "value"


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0"])
def test_a_server_that_was_never_there_is_a_miss(monkeypatch, source, url):
    monkeypatch.setenv("REDIS_URL", url)
    reset_process_state()
    with namespace(str, source) as names:
        source.values[1, 7] = "Beowulf"
        found, took = milliseconds(lambda: [names.get(1, 7) for _ in range(100)])
        assert found == ["Beowulf"] * 100
        assert took < 1000
    reset_process_state()
