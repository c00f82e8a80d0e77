"""Each line says which process of the Procfile wrote it."""

import pytest

from app.core.settings import PROJECT
from app.stack import procfile
from tasks.celery import _process_name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["-m", "app", "worker", "-n", "worker-ai@%h", "-Q", "embeddings"], "worker-ai"),
        (["celery", "-A", "tasks.celery", "worker"], "worker"),
        (["celery", "-A", "tasks.celery", "beat"], "beat"),
        (["celery", "-n"], "worker"),
    ],
)
def test_the_name_comes_from_the_command_line(words, name):
    assert _process_name(words) == name


def test_every_worker_of_the_procfile_is_called_by_its_name():
    commands = procfile.read(PROJECT / "Procfile")
    workers = {name: words.split() for name, words in commands.items() if name.startswith("worker")}
    assert len(workers) >= 2
    assert {name: _process_name(words) for name, words in workers.items()} == {name: name for name in workers}
