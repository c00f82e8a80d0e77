"""Applying what the ledger holds."""

import logging
from functools import partial
from typing import Any

from celery import Task

from app.activity.batches import rules
from app.activity.deadletters import service as deadletters
from app.activity.deadletters.rules import letter_of
from app.activity.guilds.queries import CHANNEL_NAMES, ROLE_NAMES
from app.activity.ingest import service
from app.activity.ingest.messages import QUEUE, TASK, AnyEvent
from app.activity.ingest.service import Applied, Ports
from app.activity.members.queries import MEMBERS
from app.activity.profile.queries import PROFILES
from app.community.invites.service import note
from app.community.leveling.earning import look
from app.core import clock, ledger, metrics, queue
from app.core.cache.namespace import forget_values
from app.core.db import UnitOfWork, unit_of_work
from app.core.quiet import describe, format_error
from app.core.redis import broker_redis
from app.knowledge.embeddings import generations
from app.knowledge.embeddings.service import forget, hint
from app.upkeep.outbound.service import confirm
from app.upkeep.settings.queries import default_mode
from tasks.base import OUTAGES
from tasks.celery import app
from tasks.channels import BLANK
from tasks.invites import EXPLAIN

log = logging.getLogger(__name__)

# So often an entry is tried whole before the event at fault is looked for.
_TRIES = 3
_WAITING_SECONDS = 2.0
# A longer outage is waited out in the ledger: the sweep offers every entry anew, and a task of each offer that
# retried for ever would pile up tasks for as long as the outage lasts.
_RETRIES = 4


@app.task(name=TASK, bind=True, max_retries=_RETRIES)
def apply(self: Task, entry_id: str) -> None:
    """Commit one entry of the ledger, and then forget it.

    Twice is safe: the first statement claims the entry's id in `ingest_batches`, and without that claim nothing is
    written. A missing entry is done.
    """
    payload = ledger.fetch(broker_redis(), QUEUE, entry_id)
    if payload is None:
        return
    opened = rules.open_entry(payload)
    try:
        _apply(entry_id, opened)
    except OUTAGES:
        raise
    except Exception as error:  # noqa: BLE001 - whatever an event makes fail, the others must get past it.
        _bear(self, entry_id, opened, error)


def _apply(entry_id: str, opened: rules.Opened) -> None:
    client = broker_redis()
    events, waiting = rules.divide_waiting(opened.events)
    if waiting:
        if rules.is_oldest(entry_id, ledger.ids(client, QUEUE)):
            events = opened.events
        else:
            _put_off(entry_id, waiting)
            if not events and rules.waiting_id(entry_id) == entry_id:
                return
    with unit_of_work() as uow:
        ports = Ports(default_mode(), forget, confirm, partial(look, uow), note)
        applied = service.apply(uow.session, entry_id, events, ports=ports, now=clock.now(), broken=opened.broken)
        if applied is not None:
            _follow_up(uow, applied)
            metrics.add("ingest_events", len(events))
        uow.commit()
    ledger.remove(client, QUEUE, entry_id)


def _put_off(entry_id: str, waiting: list[AnyEvent]) -> None:
    """Keep the events that must wait as an entry of their own, which the sweep offers until its time has come."""
    later = rules.waiting_id(entry_id)
    ledger.put(broker_redis(), QUEUE, [(later, rules.pack(later, waiting))], delay=_WAITING_SECONDS)


def _follow_up(uow: UnitOfWork, applied: Applied) -> None:
    if applied.is_stale:
        uow.after_commit(hint)
    # Which posts bear a tag, and which threads can be read, is part of what search keeps.
    generations.changed(uow.session, applied.rebuilt_guilds)
    for channel in applied.deleted_channels:
        uow.after_commit(partial(queue.send, BLANK, channel))
    for guild in applied.joined_guilds:
        uow.after_commit(partial(queue.send, EXPLAIN, guild))
    uow.after_commit(partial(_forget_remembered, applied))


def _forget_remembered(applied: Applied) -> None:
    """What caches hold of these members and places is old now."""
    forget_values(
        {namespace.key(guild, user) for namespace in (PROFILES, MEMBERS) for guild, user in applied.members},
        is_told=False,
    )
    forget_values({names.key(guild) for names in (CHANNEL_NAMES, ROLE_NAMES) for guild in applied.rebuilt_guilds})


def _bear(task: Any, entry_id: str, opened: rules.Opened, error: Exception) -> None:
    """Count a fault of the entry itself; after three look for the event at fault by halving the entry.

    The parts are in the ledger before the whole is gone. Their ids follow from the whole's, so that doing this twice
    puts the same parts again, and what is applied already is not applied again.
    """
    client = broker_redis()
    faults = ledger.record_fault(client, QUEUE, entry_id)
    log.warning("entry failed: %s", describe(error), extra={"faults": faults, "events": len(opened.events)})
    is_single = len(opened.events) <= 1
    if faults < _TRIES and (is_single or not rules.is_part(entry_id)):
        raise task.retry(countdown=faults, exc=error)
    if is_single:
        log.error("an event is given up: %s", format_error(error))
        _bury(entry_id, opened, error)
        ledger.remove(client, QUEUE, entry_id)
        return
    _divide(entry_id, opened)


def _divide(entry_id: str, opened: rules.Opened) -> None:
    client = broker_redis()
    parts = rules.halves(entry_id, opened.events)
    if opened.broken:
        _keep_broken(entry_id, opened)
    ledger.put(client, QUEUE, parts)
    ledger.remove(client, QUEUE, entry_id)
    for part, _ in parts:
        queue.send(TASK, part)


def _bury(entry_id: str, opened: rules.Opened, error: Exception) -> None:
    letters = [*opened.broken, *(letter_of(event, describe(error)) for event in opened.events)]
    with unit_of_work() as uow:
        if service.claim(uow.session, entry_id, len(letters)):
            deadletters.write(uow.session, QUEUE, entry_id, letters)
        uow.commit()


def _keep_broken(entry_id: str, opened: rules.Opened) -> None:
    """What of a divided entry cannot be read goes to the dead letters, claimed under a part's id of its own."""
    part = f"{entry_id}.x"
    with unit_of_work() as uow:
        if service.claim(uow.session, part, len(opened.broken)):
            deadletters.write(uow.session, QUEUE, part, opened.broken)
        uow.commit()
