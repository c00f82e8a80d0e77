"""`user export|erase DISCORD_ID`: everything there is of a person, shown or erased in every guild."""

import argparse
import json
from typing import Any

from sqlalchemy.exc import OperationalError

from app.core.db import unit_of_work
from app.core.errors import BadInput, DatabaseUnavailable
from app.upkeep.privacy import queries, service


def _run(arguments: argparse.Namespace) -> int:
    user_id = _snowflake(arguments.discord_id)
    try:
        return _export(user_id, arguments) if arguments.action == "export" else _erase(user_id, arguments)
    except OperationalError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise DatabaseUnavailable(f"the database cannot be reached: {reason}") from None


def _snowflake(given: str) -> int:
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 1 << 63):
        raise BadInput(f"“{given[:40]}” is no Discord id; it is a whole number such as 175928847299117063")
    return int(given)


def _export(user_id: int, arguments: argparse.Namespace) -> int:
    found = queries.export(user_id)
    if arguments.json:
        print(json.dumps(found, default=_plain))
        return 0
    for table, rows in found.items():
        print(f"{table}: {len(rows)}")
        for row in rows:
            print("  " + json.dumps(row, default=_plain, ensure_ascii=False))
    return 0


def _erase(user_id: int, arguments: argparse.Namespace) -> int:
    with unit_of_work() as uow:
        is_done = service.erase(uow, user_id, None)
        uow.commit()
    while not is_done:
        with unit_of_work() as uow:
            is_done = all(service.erase_more(uow.session, guild, user_id) for guild in service.guilds(uow.session))
            uow.commit()
    report = {"user": str(user_id), "erased": True}
    print(json.dumps(report) if arguments.json else f"everything of {user_id} is erased")
    return 0


def _plain(value: Any) -> str:
    """Times, and binary columns, as text."""
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `user`."""
    user = commands.add_parser("user", help="export or erase everything there is of a person")
    user.add_argument("action", choices=("export", "erase"))
    user.add_argument("discord_id", metavar="DISCORD_ID")
    user.add_argument("--json", action="store_true")
    user.set_defaults(run=_run)
