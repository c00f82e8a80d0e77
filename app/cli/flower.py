"""`flower`: the page that shows queues, workers and tasks."""

import argparse
import atexit
import logging
import os
import signal
import sys
from contextlib import suppress

from flower import command
from flower.app import Flower

from app.core.errors import ConfigurationError
from app.core.settings import PROJECT, settings
from app.stack.sender import sender

_LOOPBACK = "127.0.0.1"


def environment() -> dict[str, str]:
    """Flower's settings: without a password it listens on the loopback address only.

    They reach it as it reads them itself, from the environment.
    """
    known = settings()
    password = known.flower_basic_auth
    if password and not all(password.partition(":")):
        raise ConfigurationError("FLOWER_BASIC_AUTH: write user:password.")
    return {
        "FLOWER_PORT": str(known.flower_port),
        "FLOWER_ADDRESS": "" if password else _LOOPBACK,
        "FLOWER_BASIC_AUTH": password,
        "FLOWER_CONF": str(PROJECT / "flowerconfig.py"),
        "FLOWER_MAX_TASKS": "1000",
    }


def _run(_: argparse.Namespace) -> int:
    """Run Flower without Celery's command line and without our tasks, which together take twice its memory."""
    for name in [name for name in os.environ if name.startswith("FLOWER_")]:
        del os.environ[name]
    os.environ.update({name: value for name, value in environment().items() if value})
    command.apply_env_options()
    command.apply_options(sys.argv[0], [])
    command.extract_settings()
    command.setup_logging()
    # It asks workers that are still starting, and asks them again.
    logging.getLogger("flower.inspector").setLevel(logging.ERROR)
    application = sender()
    # Flower knows how to look into queues by the transport's plain name, and takes no task from them.
    application.conf.broker_transport = "redis"
    page = Flower(capp=application, options=command.options, **command.settings)
    atexit.register(page.stop)
    signal.signal(signal.SIGTERM, command.sigterm_handler)
    page.start_http_server()
    with suppress(KeyboardInterrupt, SystemExit):
        page.start()
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `flower`."""
    flower = commands.add_parser("flower", help="show queues, workers and tasks on a page (FLOWER_PORT)")
    flower.set_defaults(run=_run)
