"""Several real processes: each sees a write within 100 ms, and only one of them loads what is missing."""

import statistics
import time

import pytest

from app.core.cache import entry
from app.core.cache.namespace import member
from app.core.redis import cache_redis
from tests.factories.caches import listening, namespace
from tests.integration.cache.process import Neighbour

NAME = "shared-names"


@pytest.fixture
def neighbours(valkey):
    found = [Neighbour(NAME) for _ in range(2)]
    yield found
    for one in found:
        one.stop()


def test_every_process_sees_a_write_within_100_ms(neighbours, source):
    """The neighbours' own tables change first, as a shared database would; what they keep is old until they are told."""
    listening()
    took = []
    with namespace(str, source, name=NAME) as names:
        source.values[1, 7] = "version 0"
        for one in neighbours:
            one.ask("set", value="version 0")
            assert one.ask("get") == "version 0"
        for number in range(1, 21):
            value = f"version {number}"
            source.values[1, 7] = value
            for one in neighbours:
                one.ask("set", value=value)
                assert one.ask("get") == f"version {number - 1}", "without being told it would keep the old value"
            for one in neighbours:
                one.tell("watch", value=value)
            written = time.time()
            names.forget(1, 7)
            took += [one.answer() - written for one in neighbours]
            assert names.get(1, 7) == value
    assert max(took) < 0.1, f"median {statistics.median(took):.4f} s, longest {max(took):.4f} s"


@pytest.mark.parametrize("forget", ["forget", "forget_tag", "forget_all", "forget_guild"])
def test_a_neighbours_write_is_seen_here(neighbours, source, forget):
    listening()
    with namespace(str, source, name=NAME, tags=lambda *key: (member(key[-1]),)) as names:
        source.values[1, 7] = "old"
        assert names.get(1, 7) == "old"
        source.values[1, 7] = "new"
        assert names.get(1, 7) == "old"
        neighbours[0].ask(forget)
        ends = time.monotonic() + 0.1
        while names.get(1, 7) != "new":
            assert time.monotonic() < ends


def test_processes_that_miss_at_the_same_time_load_once(neighbours):
    for one in neighbours:
        one.ask("set", value="Beowulf")
        one.ask("load_slowly", seconds=0.3)
    at = time.time() + 0.5
    for one in neighbours:
        one.tell("get_at", moment=at)
    assert [one.answer() for one in neighbours] == ["Beowulf"] * 2
    assert sum(one.ask("loads") for one in neighbours) == 1


def test_one_process_renews_a_value_near_its_end_for_all(neighbours):
    for one in neighbours:
        one.ask("set", value="old")
        assert one.ask("get") == "old"
        one.ask("forget_here")
        one.ask("set", value="new")
        one.ask("load_slowly", seconds=0.1)
    cache_redis().pexpire(entry.key(NAME, 1, (7,)), 5_000)
    assert [one.ask("get") for one in neighbours] == ["old"] * 2, "nobody waits for the renewal"
    for one in neighbours:
        one.tell("watch", value="new")
    assert None not in [one.answer() for one in neighbours]
    assert sum(one.ask("loads") for one in neighbours) == 2, "the first time, and once to renew it"
