"""The workers' Celery app: every module in this folder registers its tasks by wire name."""

import pkgutil
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun, worker_process_init

import tasks
from app.core import db, log, queue, redis
from tasks.base import DurableTask

app = Celery("heorot", task_cls=DurableTask)
app.config_from_object("celeryconfig")
app.conf.imports = tuple(
    f"tasks.{module.name}" for module in pkgutil.iter_modules(tasks.__path__) if module.name not in {"celery", "base"}
)


@setup_logging.connect
def _log_as_json(**_: Any) -> None:
    log.configure(_process_name(sys.argv))


def _process_name(words: list[str]) -> str:
    """The name that the Procfile gives this process: `beat`, or what stands before the @ after `-n`."""
    if "-n" in words[:-1]:
        return words[words.index("-n") + 1].partition("@")[0]
    return "beat" if "beat" in words else "worker"


@task_prerun.connect
def _name_request(task_id: str, args: tuple[Any, ...], **_: Any) -> None:
    """Lines of a task carry the id that it was given: the batch's or the interaction's."""
    log.request_id.set(str(args[0]) if args else task_id)


@worker_process_init.connect
def _forget_inherited_connections(**_: Any) -> None:
    """A forked child must not share its parent's sockets."""
    db.dispose()
    redis.dispose()
    queue.dispose()
