"""A bot process without anything around it is alive, and says what it misses."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from app.core.settings import PROJECT
from tests.factories import ports

pytestmark = pytest.mark.slow


def fetch(url: str) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture
def environment(tmp_path):
    """Servers that are all away."""
    closed = ports.unused()
    return {
        **os.environ,
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": f"postgresql://u:p@127.0.0.1:{closed}/d",
        "REDIS_URL": f"redis://127.0.0.1:{closed}/0",
        "DISCORD_API_URL": f"http://127.0.0.1:{closed}/api/v10",
        "DISCORD_TOKEN": "sandbox",
        "HEALTH_CHECK_PORT": str(ports.unused()),
    }


def test_it_answers_while_everything_is_away(environment, tmp_path):
    log = tmp_path / "bot.log"
    with log.open("wb") as output:
        bot = subprocess.Popen(
            [sys.executable, "-m", "app", "bot"], cwd=PROJECT, env=environment, stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{environment['HEALTH_CHECK_PORT']}"
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                assert fetch(f"{url}/alive") == (200, {"status": "alive"})
                break
            except urllib.error.URLError:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
        assert fetch(f"{url}/ready") == (503, {"status": "waiting", "reason": "not connected to the gateway"})
        status, body = fetch(f"{url}/health")
        assert (status, body["status"]) == (503, "down")
        for part in ("database", "redis", "discord", "workers", "beat"):
            assert body[part]["status"] == "degraded"
            assert body[part]["reason"]
        assert bot.poll() is None
    finally:
        bot.terminate()
        assert bot.wait(30) == 0, log.read_text()


def test_a_taken_port_is_one_clear_line(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "app", "bot"],
            cwd=PROJECT,
            env={**environment, "HEALTH_CHECK_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 78
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert lines == [f"bot: HEALTH_CHECK_PORT {port} on 127.0.0.1 cannot be used: Address already in use."]
