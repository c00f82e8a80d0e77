"""How long `python -m app up` takes until `/ready` answers, on a second start."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from app.core.settings import PROJECT
from app.stack import ports
from benchmarks.report import Report


def measure(folder: Path, report: Report) -> None:
    """The second of two starts in the same DATA_DIR."""
    first = seconds_to_ready(folder)
    second = seconds_to_ready(folder)
    report.add("time to ready, first start (environment made)", first, "s")
    report.add("time to ready, second start", second, "s", most=12)


def seconds_to_ready(folder: Path) -> float:
    """Start everything, wait for `/ready`, stop everything."""
    health, flower, sandbox = (ports.unused() for _ in range(3))
    environment = {
        **os.environ,
        "DATA_DIR": str(folder),
        "HEALTH_CHECK_PORT": str(health),
        "FLOWER_PORT": str(flower),
        "SANDBOX_PORT": str(sandbox),
    }
    for name in ("DATABASE_URL", "REDIS_URL", "DISCORD_TOKEN", "DISCORD_API_URL"):
        environment.pop(name, None)
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "up"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{health}/ready", process)
        return time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the system stopped before it was ready"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise AssertionError("the system was not ready after 120 s")
