"""Rules about tasks and what beat starts."""

import inspect
import re

import pytest

from app.core.queue import QUEUE_NAMES
from beat_schedule import PERIODS, SCHEDULE
from tasks.celery import app

app.loader.import_default_modules()
OURS = sorted(name for name in app.tasks if not name.startswith("celery."))
# A docstring promises that a second run is harmless in words that a reader can search for.
_PROMISE = re.compile(r"\b(twice|again|second|redeliver\w*)\b", re.IGNORECASE)


@pytest.mark.parametrize("name", SCHEDULE)
def test_beat_starts_only_tasks_that_exist(name):
    assert SCHEDULE[name]["task"] in app.tasks


@pytest.mark.parametrize("name", SCHEDULE)
def test_an_entry_expires_before_it_piles_up(name):
    entry = SCHEDULE[name]
    assert entry["schedule"] == PERIODS[name]
    assert 0 < entry["options"]["expires"] <= max(60, PERIODS[name].total_seconds())


@pytest.mark.parametrize("name", OURS)
def test_every_task_says_why_running_it_twice_is_safe(name):
    promise = inspect.getdoc(app.tasks[name].run) or ""
    assert _PROMISE.search(promise), f"the docstring of {name} must say why running it twice is safe"


@pytest.mark.parametrize("name", OURS)
def test_a_tasks_name_is_a_wire_contract_of_feature_and_verb(name):
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)


@pytest.mark.parametrize("name", OURS)
def test_every_task_has_a_queue(name):
    queue = app.amqp.router.route({}, name)["queue"].name
    first = name.split(".")[0]
    assert queue == (first if first in QUEUE_NAMES else "maintenance")


def test_what_the_issue_asks_of_beat_is_scheduled():
    assert {
        "ledger.sweep",
        "outbound.sweep",
        "embeddings.sweep",
        "partitions.create",
        "retention.run",
        "vectors.prune",
        "health.gauges",
    } <= set(SCHEDULE)


def test_tasks_never_import_discord():
    import subprocess
    import sys

    from app.core.settings import PROJECT

    script = "import sys; from tasks.celery import app; app.loader.import_default_modules(); print(sorted({'discord', 'numpy', 'onnxruntime', 'openai'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
