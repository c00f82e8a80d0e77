"""Three tiers against a real server: what is remembered, for how long, and what makes it go."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from app.core import metrics
from app.core.cache import entry
from app.core.cache.namespace import forget_guild, forget_tags, member
from app.core.cache.runtime import forget_all_here, runtime
from app.core.redis import cache_redis
from tests.factories.caches import namespace, wait_until


def counted(names):
    """Outcomes of this namespace by tier since the last call."""
    own = f"cache|{names.name}|"
    return {name.removeprefix(own): amount for name, amount in metrics.take().items() if name.startswith(own)}


def test_a_value_is_loaded_once_and_then_comes_from_the_nearest_tier(names, source):
    source.values[1, 7] = "Beowulf"
    assert names.get(1, 7) == "Beowulf"
    assert counted(names) == {"l3|load": 1}
    assert names.get(1, 7) == "Beowulf"
    assert counted(names) == {"l1|hit": 1}
    forget_all_here()
    assert names.get(1, 7) == "Beowulf"
    assert counted(names) == {"l2|hit": 1}
    assert source.loads[1, 7] == 1


def test_nothing_is_remembered_too_and_ends_with_a_write(names, source):
    assert [names.get(1, 7), names.get(1, 7)] == [None, None]
    forget_all_here()
    assert names.get(1, 7) is None
    assert source.loads[1, 7] == 1
    source.values[1, 7] = "Beowulf"
    names.forget(1, 7)
    assert names.get(1, 7) == "Beowulf"


def test_nothing_is_remembered_for_a_shorter_time(valkey, source):
    with namespace(str, source, seconds=500, absent_seconds=20) as names:
        source.values[1, 7] = "Beowulf"
        names.get(1, 7)
        names.get(1, 8)
        there, absent = (cache_redis().pttl(entry.key(names.name, 1, (user,))) for user in (7, 8))
        assert 440_000 < there <= 500_000
        assert 17_000 < absent <= 20_000


@dataclass
class Saga:
    heroes: list[str]


def test_what_is_returned_is_a_copy(valkey, source, names):
    with namespace(Saga, source) as sagas:
        source.values[1, 1] = Saga(["Beowulf"])
        for _ in range(3):
            found = sagas.get(1, 1)
            assert found == Saga(["Beowulf"])
            found.heroes.append("Grendel")
        assert source.loads[1, 1] == 1


def test_guilds_never_see_each_others_values(names, source):
    source.values |= {(1, 7): "Beowulf", (2, 7): "Hrothgar"}
    assert (names.get(1, 7), names.get(2, 7), names.get(3, 7)) == ("Beowulf", "Hrothgar", None)
    forget_guild(1)
    source.values |= {(1, 7): "new", (2, 7): "new"}
    assert (names.get(1, 7), names.get(2, 7)) == ("new", "Hrothgar")
    cache_redis().set(entry.key(names.name, 3, (7,)), cache_redis().get(entry.key(names.name, 2, (7,))))
    names.forget(4, 7)
    forget_all_here()
    assert names.get(3, 7) is None, "a value that was laid under another guild's key is not believed"


def test_a_tag_is_forgotten_in_every_namespace_and_only_in_its_guild(names, source):
    with namespace(int, source, tags=lambda *key: (member(key[-1]),)) as counts:
        source.values |= {(1, 7): "Beowulf", (1, 8): "Wiglaf", (2, 7): "Hrothgar", (1, "coins", 7): 5}
        assert (names.get(1, 7), names.get(1, 8), names.get(2, 7), counts.get(1, "coins", 7)) == (
            "Beowulf",
            "Wiglaf",
            "Hrothgar",
            5,
        )
        forget_tags(1, member(7))
        source.values |= {(1, 7): "new", (1, 8): "new", (2, 7): "new", (1, "coins", 7): 6}
        assert (names.get(1, 7), names.get(1, 8), names.get(2, 7), counts.get(1, "coins", 7)) == (
            "new",
            "Wiglaf",
            "Hrothgar",
            6,
        )


def test_everything_of_a_namespace_in_a_guild_goes_at_once(names, source):
    source.values |= {(1, user): "old" for user in range(50)} | {(2, 1): "old"}
    assert {names.get(1, user) for user in range(50)} | {names.get(2, 1)} == {"old"}
    names.forget_all(1)
    source.values |= dict.fromkeys(source.values, "new")
    assert {names.get(1, user) for user in range(50)} == {"new"}
    assert names.get(2, 1) == "old"


def test_a_value_that_was_read_before_a_write_is_not_kept_after_it(names, source):
    """The loader reads the old row, the writer commits and forgets, and only then the loader comes back."""
    forgetting = (
        lambda: names.forget(1, 7),
        lambda: forget_tags(1, member(7)),
        lambda: names.forget_all(1),
        lambda: forget_guild(1),
    )
    for forget in forgetting:
        source.values[1, 7] = "old"
        names.forget(1, 7)

        def write(forget=forget):
            source.before_load = lambda: None
            source.values[1, 7] = "new"
            forget()

        source.before_load = write
        assert names.get(1, 7) == "old", "its own read began before the write"
        assert names.get(1, 7) == "new"
        forget_all_here()
        assert names.get(1, 7) == "new"


def test_a_refill_keeps_the_time_that_is_left(names, source):
    with namespace(str, source, seconds=1000) as longer:
        source.values[1, 7] = "Beowulf"
        longer.get(1, 7)
        key = entry.key(longer.name, 1, (7,))
        assert longer._tiers.local.get(key).expires - time.monotonic() > 890
        cache_redis().pexpire(key, 500_000)
        forget_all_here()
        assert longer.get(1, 7) == "Beowulf"
        kept = longer._tiers.local.get(key)
        assert 470 < kept.expires - time.monotonic() <= 500
        assert 199.9 < kept.expires - kept.refresh_at < 200.1
        assert source.loads[1, 7] == 1


@pytest.mark.parametrize("local", [0, 1000])
def test_a_value_near_its_end_is_served_and_renewed_behind_the_scenes(valkey, source, names, local):
    with namespace(str, source, seconds=100, local=local) as early:
        source.values[1, 7] = "old"
        assert early.get(1, 7) == "old"
        cache_redis().pexpire(entry.key(early.name, 1, (7,)), 15_000)
        forget_all_here()
        source.values[1, 7] = "new"
        assert early.get(1, 7) == "old"
        wait_until(lambda: early.get(1, 7) == "new", "renewing")
        assert source.loads[1, 7] == 2
        assert cache_redis().pttl(entry.key(early.name, 1, (7,))) > 80_000


def test_a_renewal_that_fails_leaves_the_value_and_the_next_caller_tells(names, source, caplog):
    source.values[1, 7] = "old"
    assert names.get(1, 7) == "old"
    cache_redis().pexpire(entry.key(names.name, 1, (7,)), 5000)
    forget_all_here()

    def fail():
        raise OSError("the table of Beowulf is away")

    source.before_load = fail
    assert names.get(1, 7) == "old"
    assert names.get(1, 7) == "old"
    wait_until(lambda: "could not be renewed early" in caplog.text, "a failing renewal")
    assert "Beowulf" not in caplog.text
    names.forget(1, 7)
    with pytest.raises(OSError, match="away"):
        names.get(1, 7)
    source.before_load = lambda: None
    assert names.get(1, 7) == "old", "a failed load holds nobody up"


def test_many_threads_that_ask_for_one_cold_key_load_it_once(names, source):
    source.values[1, 7] = "Beowulf"
    together = threading.Barrier(50)
    source.before_load = lambda: time.sleep(0.05)

    def ask():
        together.wait()
        return names.get(1, 7)

    with ThreadPoolExecutor(50) as threads:
        found = [future.result() for future in [threads.submit(ask) for _ in range(50)]]
    assert found == ["Beowulf"] * 50
    assert source.loads[1, 7] == 1


async def test_200_coroutines_that_ask_for_one_cold_key_load_it_once(valkey, source):
    with namespace(Saga, source) as sagas:
        source.values[1, 7] = Saga(["Beowulf"])
        source.before_load = lambda: time.sleep(0.05)
        found = await asyncio.gather(*(sagas.fetch(1, 7) for _ in range(200)))
        assert found == [Saga(["Beowulf"])] * 200
        assert len({id(saga) for saga in found}) == 200
        assert source.loads[1, 7] == 1


async def test_an_error_reaches_everybody_who_waits_and_nobody_afterwards(valkey, source):
    def fail():
        raise LookupError("gone")

    with namespace(str, source) as names:
        source.before_load = fail
        found = await asyncio.gather(*(names.fetch(1, 7) for _ in range(20)), return_exceptions=True)
        assert {type(error) for error in found} == {LookupError}
        assert source.loads[1, 7] == 1
        source.before_load = lambda: None
        source.values[1, 7] = "Beowulf"
        assert await names.fetch(1, 7) == "Beowulf"


async def test_a_coroutine_that_is_cancelled_takes_nothing_from_the_others(valkey, source):
    with namespace(str, source) as names:
        source.values[1, 7] = "Beowulf"
        may_go = threading.Event()
        source.before_load = may_go.wait
        asked = [asyncio.create_task(names.fetch(1, 7)) for _ in range(3)]
        await asyncio.to_thread(wait_until, lambda: source.loads, "loading")
        asked[0].cancel()
        may_go.set()
        assert await asyncio.gather(*asked[1:]) == ["Beowulf"] * 2


async def test_who_asks_after_a_write_does_not_wait_for_what_was_read_before_it(valkey, source):
    with namespace(str, source) as names:
        source.values[1, 7] = "old"
        may_go = threading.Event()
        source.before_load = may_go.wait
        before = asyncio.create_task(names.fetch(1, 7))
        await asyncio.to_thread(wait_until, lambda: source.loads, "loading")
        source.values[1, 7] = "new"
        source.before_load = lambda: None
        await asyncio.to_thread(names.forget, 1, 7)
        assert await names.fetch(1, 7) == "new"
        may_go.set()
        assert await before == "old"
        assert await names.fetch(1, 7) == "new"


@pytest.mark.parametrize("change", ["cut", "flipped", "another kind", "nonsense", "another type of key"])
def test_an_entry_that_was_tampered_with_is_dropped_and_loaded_anew(names, source, change):
    key = entry.key(names.name, 1, (7,))
    source.values[1, 7] = "Beowulf"
    assert names.get(1, 7) == "Beowulf"
    forget_all_here()
    raw = cache_redis().get(key)
    if change == "cut":
        cache_redis().set(key, raw[: len(raw) // 2], px=50_000)
    elif change == "flipped":
        cache_redis().set(key, raw.replace(b"Beowulf", b"Grendel"), px=50_000)
    elif change == "another kind":
        versions = entry.unseal(key, raw).versions
        cache_redis().set(key, entry.seal(key, versions, b"\x93\x01\x02\x03"), px=50_000)
    elif change == "nonsense":
        cache_redis().set(key, b"\x00" * 100, px=50_000)
    else:
        cache_redis().delete(key)
        cache_redis().rpush(key, "Grendel")
        cache_redis().pexpire(key, 50_000)
    assert names.get(1, 7) == "Beowulf"
    assert source.loads[1, 7] == 2
    assert counted(names)["l2|broken"] == 1
    forget_all_here()
    assert names.get(1, 7) == "Beowulf"
    assert source.loads[1, 7] == 2


def test_a_message_that_nobody_understands_empties_the_first_tier(names, source):
    source.values[1, 7] = "Beowulf"
    names.get(1, 7)
    assert names._tiers.local.held()[0] == 1
    cache_redis().publish("cache:forget", b"\xffnot json")
    wait_until(lambda: names._tiers.local.held()[0] == 0, "forgetting")
    assert names.get(1, 7) == "Beowulf"
    assert source.loads[1, 7] == 1


def test_redis_holds_at_most_so_many_values_and_none_that_is_too_large(valkey, source):
    with namespace(str, source, shared=5, largest=100, local=0) as names:
        for user in range(9):
            source.values[1, user] = f"member {user}"
            names.get(1, user)
        keys = {int(key.rsplit(b":", 1)[1]) for key in cache_redis().scan_iter(f"cache:{names.name}:*")}
        assert keys == {4, 5, 6, 7, 8}
        source.values[1, 99] = "x" * 200
        assert names.get(1, 99) == "x" * 200
        assert not cache_redis().exists(entry.key(names.name, 1, (99,)))
        assert not cache_redis().exists(entry.lock_key(entry.key(names.name, 1, (99,))))


def test_a_lost_version_makes_its_entries_count_as_gone_and_never_comes_back(names, source):
    source.values[1, 7] = "old"
    names.get(1, 7)
    cache_redis().delete(entry.version_key(1, names.name))
    forget_all_here()
    source.values[1, 7] = "new"
    assert names.get(1, 7) == "new"


def test_a_lease_of_somebody_who_died_is_not_waited_for_for_ever(names, source):
    source.values[1, 7] = "Beowulf"
    cache_redis().set(entry.lock_key(entry.key(names.name, 1, (7,))), "dead", px=10_000)
    start = time.monotonic()
    assert names.get(1, 7) == "Beowulf"
    assert 2.5 < time.monotonic() - start < 6
    assert cache_redis().get(entry.lock_key(entry.key(names.name, 1, (7,)))) == b"dead"
    assert runtime().shared.read(entry.key(names.name, 1, (7,)), ()).is_there is False
