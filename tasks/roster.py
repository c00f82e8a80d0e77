"""Reading members and roles anew, twice a day."""

from app.activity.roster.messages import NAMESPACE, TASK
from app.upkeep.jobs.service import Counts, once
from app.upkeep.settings.service import tell
from beat_schedule import PERIODS
from tasks.celery import app


@app.task(name=TASK)
def refresh() -> None:
    """Have the bot read every guild's members and roles anew.

    Twice is safe: a slot is done once, and a second reading finds nothing that differs. A bot that does not hear it is
    away, and reads all that Discord shows when it comes back.
    """
    once(TASK, PERIODS[TASK], _refresh)


def _refresh() -> Counts:
    tell(NAMESPACE, 0)
    return {"told": 1}
