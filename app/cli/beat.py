"""`beat`: turn the clock into tasks."""

import argparse
from typing import Any

from celery.signals import after_task_publish, setup_logging

from app.core import log
from app.core.settings import settings
from app.stack.sender import sender
from app.upkeep.health.service import stamp_beat


def _log_as_json(**_: Any) -> None:
    log.configure("beat")


def _note_sent(**_: Any) -> None:
    stamp_beat()


def _run(_: argparse.Namespace) -> int:
    setup_logging.connect(_log_as_json)
    # Health is told by what beat does: its start, and every task that it sends.
    stamp_beat()
    after_task_publish.connect(_note_sent)
    folder = settings().data_path
    folder.mkdir(parents=True, exist_ok=True)
    sender().Beat(schedule=str(folder / "beat-schedule"), quiet=True).run()
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `beat`."""
    beat = commands.add_parser("beat", help="start the tasks of the schedule in time")
    beat.set_defaults(run=_run)
