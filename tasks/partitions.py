"""Making partitions ahead of time."""

from app.activity.partitions import service
from app.core import clock
from app.core.db import unit_of_work
from app.upkeep.jobs.service import Counts, once
from beat_schedule import PERIODS
from tasks.celery import app


@app.task(name="partitions.create")
def create() -> None:
    """Have the partitions of the next four weeks. Twice is safe: what is there is not made again."""
    once("partitions.create", PERIODS["partitions.create"], _create)


def _create() -> Counts:
    with unit_of_work() as uow:
        made = service.ensure(uow.session, clock.now())
        uow.commit()
    return {"made": made}
