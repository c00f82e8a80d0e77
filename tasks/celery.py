"""The workers' Celery app: every module in this folder registers its tasks by wire name."""

import pkgutil
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

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
    log.configure("worker")


@worker_process_init.connect
def _forget_inherited_connections(**_: Any) -> None:
    """A forked child must not share its parent's sockets."""
    db.dispose()
    redis.dispose()
    queue.dispose()
