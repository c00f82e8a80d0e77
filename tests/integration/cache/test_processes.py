"""Several real processes: each sees a write within 100 ms, and only one of them loads what is missing."""

import statistics
import time

import pytest

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


def test_a_neighbours_write_is_seen_here(neighbours, source):
    listening()
    with namespace(str, source, name=NAME) as names:
        source.values[1, 7] = "old"
        assert names.get(1, 7) == "old"
        source.values[1, 7] = "new"
        assert names.get(1, 7) == "old"
        neighbours[0].ask("forget")
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
