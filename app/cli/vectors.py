"""`vectors list|prune`: what the search by meaning has stored, and keeping it within bounds."""

import argparse
import json
from dataclasses import asdict

from sqlalchemy.exc import OperationalError

from app.core.db import unit_of_work
from app.core.errors import BadInput, DatabaseUnavailable
from app.core.settings import settings
from app.knowledge.vectors import queries, service


def _list(arguments: argparse.Namespace) -> int:
    with unit_of_work() as uow:
        found = queries.stored(uow.session)
    if arguments.json:
        print(json.dumps([asdict(one) for one in found]))
        return 0
    for one in found:
        print(f"guild {one.guild_id}  {one.model}  {one.dims} dimensions  {one.vectors} vectors")
    print(f"{sum(one.vectors for one in found)} vectors in all")
    return 0


def _prune(arguments: argparse.Namespace) -> int:
    keep = settings().vector_limit if arguments.keep is None else arguments.keep
    if keep < 0:
        raise BadInput(f"--keep is {keep}; it must be 0 (keep all) or more.")
    if arguments.dry_run:
        with unit_of_work() as uow:
            gone = service.surplus(uow.session, keep, arguments.guild)
    else:
        gone = service.prune(keep, arguments.guild)
    total = sum(one.vectors for one in gone)
    if arguments.json:
        report = {"keep": keep, "dry_run": arguments.dry_run, "vectors": total, "guilds": [asdict(one) for one in gone]}
        print(json.dumps(report))
        return 0
    would = "would delete" if arguments.dry_run else "deleted"
    for one in gone:
        print(f"guild {one.guild_id}  {one.model}  {would} {one.vectors} vectors")
    kept = f"the newest {keep} of each guild and model" if keep else "all (no limit is set)"
    print(f"{would} {total} vectors; kept {kept}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    try:
        return _list(arguments) if arguments.action == "list" else _prune(arguments)
    except OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be reached: {str(error.orig).splitlines()[0]}") from None


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `vectors`."""
    vectors = commands.add_parser("vectors", help="list the stored vectors, or prune them to a number for each guild")
    actions = vectors.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="how many vectors each guild has, by model")
    pruning = actions.add_parser("prune", help="delete the oldest vectors of each guild beyond a number")
    pruning.add_argument("--keep", type=int, help="how many to keep (default: CHAT_VECTOR_MAX; 0 keeps all)")
    pruning.add_argument("--guild", type=int, help="only this guild's")
    pruning.add_argument("--dry-run", action="store_true", help="say what would be deleted, and delete nothing")
    for one in (listing, pruning):
        one.add_argument("--json", action="store_true")
        one.set_defaults(run=_run)
