"""`economy audit`: whether the ledger of coins comes out."""

import argparse
import json
from dataclasses import asdict

from app.community.economy import queries


def _run(arguments: argparse.Namespace) -> int:
    found = queries.audit()
    if arguments.json:
        print(json.dumps(asdict(found)))
    else:
        print(", ".join(f"{count} {name}" for name, count in asdict(found).items()))
        print("The ledger comes out." if found.is_sound else "The ledger does NOT come out.")
        for row in queries.all_differences():
            where = f"server {row.guild_id}, {row.kind} {row.owner_id}"
            print(f"{where}: the balance is {row.balance}, its entries {row.total}")
    return 0 if found.is_sound else 1


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `economy`."""
    parser = commands.add_parser("economy", help="whether every balance is the sum of its entries")
    parser.add_argument("action", choices=("audit",))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)
