"""Signs of life: what makes a queue without work show that it would be served, and what tasks cost.

A ping only says that a process runs; here every sign is a task that came from beat or a user, through the broker, to
its end. Each finished task counts as progress of its queue. A queue in which nothing waits gets a pulse, a task that
does nothing; one in which something waits needs none, and so pulses never pile up before a dead worker.
"""

import time
from contextlib import suppress
from typing import Any

from celery import Task
from celery.signals import (
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)
from redis.exceptions import RedisError

from app.core.queue import QUEUE_NAMES, send
from app.core.redis import broker_redis
from app.upkeep.health.queries import backlogs
from app.upkeep.health.service import PULSE, Recorder, stamp_workers, write_gauges
from app.upkeep.jobs.service import Counts, once
from beat_schedule import PERIODS
from tasks.celery import app

_recorder = Recorder()
_started: dict[str, float] = {}
OUTCOMES = {"SUCCESS": "done", "RETRY": "retried"}


@app.task(name="health.pulses")
def send_pulses() -> None:
    """Send a pulse to every queue in which nothing waits. Twice is safe: a pulse changes nothing but a time."""
    for queue in QUEUE_NAMES:
        if not broker_redis().llen(queue):
            send(f"{queue}{PULSE}")


def _pulse() -> None:
    """Reach the end, which is all there is to show. Twice is safe: nothing is done."""


for _queue in QUEUE_NAMES:
    app.task(name=f"{_queue}{PULSE}")(_pulse)


@app.task(name="health.gauges")
def measure_backlogs() -> None:
    """Count the rows that wait for a worker. Twice is safe: a slot is done once, and newer figures replace older."""
    once("health.gauges", PERIODS["health.gauges"], _measure)


def _measure() -> Counts:
    counted = backlogs()
    write_gauges(counted)
    return counted


@task_prerun.connect
def _note_start(task_id: str, **_: Any) -> None:
    _started[task_id] = time.perf_counter()


@task_postrun.connect
def _note_end(task_id: str, task: Task, state: str | None, **_: Any) -> None:
    """An attempt that an outage ended counts as progress too: its worker took it up and finished with it."""
    began = _started.pop(task_id, None)
    if began is not None:
        queue = (task.request.delivery_info or {}).get("routing_key") or "maintenance"
        _recorder.finished(task.name, queue, time.perf_counter() - began, OUTCOMES.get(state or "", "failed"))


@worker_process_init.connect
def _forget_parents_figures(**_: Any) -> None:
    _started.clear()


@worker_process_shutdown.connect
def _write_rest(**_: Any) -> None:
    _recorder.write()


@worker_ready.connect
def _greet(sender: Any, **_: Any) -> None:
    """A worker that consumes its queues has made its first progress; beat's pulses show the rest."""
    with suppress(RedisError):
        stamp_workers(sender.app.amqp.queues.consume_from)
