"""The runner's processes, with real small children: crash, restart, stop, and nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from app.core.errors import ConfigurationError
from app.core.settings import PROJECT
from app.stack import process as module
from app.stack.child import Child, leashed, wait_until
from app.stack.process import MISCONFIGURED, Process


class Screen:
    def __init__(self):
        self.said = []
        self.shown = []

    def say(self, text):
        self.said.append(text)

    def show(self, name, line):
        self.shown.append((name, line))

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - other processes have no events.
                await asyncio.sleep(0.01)


@pytest.fixture
def screen():
    return Screen()


@pytest.fixture
def make(tmp_path, screen):
    def make(script, name="worker"):
        arguments = [sys.executable, "-c", textwrap.dedent(script)]
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return Process(name, arguments, env=env, folder=tmp_path, logs=tmp_path / "logs", terminal=screen)

    return make


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def gone(pid):
    async with asyncio.timeout(10):
        while alive(pid):  # noqa: ASYNC110 - other processes have no events.
            await asyncio.sleep(0.01)


async def test_what_a_process_prints_is_kept_and_shown_under_its_name(make, screen, tmp_path):
    code = await make("import sys; print('one'); print('two', file=sys.stderr); sys.stdout.write('three')").once()
    assert code == 0
    assert sorted(screen.shown) == [("worker", "one"), ("worker", "three"), ("worker", "two")]
    assert sorted((tmp_path / "logs" / "worker.log").read_text().split()) == ["one", "three", "two"]


async def test_a_line_without_an_end_does_not_fill_the_memory(make, screen):
    await make("print('x' * 1_000_000, end='')").once()
    assert sum(len(line) for _, line in screen.shown) == 1_000_000
    assert max(len(line) for _, line in screen.shown) < 200_000


async def test_a_crashed_process_is_named_and_started_again(make, screen, monkeypatch):
    monkeypatch.setattr(module, "pause_before", lambda _restart: 0.01)
    process = make("import os; print(os.getpid(), flush=True); os.kill(os.getpid(), 9)")
    running = asyncio.create_task(process.keep_running())
    await screen.until(lambda: len(screen.shown) >= 3)
    process.terminate()
    process.kill()
    await running
    assert len({line for _, line in screen.shown}) >= 3
    assert screen.said[0] == "worker ended (killed by SIGKILL); it starts again in 0 s."


async def test_a_process_that_cannot_run_as_configured_is_not_started_again(make, screen):
    with pytest.raises(ConfigurationError, match="worker cannot run as it is configured: no token"):
        await make(f"print('no token'); raise SystemExit({MISCONFIGURED})").keep_running()
    assert not screen.said


async def test_a_process_asked_to_end_ends_by_itself_and_stays_away(make, screen):
    process = make("""
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (print("flushed", flush=True), sys.exit(0)))
        print("ready", flush=True)
        time.sleep(60)
    """)
    running = asyncio.create_task(process.keep_running())
    await screen.until(lambda: screen.shown)
    process.terminate()
    await asyncio.wait_for(running, 10)
    assert screen.shown[-1] == ("worker", "flushed")
    assert not screen.said


async def test_a_process_that_ignores_the_signal_is_killed_with_its_children(make, screen):
    process = make("""
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid, flush=True)
        time.sleep(60)
    """)
    running = asyncio.create_task(process.keep_running())
    await screen.until(lambda: screen.shown)
    main, child = process.pid, int(screen.shown[0][1])
    process.terminate()
    _, waiting = await asyncio.wait([running], timeout=0.3)
    assert waiting
    process.kill()
    await asyncio.wait_for(running, 10)
    await gone(main)
    await gone(child)


async def test_the_children_of_a_crashed_process_are_gone_before_it_starts_again(make, screen):
    await make("""
        import os, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid, flush=True)
        os._exit(1)
    """).once()
    await gone(int(screen.shown[0][1]))


def test_nothing_outlives_a_killed_runner(tmp_path):
    script = """
        import subprocess, sys, time
        from app.stack.child import leashed
        child = subprocess.Popen(leashed([sys.executable, "-c", "import time; time.sleep(60)"]), start_new_session=True)
        print(child.pid, flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as parent:
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    asyncio.run(gone(pid))


def test_a_program_that_is_missing_is_named():
    ran = subprocess.run(leashed(["/does/not/exist"]), check=False, capture_output=True, text=True)
    assert ran.returncode == 127
    assert ran.stderr == "/does/not/exist cannot be started: No such file or directory\n"


def test_files_of_a_child_are_closed_to_others(tmp_path):
    subprocess.run(leashed([sys.executable, "-c", f"open({str(tmp_path / 'made')!r}, 'w')"]), check=True)
    assert (tmp_path / "made").stat().st_mode & 0o077 == 0


def test_waiting_for_a_server_that_ends_repeats_its_last_words(tmp_path):
    child = Child([sys.executable, "-c", "print('hint: x'); print('FATAL: no'); print('bye')"], log=tmp_path / "log")
    with pytest.raises(Exception, match=r"Thing ended at its start: FATAL: no \(see .*log\)"):
        wait_until(lambda: False, child, name="Thing", seconds=20, marks=("FATAL",))
    child.stop([])


@pytest.mark.alone
def test_a_server_that_never_answers_is_given_up_in_time(tmp_path):
    child = Child([sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "log")
    started = time.monotonic()
    with pytest.raises(Exception, match="Thing was not ready after 0 s"):
        wait_until(lambda: False, child, name="Thing", seconds=0.2)
    assert time.monotonic() - started < 5
    child.stop([(signal.SIGTERM, 5)])
    assert child.exit_code == -signal.SIGTERM
