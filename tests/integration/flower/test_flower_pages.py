"""Flower beside a real worker: it shows queues, workers and tasks, and nothing that people wrote."""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app.core.queue import QUEUE_NAMES
from app.core.settings import PROJECT
from tests.factories import ports

SECRET = "xyzzy-user-text"
PASSWORD = "reader:hunter2"


def spawn(words, environment, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, *words], cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True
        )


def fetch(url: str, password: str = PASSWORD, method: str = "GET") -> bytes:
    request = urllib.request.Request(url, data=b"" if method == "POST" else None, method=method)
    request.add_header("Authorization", f"Basic {base64.b64encode(password.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def until(condition, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@pytest.fixture
def flower(database, tmp_path):
    """A Flower with a password, and a worker that also has one task which quotes what it was given."""
    port = ports.unused()
    environment = {**os.environ, "FLOWER_PORT": str(port), "FLOWER_BASIC_AUTH": PASSWORD, "MARKER": SECRET}
    (tmp_path / "quoting.py").write_text(
        "import os\nimport psycopg2\n"
        "from tasks.celery import app\n"
        "@app.task(name='maintenance.quote')\n"
        "def quote(number):\n    raise ValueError(os.environ['MARKER'])\n"
        "@app.task(name='maintenance.away')\n"
        "def away():\n"
        "    try:\n        raise ValueError(os.environ['MARKER'])\n"
        "    except ValueError as error:\n        raise psycopg2.OperationalError('gone') from error\n"
    )
    environment["PYTHONPATH"] = str(tmp_path)
    options = ["-A", "tasks.celery", "worker", "-n", "worker@test", "-c", "1", "--without-gossip", "--without-mingle"]
    worker = spawn(
        ["-m", "celery", *options, "-Q", ",".join(QUEUE_NAMES), "-I", "quoting"], environment, tmp_path / "worker.log"
    )
    page = spawn(["-m", "app", "flower"], environment, tmp_path / "flower.log")
    try:
        yield f"http://127.0.0.1:{port}", tmp_path
    finally:
        for process in (worker, page):
            process.terminate()
        for process in (worker, page):
            process.wait(60)


def test_flower_shows_workers_queues_and_tasks_without_what_people_wrote(flower):
    url, folder = flower
    until(lambda: b"worker@test" in fetch(f"{url}/workers?json=1"), "the worker is shown")
    from app.core import queue

    for name in ("health.pulses", "maintenance.quote", "maintenance.away"):
        queue.send(name, *([7] if name.endswith("quote") else []))

    def tasks() -> dict[str, dict[str, object]]:
        return json.loads(fetch(f"{url}/api/tasks"))

    def states() -> set[tuple[object, object]]:
        return {(task["name"], task["state"]) for task in tasks().values()}

    def exceptions(name: str) -> str:
        return " ".join(str(task["exception"]) for task in tasks().values() if task["name"] == name)

    expected = {
        ("health.pulses", "SUCCESS"),
        ("maintenance.quote", "FAILURE"),
        *((f"{name}.pulse", "SUCCESS") for name in QUEUE_NAMES if name != "maintenance"),
    }
    until(lambda: expected <= states(), f"{expected} are shown", 60)
    until(lambda: "OperationalError" in exceptions("maintenance.away"), "the retried task is shown with its error")

    broker = fetch(f"{url}/broker").decode()
    assert all(name in broker for name in QUEUE_NAMES)
    everything = b"".join(
        [fetch(f"{url}/api/tasks"), *(fetch(f"{url}/task/{uuid}") for uuid in tasks()), fetch(f"{url}/workers")]
    ).decode()
    everything += (folder / "worker.log").read_text() + (folder / "flower.log").read_text()
    assert SECRET not in everything
    assert "ValueError" in everything
    assert os.environ["REDIS_URL"].split(":")[2].split("@")[0] not in everything
    assert "hunter2" not in everything


def refusal(url: str, password: str, method: str = "GET") -> int:
    """The status with which Flower refuses."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(url, password, method)
    refused.value.close()
    return refused.value.code


def test_flower_asks_for_the_password_and_changes_nothing(flower):
    url, _ = flower
    until(lambda: fetch(f"{url}/healthcheck"), "Flower answers")
    for path in ("/workers", "/api/tasks", "/tasks"):
        assert refusal(f"{url}{path}", "reader:wrong") == 401
    assert refusal(f"{url}/api/worker/shutdown/worker@test", PASSWORD, "POST") == 403


def test_logs_of_worker_and_flower_are_json_with_a_process_and_a_request(flower):
    url, folder = flower
    until(lambda: b"worker@test" in fetch(f"{url}/workers?json=1"), "the worker is shown")
    from app.core import queue

    queue.send("maintenance.quote", 4711)
    log = folder / "worker.log"
    until(lambda: "maintenance.quote" in log.read_text(), "the failure is logged")
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    failure = next(line for line in lines if "maintenance.quote[" in line["message"])
    assert failure["process"] == "worker"
    assert failure["request_id"] == "4711"
    assert "ValueError" in failure["exc_info"]
    assert "quoting.py" in failure["exc_info"]
    assert json.loads((folder / "flower.log").read_text().splitlines()[0])["process"] == "flower"
