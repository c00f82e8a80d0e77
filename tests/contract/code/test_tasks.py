"""Tasks are wire contracts: each has one name, one queue, and a reason why running it twice is safe."""

import inspect
import re
from collections import Counter

import pytest

from app.core.queue import QUEUE_NAMES
from beat_schedule import SCHEDULE
from tasks.base import OUTAGES, DurableTask
from tasks.celery import app

app.loader.import_default_modules()
# Tasks that give up early, and the job that finds what they left.
OFFERED_AGAIN = {
    "ingest.apply": "ledger.sweep",
    "embeddings.refresh": "embeddings.sweep",
    "embeddings.store_documents": "embeddings.store_documents",
    "vectors.clean": "vectors.clean",
}
TASKS = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


@pytest.mark.parametrize("name", sorted(TASKS))
def test_its_docstring_says_why_twice_is_safe(name):
    text = inspect.getdoc(TASKS[name].__wrapped__ if hasattr(TASKS[name], "__wrapped__") else TASKS[name].run) or ""
    assert re.search(r"\b(twice|second run|again)\b", text, re.IGNORECASE), f"{name} does not say it: {text!r}"


@pytest.mark.parametrize("name", sorted(TASKS))
def test_its_name_is_a_noun_and_a_verb_apart_from_the_module(name):
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
    assert not name.startswith(("tasks.", "app."))


@pytest.mark.parametrize("name", sorted(TASKS))
def test_it_goes_to_a_queue_that_some_worker_serves(name):
    queue = app.amqp.router.route({}, name)["queue"].name
    assert queue in QUEUE_NAMES
    first = name.partition(".")[0]
    assert queue == (first if first in QUEUE_NAMES else "maintenance")


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_killed_worker_gives_it_back(name):
    assert isinstance(TASKS[name], DurableTask)
    assert TASKS[name].acks_late
    assert TASKS[name].reject_on_worker_lost
    assert TASKS[name].ignore_result


@pytest.mark.parametrize("name", sorted(TASKS))
def test_it_waits_out_an_outage_or_something_offers_it_again(name):
    task = TASKS[name]
    if name in OFFERED_AGAIN:
        assert OFFERED_AGAIN[name] in SCHEDULE
    else:
        assert task.max_retries is None
        assert set(OUTAGES) <= set(task.autoretry_for)


def test_no_name_is_given_twice():
    """Celery keeps the first task of a name and drops the second without a word."""
    from tests.contract.code.registrations import registered_names

    twice = [name for name, count in Counter(registered_names()).items() if count > 1]
    assert twice == []
    assert set(registered_names()) <= set(TASKS)
