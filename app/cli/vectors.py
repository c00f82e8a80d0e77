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

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core.db import unit_of_work
from app.core.errors import BadInput, DatabaseUnavailable, Unavailable
from app.core.settings import KEEP_MAX, settings
from app.knowledge.documents import queries as documents
from app.knowledge.documents import registry as kinds
from app.knowledge.documents import service as logs
from app.knowledge.embeddings import pipeline
from app.knowledge.embeddings import queries as embeddings
from app.knowledge.embeddings import service as index
from app.knowledge.vectors import archive, queries, registry, service
from app.knowledge.vectors.stores import store

# So long rebuilding waits for texts that get no vector, before it leaves them to the worker.
_STUCK_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_SHOWN = 1000
# A hundred years: no message of Discord's is older.
_DAYS_MAX = 36_500


def _list(arguments: argparse.Namespace) -> None:
    if arguments.documents:
        _list_documents(arguments)
        return
    with unit_of_work() as uow:
        found = queries.stored(uow.session)
    if arguments.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        is_searched = "" if one.is_searched else "  (not searched)"
        print(f"guild {one.guild_id}  {one.model}  {one.dims} dimensions  {one.vectors} vectors{is_searched}")
    print(f"{sum(one.vectors for one in found)} vectors in all")


def _list_documents(arguments: argparse.Namespace) -> None:
    with unit_of_work() as uow:
        found = documents.listed(uow.session)
    if arguments.json:
        moments = ("day", "created_at", "stored_at", "stale_at")
        rows = [asdict(one) for one in found]
        for row in rows:
            row.update({name: row[name].isoformat() if row[name] else None for name in moments})
        print(json.dumps(rows))
        return
    for one in found:
        where = one.model or "not stored"
        print(f"guild {one.guild_id}  {one.title}  {one.messages} messages, {one.tokens} tokens, {where}")
    print(f"{len(found)} documents in all")


def _prune(arguments: argparse.Namespace) -> None:
    keep = settings().vector_limit if arguments.keep is None else arguments.keep
    if not 0 <= keep <= KEEP_MAX:
        raise BadInput(f"--keep is {keep}; it must be 0 (keep all) or more, and at most {KEEP_MAX}.")
    days = arguments.older_than
    if days is not None and not 1 <= days <= _DAYS_MAX:
        raise BadInput(f"--older-than is {days}; it must be a number of days from 1 to {_DAYS_MAX}.")
    age = None if days is None else timedelta(days=days)
    _tell_pruned(arguments, keep, _pruned_messages(arguments, keep, age), _pruned_documents(arguments, keep, age))


def _pruned_messages(arguments: argparse.Namespace, keep: int, age: timedelta | None) -> list[service.Surplus]:
    if arguments.source not in {None, "messages"}:
        return []
    if not arguments.dry_run:
        return service.prune(keep, arguments.guild, older_than=age)
    with unit_of_work() as uow:
        return service.surplus(uow.session, keep, arguments.guild, older_than=age)


def _pruned_documents(arguments: argparse.Namespace, keep: int, age: timedelta | None) -> int:
    if arguments.source == "messages":
        return 0
    if not arguments.dry_run:
        return logs.prune(keep, arguments.guild, older_than=age, section=arguments.source)
    with unit_of_work() as uow:
        return len(logs.surplus(uow.session, keep, arguments.guild, older_than=age, section=arguments.source))


def _tell_pruned(arguments: argparse.Namespace, keep: int, gone: list[service.Surplus], removed: int) -> None:
    total = sum(one.vectors for one in gone)
    guilds = [{"guild_id": one.guild_id, "model": one.model, "vectors": one.vectors} for one in gone]
    if arguments.json:
        report = {"keep": keep, "dry_run": arguments.dry_run, "vectors": total, "documents": removed, "guilds": guilds}
        print(json.dumps(report))
        return
    would = "would delete" if arguments.dry_run else "deleted"
    for one in gone:
        print(f"guild {one.guild_id}  {one.model}  {would} {one.vectors} vectors")
    kept = f"the newest {keep} of each guild and model" if keep else "all (no limit is set)"
    if arguments.older_than is not None:
        kept += f", if not older than {arguments.older_than} days"
    told = f"{would} {total} vectors" + (f" and {removed} documents" if removed else "")
    print(f"{told}; kept {kept}")


def _export(arguments: argparse.Namespace) -> None:
    count = archive.export(Path(arguments.file), arguments.guild, _telling("vectors written"))
    if arguments.json:
        print(json.dumps({"file": arguments.file, "vectors": count}))
    else:
        print(f"{arguments.file} holds {count} vectors")


def _rebuild(arguments: argparse.Namespace) -> None:
    report: dict[str, Any] = {}
    began = None
    if arguments.file is not None:
        with unit_of_work() as uow:
            began = uow.session.scalar(text("SELECT clock_timestamp()"))
        report = asdict(archive.restore(Path(arguments.file), _telling("vectors read")))
    report["marked"] = index.mark_missing(arguments.guild, _telling("texts without a vector"))
    with unit_of_work() as uow:
        report["revived"] = registry.revive(uow.session, _SHOWN)
        uow.commit()
    report["documents"] = store().rebuild(arguments.guild, but_since=began)
    _embed(_telling("texts to go"))
    if store().name != "pgvector":
        report |= _synced(_telling("documents sent"))
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
        if not pipeline.refresh(sources=registry.SOURCES):
            time.sleep(_LOOK_SECONDS)


def _synced(tell: Callable[[int], None]) -> dict[str, int]:
    """Send what was marked, as soon as no worker is at it; raises Unavailable when one does not end for a minute."""
    since = time.monotonic()
    while (counts := store().sync(tell)) is None:
        if time.monotonic() - since > _STUCK_SECONDS:
            raise Unavailable(
                "a worker brings the store up to date just now, and goes on with what was marked by itself."
            )
        time.sleep(_LOOK_SECONDS)
    return counts


def _left() -> int:
    with unit_of_work() as uow:
        return registry.waiting(uow.session)


def _telling(what: str) -> Callable[[int], None]:
    """Shows how far something is, on the error output, so that the answer can be piped."""

    def tell(count: int) -> None:
        print(f"{count} {what}", file=sys.stderr, flush=True)

    return tell


def _failures(arguments: argparse.Namespace) -> None:
    if arguments.retry:
        with unit_of_work() as uow:
            revived = registry.revive(uow.session, sys.maxsize)
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
    guild = getattr(arguments, "guild", None)
    if guild is not None and not 0 <= guild < 1 << 63:
        raise BadInput(f"--guild is {guild}, and no server's id; that is a whole number such as 175928847299117063.")
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
    listing.add_argument("--documents", action="store_true", help="each document with its metadata instead")
    pruning = actions.add_parser("prune", help="delete the oldest vectors of each guild beyond a number or an age")
    pruning.add_argument("--keep", type=int, help="how many to keep (default: CHAT_VECTOR_MAX; 0 keeps all)")
    pruning.add_argument("--older-than", type=int, metavar="DAYS", help="also those of messages older than this")
    pruning.add_argument("--guild", type=int, help="only this guild's")
    pruning.add_argument("--source", choices=("messages", *kinds.sections()), help="only of this source")
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
