"""`vectors list|prune|export|rebuild|failures`: what the search by meaning has stored, and what can be done with it."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from app.core.db import unit_of_work
from app.core.errors import BadInput, DatabaseUnavailable, Unavailable
from app.core.settings import settings
from app.knowledge.embeddings import pipeline
from app.knowledge.embeddings import queries as embeddings
from app.knowledge.embeddings import service as index
from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.vectors import archive, queries, service

# So long rebuilding waits for texts that get no vector, before it leaves them to the worker.
_STUCK_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_SHOWN = 1000


def _list(arguments: argparse.Namespace) -> None:
    with unit_of_work() as uow:
        found = queries.stored(uow.session)
    if arguments.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        is_searched = "" if one.is_searched else "  (not searched)"
        print(f"guild {one.guild_id}  {one.model}  {one.dims} dimensions  {one.vectors} vectors{is_searched}")
    print(f"{sum(one.vectors for one in found)} vectors in all")


def _prune(arguments: argparse.Namespace) -> None:
    keep = settings().vector_limit if arguments.keep is None else arguments.keep
    if keep < 0:
        raise BadInput(f"--keep is {keep}; it must be 0 (keep all) or more.")
    days = arguments.older_than
    if days is not None and days < 1:
        raise BadInput(f"--older-than is {days}; it must be a number of days from 1.")
    age = None if days is None else timedelta(days=days)
    if arguments.dry_run:
        with unit_of_work() as uow:
            gone = service.surplus(uow.session, keep, arguments.guild, older_than=age)
    else:
        gone = service.prune(keep, arguments.guild, older_than=age)
    _tell_pruned(arguments, keep, gone)


def _tell_pruned(arguments: argparse.Namespace, keep: int, gone: list[service.Surplus]) -> None:
    total = sum(one.vectors for one in gone)
    guilds = [{"guild_id": one.guild_id, "model": one.model, "vectors": one.vectors} for one in gone]
    if arguments.json:
        print(json.dumps({"keep": keep, "dry_run": arguments.dry_run, "vectors": total, "guilds": guilds}))
        return
    would = "would delete" if arguments.dry_run else "deleted"
    for one in gone:
        print(f"guild {one.guild_id}  {one.model}  {would} {one.vectors} vectors")
    kept = f"the newest {keep} of each guild and model" if keep else "all (no limit is set)"
    if arguments.older_than is not None:
        kept += f", if not older than {arguments.older_than} days"
    print(f"{would} {total} vectors; kept {kept}")


def _export(arguments: argparse.Namespace) -> None:
    count = archive.export(Path(arguments.file), arguments.guild, _telling("vectors written"))
    if arguments.json:
        print(json.dumps({"file": arguments.file, "vectors": count}))
    else:
        print(f"{arguments.file} holds {count} vectors")


def _rebuild(arguments: argparse.Namespace) -> None:
    report: dict[str, Any] = {}
    if arguments.file is not None:
        report = asdict(archive.restore(Path(arguments.file), _telling("vectors read")))
    report["marked"] = index.mark_missing(arguments.guild, _telling("texts without a vector"))
    with unit_of_work() as uow:
        report["revived"] = MESSAGES.revive(uow.session, _SHOWN)
        uow.commit()
    _embed(_telling("texts to go"))
    if arguments.json:
        print(json.dumps(report))
    else:
        print(", ".join(f"{count} {what.replace('_', ' ')}" for what, count in report.items()))


def _embed(tell: Callable[[int], None]) -> None:
    """Do the embeddings worker's work until nothing is left, beside it if it runs.

    Raises Unavailable when nothing gets on for a minute.
    """
    fewest, moved_at = sys.maxsize, time.monotonic()
    while left := _left():
        tell(left)
        if left < fewest:
            fewest, moved_at = left, time.monotonic()
        if time.monotonic() - moved_at > _STUCK_SECONDS:
            raise Unavailable(
                f"{left} texts wait: the embedding model is away, or a worker has them in hand. They are marked, and"
                " the worker `worker-ai` goes on with them by itself."
            )
        if not pipeline.refresh():
            time.sleep(_LOOK_SECONDS)


def _left() -> int:
    with unit_of_work() as uow:
        return embeddings.backlog(uow.session)


def _telling(what: str) -> Callable[[int], None]:
    """Shows how far something is, on the error output, so that the answer can be piped."""

    def tell(count: int) -> None:
        print(f"{count} {what}", file=sys.stderr, flush=True)

    return tell


def _failures(arguments: argparse.Namespace) -> None:
    if arguments.retry:
        with unit_of_work() as uow:
            revived = MESSAGES.revive(uow.session, sys.maxsize)
            uow.commit()
        index.hint()
        print(json.dumps({"retried": revived}) if arguments.json else f"{revived} texts are tried again")
        return
    with unit_of_work() as uow:
        found = embeddings.failures(uow.session, _SHOWN)
    if arguments.json:
        print(json.dumps([asdict(one) | {"failed_at": one.failed_at.isoformat()} for one in found]))
        return
    for one in found:
        print(f"{one.source} {one.item_id}, guild {one.guild_id}: {one.reason} ({one.attempts} attempts, {one.model})")
    print(f"{len(found)} texts could not be embedded")


_ACTIONS = {"list": _list, "prune": _prune, "export": _export, "rebuild": _rebuild, "failures": _failures}


def _run(arguments: argparse.Namespace) -> int:
    try:
        _ACTIONS[arguments.action](arguments)
    except OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {str(error.orig).splitlines()[0]}") from None
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `vectors`."""
    vectors = commands.add_parser("vectors", help="list, prune, export or rebuild the vectors of the search by meaning")
    actions = vectors.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="how many vectors each guild has, by model")
    pruning = actions.add_parser("prune", help="delete the oldest vectors of each guild beyond a number or an age")
    pruning.add_argument("--keep", type=int, help="how many to keep (default: CHAT_VECTOR_MAX; 0 keeps all)")
    pruning.add_argument("--older-than", type=int, metavar="DAYS", help="also those of messages older than this")
    pruning.add_argument("--guild", type=int, help="only this guild's")
    pruning.add_argument("--dry-run", action="store_true", help="say what would be deleted, and delete nothing")
    exporting = actions.add_parser("export", help="write all vectors to a file of JSON lines, without any text")
    exporting.add_argument("file", help="a file that is not there yet")
    exporting.add_argument("--guild", type=int, help="only this guild's")
    rebuilding = actions.add_parser("rebuild", help="make vectors that are missing, from an archive and from the texts")
    rebuilding.add_argument("file", nargs="?", help="an archive that `vectors export` wrote")
    rebuilding.add_argument("--guild", type=int, help="only this guild's texts")
    failing = actions.add_parser("failures", help="texts that no attempt could embed")
    failing.add_argument("--retry", action="store_true", help="try them all again")
    for one in (listing, pruning, exporting, rebuilding, failing):
        one.add_argument("--json", action="store_true")
        one.set_defaults(run=_run)
