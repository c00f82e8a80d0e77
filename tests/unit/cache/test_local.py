"""The first tier: bounded, and never keeping what was forgotten while it was loaded."""

import time

from app.core.cache.local import Local


def put(local, key, payload=b"value", *, tags=(), seconds=60.0):
    flight, _ = local.join(key, tags)
    gone = local.put(flight, payload, seconds, seconds)
    local.land(flight)
    return gone


def test_the_least_used_goes_first():
    local = Local(2, 1000)
    put(local, "a")
    put(local, "b")
    assert local.get("a").payload == b"value"
    assert put(local, "c") == 1
    assert local.get("b") is None
    assert local.held()[0] == 2


def test_the_size_of_all_is_bounded_and_one_that_is_larger_is_not_kept():
    local = Local(100, 50)
    for name in "abcdefgh":
        put(local, name, b"x" * 9)
    assert local.held() == (5, 50)
    put(local, "large", b"x" * 60)
    assert local.get("large") is None
    assert local.held() == (5, 50)


def test_replacing_and_forgetting_keep_the_count_of_bytes():
    local = Local(10, 1000)
    put(local, "a", b"12345")
    put(local, "a", b"1")
    assert local.held() == (1, 2)
    local.forget(["a", "unknown"], ())
    assert local.held() == (0, 0)


def test_a_value_ends_with_its_time(monkeypatch):
    local = Local(10, 1000)
    put(local, "a", seconds=60)
    later = time.monotonic() + 61
    monkeypatch.setattr("app.core.cache.local.time.monotonic", lambda: later)
    assert local.get("a") is None
    assert local.held() == (0, 0)


def test_a_tag_takes_all_that_has_it_and_nothing_else():
    local = Local(10, 1000)
    put(local, "a", tags=("one", "both"))
    put(local, "b", tags=("two", "both"))
    local.forget((), {"one"})
    assert local.get("a") is None
    assert local.get("b") is not None
    local.forget((), {"both"})
    assert local.get("b") is None


def test_what_is_forgotten_by_key_tag_or_altogether_while_it_is_loaded_is_not_kept():
    local = Local(10, 1000)
    forgetting = (lambda: local.forget(["a"], ()), lambda: local.forget((), {"tag"}), local.clear)
    for forget in forgetting:
        flight, is_ours = local.join("a", ("tag",))
        assert is_ours
        forget()
        local.put(flight, b"old", 60, 60)
        assert local.get("a") is None
        newer, is_ours = local.join("a", ("tag",))
        assert is_ours, "who asks after the write must not wait for what was read before it"
        local.land(flight)
        assert local.join("a", ("tag",)) == (newer, False)
        local.land(newer)


def test_a_quiet_load_is_one_for_each_key_and_few_in_all():
    local = Local(10, 1000)
    flight = local.join_quietly("a", (), 1)
    assert local.join_quietly("a", (), 5) is None
    assert local.join_quietly("b", (), 1) is None
    local.forget(["a"], ())
    assert flight.is_stale
    assert local.join_quietly("a", (), 1) is not None
