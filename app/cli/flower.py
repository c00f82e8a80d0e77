"""`flower`: the page that shows queues, workers and tasks."""

import argparse
import os
import sys

from app.core.errors import ConfigurationError
from app.core.settings import settings

_LOOPBACK = "127.0.0.1"


def environment() -> dict[str, str]:
    """Flower's settings: without a password it listens on the loopback address only.

    They travel in the environment, because arguments are shown to every user of the machine.
    """
    password = settings().flower_basic_auth
    if password and not all(password.partition(":")):
        raise ConfigurationError("FLOWER_BASIC_AUTH: write user:password.")
    return {
        "FLOWER_PORT": str(settings().flower_port),
        "FLOWER_ADDRESS": "" if password else _LOOPBACK,
        "FLOWER_BASIC_AUTH": password,
        "FLOWER_MAX_TASKS": "1000",
    }


def _run(_: argparse.Namespace) -> int:
    known = environment()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWER_")}
    kept |= {name: value for name, value in known.items() if value}
    words = [sys.executable, "-m", "celery", "-A", "tasks.celery", "flower"]
    os.execve(sys.executable, words, kept)  # noqa: S606 - becoming Flower is the purpose.


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `flower`."""
    flower = commands.add_parser("flower", help="show queues, workers and tasks on a page (FLOWER_PORT)")
    flower.set_defaults(run=_run)
