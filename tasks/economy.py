"""Coins: awaited commands, and a nightly look at whether the ledger comes out."""

import logging
from dataclasses import asdict
from datetime import timedelta
from functools import partial

from app.community.economy import queries, service
from app.upkeep.jobs.service import Counts, once
from tasks.celery import app
from tasks.commands import awaited

log = logging.getLogger(__name__)

# Beat asks more often, so that a night in which everything was away is made up for in the morning.
NIGHTLY = timedelta(days=1)

transfer = awaited("commands.transfer", service.transfer)
economy_set = awaited("commands.economy_set", partial(service.change, how="set"))
economy_give = awaited("commands.economy_give", partial(service.change, how="give"))
economy_take = awaited("commands.economy_take", partial(service.change, how="take"))


@app.task(name="economy.reconcile")
def reconcile() -> None:
    """Compare every balance with its entries, once a day. Twice is safe: it only reads, and a slot is done once."""
    once("economy.reconcile", NIGHTLY, _reconcile)


def _reconcile() -> Counts:
    found = queries.audit()
    if not found.is_sound:
        log.error("the ledger of coins does not come out; see `python -m app economy audit`", extra=asdict(found))
    return asdict(found)
