"""`python -m app up`, as a person starts, breaks and stops it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from app.core.settings import PROJECT
from tests.factories import ports

pytestmark = pytest.mark.slow

READY_SECONDS = 90
SECOND_START_SECONDS = 12
STOP_SECONDS = 60
OURS = ("DISCORD_", "DATABASE_", "DB_", "REDIS_", "CELERY_", "FLOWER_", "HEALTH_", "SANDBOX_", "DATA_DIR", "HEOROT_")


class Up:
    """A running `python -m app up` with ports and a DATA_DIR of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.output = folder / f"up-{time.monotonic_ns()}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environ = {**kept, **environ}
        self.started = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "up"], cwd=PROJECT, env=self.environ, stdout=output, stderr=output
            )

    def text(self) -> str:
        return self.output.read_text()

    def until_said(self, words: str, seconds: float = READY_SECONDS, times: int = 1) -> float:
        """Seconds since the start at which these words have been printed so often."""
        deadline = time.monotonic() + seconds
        while self.text().count(words) < times:
            assert self.process.poll() is None, f"it ended before it said {words!r}:\n{self.text()}"
            assert time.monotonic() < deadline, f"it never said {words!r}:\n{self.text()}"
            time.sleep(0.05)
        return time.monotonic() - self.started

    def family(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def one(self, *words: str) -> psutil.Process:
        """The child of the runner whose command line holds these words."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if set(words) <= set(child.cmdline()) | {child.name()})

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Seconds that it took to end after this signal."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(STOP_SECONDS)
        return time.monotonic() - began


def still_alive(processes: list[psutil.Process]) -> list[str]:
    _, left = psutil.wait_procs(processes, timeout=5)
    return [" ".join(process.cmdline()) for process in left if process.status() != psutil.STATUS_ZOMBIE]


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def folder():
    path = Path(tempfile.mkdtemp(prefix="heorot up "))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def environ(folder):
    chosen = {name: str(ports.unused()) for name in ("HEALTH_CHECK_PORT", "FLOWER_PORT", "SANDBOX_PORT")}
    return {**chosen, "DATA_DIR": str(folder / "data")}


@pytest.fixture(scope="module")
def first(folder, environ):
    """The first start, which makes the database; it is stopped again."""
    up = Up(folder, **environ)
    try:
        up.until_said("Ready after")
        family = up.family()
        seconds = up.stop()
        return up, seconds, family
    finally:
        up.process.kill()
        up.process.wait()


@pytest.fixture(scope="module")
def running(first, folder, environ):
    up = Up(folder, **environ)
    try:
        up.until_said("Ready after")
        yield up
    finally:
        if up.process.poll() is None:
            up.process.terminate()
        up.process.wait(STOP_SECONDS)


def test_the_first_start_says_what_runs_where_and_how_to_stop(first, environ):
    text = first[0].text()
    assert f"sandbox   http://127.0.0.1:{environ['SANDBOX_PORT']} - a Discord of its own, as DISCORD_TOKEN" in text
    assert f"Flower    http://127.0.0.1:{environ['FLOWER_PORT']}" in text
    assert f"health    http://127.0.0.1:{environ['HEALTH_CHECK_PORT']}/health" in text
    assert "Stop it with Ctrl-C." in text
    assert environ["DATA_DIR"] in text


def test_sigterm_stops_everything_within_a_minute_and_leaves_no_process(first):
    up, seconds, family = first
    assert up.process.returncode == 0
    assert seconds < STOP_SECONDS
    assert len(family) > 10
    assert not still_alive(family)
    assert "is killed" not in up.text()


@pytest.mark.alone
def test_a_second_start_is_ready_in_time(running):
    assert running.until_said("Ready after") <= SECOND_START_SECONDS


def test_what_it_announces_is_there(running, environ):
    assert get(int(environ["HEALTH_CHECK_PORT"]), "/ready")[0] == 200
    assert get(int(environ["SANDBOX_PORT"]), "/")[0] == 200
    assert get(int(environ["FLOWER_PORT"]), "/")[0] == 200


def test_nothing_listens_beyond_the_loopback_address(running):
    listening = [
        (process.name(), connection.laddr.ip)
        for process in running.family()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5
    assert {address for _, address in listening} == {"127.0.0.1"}


def test_other_commands_find_the_running_system(running, environ):
    asked = subprocess.run(
        [sys.executable, "-m", "app", "dburl"],
        cwd=PROJECT,
        env=running.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    with closing(psycopg2.connect(asked.stdout.strip())) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM messages")
        assert cursor.fetchone() is not None


def test_they_find_its_ports_without_being_told(running):
    environ = {name: value for name, value in running.environ.items() if not name.endswith("_PORT")}
    command = [sys.executable, "-m", "app", "seed", "--messages", "1", "--json"]
    made = subprocess.run(command, cwd=PROJECT, env=environ, check=True, capture_output=True, text=True)
    assert json.loads(made.stdout)["messages"] == 1


def test_a_second_instance_gets_one_clear_line(running, folder, environ):
    second = Up(folder, **environ)
    assert second.process.wait(30) != 0
    lines = second.text().strip().splitlines()
    assert len(lines) == 1
    assert f"Heorot already runs in {environ['DATA_DIR']} (process {running.process.pid}): stop it" in lines[0]
    assert get(int(environ["HEALTH_CHECK_PORT"]), "/alive")[0] == 200


def elsewhere(folder, environ, **more):
    """Another DATA_DIR and other ports, and with a token: the Discord of the running system."""
    free = {name: str(ports.unused()) for name in ("HEALTH_CHECK_PORT", "FLOWER_PORT", "SANDBOX_PORT")}
    discord = f"http://127.0.0.1:{environ['SANDBOX_PORT']}/api/v10"
    return {**free, "DATA_DIR": str(folder / "elsewhere"), "DISCORD_API_URL": discord, **more}


def test_a_token_that_discord_does_not_accept_gets_one_clear_line(running, folder, environ):
    refused = Up(folder, **elsewhere(folder, environ, DISCORD_TOKEN="wrong"))
    family = []
    while refused.process.poll() is None and time.monotonic() - refused.started < 60:
        family = refused.family() or family
        time.sleep(0.2)
    assert refused.process.wait(60) == 78
    assert "Discord does not accept DISCORD_TOKEN" in refused.text().strip().splitlines()[-1]
    assert not still_alive(family)


def test_a_second_bot_of_the_same_identity_gets_one_clear_line_and_leaves_nothing_behind(running, folder, environ):
    known = dict(line.split("=", 1) for line in (Path(environ["DATA_DIR"]) / "run.env").read_text().splitlines())
    servers = {name: known[name].strip("'") for name in ("DATABASE_URL", "REDIS_URL")}
    second = Up(folder, **elsewhere(folder, environ, DISCORD_TOKEN="sandbox", **servers))
    assert second.process.wait(60) == 78
    last = second.text().strip().splitlines()[-1]
    assert "bot cannot run as it is configured" in last
    assert "another bot with this identity is running" in last
    # Servers and a token were given, so neither servers nor a Discord of its own were started.
    assert "database  DATABASE_URL" in second.text()
    assert "sandbox " not in second.text()
    assert second.text().count("Making a new database") == 0


@pytest.mark.parametrize("variable", ["HEALTH_CHECK_PORT", "FLOWER_PORT", "SANDBOX_PORT"])
def test_a_taken_port_gives_one_line_that_names_its_setting(folder, environ, variable):
    free = {name: str(ports.unused()) for name in ("HEALTH_CHECK_PORT", "FLOWER_PORT", "SANDBOX_PORT")}
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        refused = Up(folder, **{**free, "DATA_DIR": str(folder / "elsewhere"), variable: str(port)})
        assert refused.process.wait(30) != 0
    lines = refused.text().strip().splitlines()
    assert len(lines) == 1
    assert f"Port {port} is taken by another program: stop it, or set {variable} to another port." in lines[0]


def test_a_crashed_worker_is_named_and_started_again(running):
    worker = running.one("worker", "ingest,commands")
    children = worker.children(recursive=True)
    worker.kill()
    running.until_said("worker ended (killed by SIGKILL); it starts again in 1 s.", 20)
    assert not still_alive(children)
    deadline = time.monotonic() + 20
    while worker.pid == (found := _find(running, "worker", "ingest,commands")) or found is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _find(up, *words):
    try:
        return up.one(*words).pid
    except (StopIteration, psutil.Error):
        return None


@pytest.mark.parametrize(("server", "program"), [("valkey", "valkey-server"), ("postgres", "postgres")])
def test_a_crashed_server_is_named_and_started_again_at_its_address(running, environ, server, program):
    running.one(program).kill()
    running.until_said(f"{server} ended (killed by SIGKILL); it starts again.", 20)
    running.until_said(f"{server} answers again.", 60)
    deadline = time.monotonic() + 60
    while get(int(environ["HEALTH_CHECK_PORT"]), "/ready")[0] != 200:
        assert time.monotonic() < deadline, get(int(environ["HEALTH_CHECK_PORT"]), "/health")[1]
        time.sleep(0.2)


def test_ctrl_c_stops_everything(running):
    family = running.family()
    seconds = running.stop(signal.SIGINT)
    assert running.process.returncode == 0
    assert seconds < STOP_SECONDS
    assert not still_alive(family)


def test_a_killed_runner_leaves_nothing_behind_and_the_next_one_starts(running, folder, environ):
    if running.process.poll() is None:
        running.stop()
    killed = Up(folder, **environ)
    killed.until_said("Ready after")
    family = killed.family()
    killed.process.kill()
    killed.process.wait()
    assert not still_alive(family)
    again = Up(folder, **environ)
    try:
        again.until_said("Ready after")
    finally:
        again.stop()
    assert again.process.returncode == 0
