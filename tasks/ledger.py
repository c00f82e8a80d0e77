"""Offering again what waits in the ledger."""

from app.activity.ingest.messages import QUEUE, TASK
from app.core import commands, ledger, queue
from app.core.redis import broker_redis
from tasks.celery import app


@app.task(name="ledger.sweep")
def sweep() -> None:
    """Offer every batch whose time has come, and give entries that lost their due time a new one.

    Twice is safe: an offer puts the entry off, and a second task for one entry finds it applied. Commands are offered
    by `commands.sweep`, which knows the task of each.
    """
    client = broker_redis()
    for name in (QUEUE, commands.QUEUE):
        ledger.repair(client, name)
    for entry_id in ledger.claim_due(client, QUEUE):
        queue.send(TASK, entry_id)
