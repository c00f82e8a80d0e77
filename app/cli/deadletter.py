"""`deadletter list|replay|drop`: events that could not be applied."""

import argparse
import json
from functools import partial
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from app.activity.deadletters import queries, service
from app.activity.deadletters.rules import as_entry
from app.activity.ingest.messages import TASK
from app.core import ledger, queue
from app.core.db import unit_of_work
from app.core.errors import BadInput, DatabaseUnavailable, QueueUnavailable
from app.core.redis import broker_redis


def _list(_: argparse.Namespace) -> dict[str, Any]:
    with unit_of_work() as uow:
        return {"deadletters": queries.letters(uow.session)}


def replay(ids: list[int] | None) -> int:
    """Put letters (None: all) back into the ledger, under ids that make a second replay of one harmless; how many.

    A letter goes once the ledger has it. One that fails again becomes a new letter.
    """
    with unit_of_work() as uow:
        letters = service.take(uow.session, ids)
        for letter in letters:
            entry_id, payload = as_entry(letter.id, letter.payload)
            ledger.put(broker_redis(), letter.queue, [(entry_id, payload)])
            uow.after_commit(partial(queue.send, TASK, entry_id))
        service.drop(uow.session, [letter.id for letter in letters])
        uow.commit()
    return len(letters)


def drop(ids: list[int] | None) -> int:
    """Forget letters (None: all) for good; how many."""
    with unit_of_work() as uow:
        dropped = service.drop(uow.session, ids)
        uow.commit()
    return dropped


def _chosen(arguments: argparse.Namespace) -> list[int] | None:
    if bool(arguments.ids) == arguments.all:
        raise BadInput("name the dead letters by their ids, or all of them with --all")
    if wrong := [number for number in arguments.ids if not 0 < number < 1 << 63]:
        raise BadInput(f"{wrong[0]} is no dead letter's id; `deadletter list` shows those that there are")
    return arguments.ids or None


def _replay(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"replayed": replay(_chosen(arguments))}


def _drop(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"dropped": drop(_chosen(arguments))}


_ACTIONS = {"list": _list, "replay": _replay, "drop": _drop}


def _run(arguments: argparse.Namespace) -> int:
    try:
        found = _ACTIONS[arguments.action](arguments)
    except OperationalError:
        raise DatabaseUnavailable("the database cannot be reached") from None
    except RedisError as error:
        raise QueueUnavailable(f"the ledger cannot be reached: {type(error).__name__}") from None
    if arguments.json:
        print(json.dumps(found))
    elif arguments.action == "list":
        _print(found["deadletters"])
    else:
        print(", ".join(f"{count} {what}" for what, count in found.items()))
    return 0


def _print(letters: list[dict[str, Any]]) -> None:
    if not letters:
        print("there are no dead letters")
    for letter in letters:
        kind = letter["event_type"] or "unknown"
        print(f"{letter['id']}: {letter['queue']} {kind}, guild {letter['guild_id']}: {letter['reason']}")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `deadletter`."""
    parser = commands.add_parser("deadletter", help="list events that could not be applied, try them again, drop them")
    parser.add_argument("action", choices=tuple(_ACTIONS))
    parser.add_argument("ids", nargs="*", type=int, help="for replay and drop: the ids that `list` shows")
    parser.add_argument("--all", action="store_true", help="for replay and drop: every dead letter")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)
