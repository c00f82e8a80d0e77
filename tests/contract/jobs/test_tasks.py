"""What the schedule and the workers' imports promise; other rules about tasks stand in tests/contract/code."""

import subprocess
import sys

import pytest

from app.core.settings import PROJECT
from beat_schedule import PERIODS, SCHEDULE


@pytest.mark.parametrize("name", SCHEDULE)
def test_a_slot_is_as_long_as_the_wait_between_two_starts(name):
    assert SCHEDULE[name]["schedule"] == PERIODS[name]


@pytest.mark.parametrize("heavy", ["discord", "numpy", "onnxruntime", "tokenizers", "openai"])
def test_a_worker_loads_nothing_heavy_before_it_is_needed(heavy):
    script = "import sys; from tasks.celery import app; app.loader.import_default_modules(); print(sys.argv[1] in sys.modules)"
    command = [sys.executable, "-c", script, heavy]
    assert subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout == "False\n"
