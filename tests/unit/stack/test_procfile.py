import sys

import pytest

from app.core.errors import ConfigurationError
from app.stack import procfile


def write(tmp_path, text):
    path = tmp_path / "Procfile"
    path.write_text(text)
    return path


def test_processes_come_in_the_files_order_without_comments(tmp_path):
    path = write(tmp_path, "# why\n\nbot: python -m app bot\nworker-ai:celery -Q a,b\n")
    assert procfile.read(path) == {"bot": "python -m app bot", "worker-ai": "celery -Q a,b"}
    assert list(procfile.read(path)) == ["bot", "worker-ai"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bot python", "line 1: write `name: command`"),
        ("# x\nBot: python", "line 2: write `name: command`"),
        ("bot:   ", "line 1: write `name: command`"),
        ("bot: a\nbot: b", "line 2: the process bot is named twice"),
    ],
)
def test_a_bad_line_is_named(tmp_path, text, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        procfile.read(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="Procfile is missing"):
        procfile.read(tmp_path / "Procfile")


def test_python_is_the_interpreter_that_runs_this():
    assert procfile.arguments("python -m app bot", {}) == [sys.executable, "-m", "app", "bot"]
    assert procfile.arguments("node python", {})[0] == "node"


def test_a_value_with_spaces_and_quotes_stays_one_word():
    words = procfile.arguments('beat --schedule "$DATA_DIR/x" --pidfile ""', {"DATA_DIR": "/a b/'c'"})
    assert words == ["beat", "--schedule", "/a b/'c'/x", "--pidfile", ""]


def test_the_projects_own_procfile_serves_every_queue_once():
    from app.core.settings import PROJECT
    from celeryconfig import QUEUE_NAMES

    commands = procfile.read(PROJECT / "Procfile")
    assert list(commands) == ["bot", "worker", "worker-chat", "worker-ai", "worker-maintenance", "beat", "flower"]
    words = [procfile.arguments(command, {}) for command in commands.values()]
    served = [queue for line in words if "-Q" in line for queue in line[line.index("-Q") + 1].split(",")]
    assert sorted(served) == sorted(QUEUE_NAMES)
