"""Deleting what is too old.

Dangerous, because nothing brings it back: every statement here names an age or a guild that has left, ages come from
`policies` alone, and a test pins what may be touched. It works in chunks, each in a transaction of its own, holds no
lock for long, and finds what to do by looking, so it may be interrupted, repeated, late, or run twice at once.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import unit_of_work
from app.core.settings import settings
from app.upkeep.retention import purge, texts
from app.upkeep.retention.policies import POLICIES, Policy, tables

log = logging.getLogger(__name__)

CHUNK = 2000

# Dropping a partition needs a lock that everybody else waits behind, so it gives up soon and lets them pass.
_LOCK_TIMEOUT = "500ms"
_DROP_ATTEMPTS = 5
_PAUSE_SECONDS = 0.5
_LOCK_NOT_AVAILABLE = "55P03"

_LONGEST = "SELECT greatest(:days, coalesce(max(retention_days), 0)) FROM guild_settings"
_OLD_PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = CAST(:parent AS regclass)
AND CAST(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''?(\\d+)') AS bigint) <= :bound
ORDER BY c.relname
"""


def run(now: datetime | None = None) -> dict[str, int]:
    """Apply every policy once; how many rows went from each table, or were blanked, and how many partitions."""
    moment = now or clock.now()
    counts = texts.expire(moment, settings().retention_days, CHUNK)
    with unit_of_work() as uow:
        longest = longest_text_days(uow.session)
    for policy in POLICIES:
        age = timedelta(days=longest if policy.days is None else policy.days)
        if policy.how == "partitions":
            counts[f"{policy.table} partitions"] = drop_partitions(policy.table, clock.snowflake_at(moment - age))
        else:
            counts[policy.table] = counts.get(policy.table, 0) + delete(policy, moment - age)
    counts |= purge.run(moment, CHUNK)
    return {name: count for name, count in counts.items() if count}


def longest_text_days(session: Session) -> int:
    """How long texts are kept in the guild that keeps them longest."""
    return int(session.execute(text(_LONGEST), {"days": settings().retention_days}).scalar_one())


def delete(policy: Policy, before: datetime, chunk: int = CHUNK) -> int:
    """Delete the rows that are older, chunk by chunk; how many."""
    bounds = {"moment": before, "day": before.date(), "snowflake": clock.snowflake_at(before)}
    keys = ", ".join(column.name for column in tables()[policy.table].primary_key)
    statement = f"""
        DELETE FROM {policy.table} WHERE ({keys}) IN (
            SELECT {keys} FROM {policy.table} WHERE {policy.column} < :bound AND ({policy.only})
            ORDER BY {keys} LIMIT :chunk FOR UPDATE SKIP LOCKED
        )
    """  # noqa: S608 - made of the policies' constants.
    return sum(_chunks(statement, {"bound": bounds[policy.holds], "chunk": chunk}))


def _chunks(statement: str, values: dict[str, object]) -> Iterator[int]:
    done = values["chunk"]
    while done == values["chunk"]:
        with unit_of_work() as uow:
            done = uow.session.connection().execute(text(statement), values).rowcount
            uow.commit()
        yield done


def drop_partitions(table: str, bound: int) -> int:
    """Drop the partitions that hold only ids below this one; how many. One that is in use stays for the next run."""
    with unit_of_work() as uow:
        old = list(uow.session.scalars(text(_OLD_PARTITIONS), {"parent": table, "bound": bound}))
    return sum(_dropped(name) for name in old)


def _dropped(partition: str) -> bool:
    for _ in range(_DROP_ATTEMPTS):
        try:
            with unit_of_work() as uow:
                uow.session.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
                uow.session.execute(text(f'DROP TABLE IF EXISTS "{partition}"'))
                uow.commit()
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
            # Those who queued behind our request go first.
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
    log.warning("a partition is in use and stays for the next run", extra={"partition": partition})
    return False
