"""Offering again what waits in the ledger."""

from app.activity.ingest.messages import QUEUE, TASK
from app.core import commands, ledger, queue
from app.core.redis import broker_redis
from app.upkeep.jobs.service import Counts, once
from beat_schedule import PERIODS
from tasks.celery import app


@app.task(name="ledger.sweep")
def sweep() -> None:
    """Offer every batch whose time has come, and give entries that lost their due time a new one.

    Twice is safe: a slot is done once, an offer puts the entry off, and a second task for one entry finds it applied.
    Commands are offered by `commands.sweep`, which knows the task of each.
    """
    once("ledger.sweep", PERIODS["ledger.sweep"], _sweep)


def _sweep() -> Counts:
    client = broker_redis()
    repaired = sum(ledger.repair(client, name) for name in (QUEUE, commands.QUEUE))
    due = ledger.claim_due(client, QUEUE)
    for entry_id in due:
        queue.send(TASK, entry_id)
    return {"offered": len(due), "repaired": repaired}
