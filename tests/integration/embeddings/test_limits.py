"""A provider's budget is one for all processes, and a pause that it asks for is kept by all."""

import threading
import time

import pytest

from app.core import redis
from app.core.errors import RemoteUnavailable, Unavailable
from app.core.redis import cache_redis
from app.core.settings import settings
from app.knowledge.embeddings.limits import Limits
from app.knowledge.embeddings.providers import Breaker, Provider


def taken(limits, tokens, most=10_000):
    """How many requests of so many tokens are let through at once."""
    for count in range(most):
        if limits.take(tokens):
            return count
    return most


def test_requests_are_let_through_up_to_a_tenth_of_a_minute(database):
    limits = Limits("p", requests_per_minute=600)
    began = time.monotonic()
    count = taken(limits, 1)
    # What comes in meanwhile may go out as well.
    assert 60 <= count <= 61 + (time.monotonic() - began) * 10
    assert limits.take(1) <= 0.2


def test_tokens_have_a_budget_of_their_own(database):
    limits = Limits("p", requests_per_minute=600, tokens_per_minute=100_000)
    assert 10 <= taken(limits, 1_000) <= 13
    # What is refused takes nothing of either budget.
    assert cache_redis().pttl("provider:p:requests") < 2_500


def test_what_is_larger_than_the_whole_budget_goes_when_it_is_untouched(database):
    limits = Limits("p", tokens_per_minute=1_000)
    assert limits.take(50_000) == 0
    assert limits.take(1) > 1


def test_the_budget_is_one_for_all(database):
    counts, began = [], time.monotonic()
    limits = Limits("p", requests_per_minute=600)
    threads = [threading.Thread(target=lambda: counts.append(taken(limits, 1))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert 60 <= sum(counts) <= 61 + (time.monotonic() - began) * 10


def test_providers_do_not_share(database):
    taken(Limits("p", requests_per_minute=60), 1)
    assert Limits("q", requests_per_minute=60).take(1) == 0


def test_who_is_waited_for_goes_first_but_keeps_a_pause(database):
    limits = Limits("p", requests_per_minute=60)
    taken(limits, 1)
    assert limits.take(1) > 0
    assert limits.take(1, is_urgent=True) == 0
    limits.pause(30)
    assert 29 < limits.take(1, is_urgent=True) <= 30


def test_a_pause_is_never_shortened_and_never_longer_than_an_hour(database):
    limits = Limits("p")
    limits.pause(100)
    limits.pause(5)
    assert limits.take(1) > 99
    limits.pause(86_400)
    assert 3_599 < limits.take(1) <= 3_600


def test_a_pause_that_one_process_was_asked_for_is_kept_by_another(database):
    def refused(texts):
        raise RemoteUnavailable("HTTP 429", 40)

    calls = []
    first = Provider("m", 2, is_remote=True, run=refused, limits=Limits("p"))
    second = Provider("m", 2, is_remote=True, run=calls.append, limits=Limits("p"))
    with pytest.raises(RemoteUnavailable):
        first.embed(["text"])
    with pytest.raises(Unavailable, match="asked again in 40 s"):
        second.embed(["text"], patience=1)
    assert calls == []


def test_a_patient_batch_waits_for_its_turn(database):
    limits = Limits("p", requests_per_minute=600)
    model = Provider("m", 1, is_remote=True, run=lambda _: [[1.0]], breaker=Breaker(), limits=limits)
    taken(limits, 1)
    began = time.monotonic()
    for _ in range(5):
        model.embed(["text"], patience=5)
    assert time.monotonic() - began > 0.3


def test_without_redis_nothing_is_held_up(database, monkeypatch):
    monkeypatch.setenv("REDIS_CACHE_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    redis.cache_redis.cache_clear()
    limits = Limits("p", requests_per_minute=1)
    limits.pause(10)
    assert taken(limits, 1, most=5) == 5
