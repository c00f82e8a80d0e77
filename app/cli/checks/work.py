"""The doctor's look at what the system is doing: workers, beat, ledger, dead letters, spool, jobs."""

import asyncio
import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator

import redis
from sqlalchemy.exc import SQLAlchemyError

from app.cli.checks.finding import Finding, fault, ok, warning
from app.core.errors import ConfigurationError
from app.core.quiet import describe
from app.core.redis import async_broker_redis
from app.core.settings import settings
from app.upkeep.health import rules
from app.upkeep.health.queries import Backlog, read_backlog, read_records

_OLD_SECONDS = 120.0
_HEALTH_SECONDS = 5.0


def backlog() -> Iterator[Finding]:
    """Whether workers and beat make progress, and what waits."""
    if not settings().redis_url:
        return
    try:
        found = asyncio.run(_backlog())
    except redis.RedisError as error:
        yield fault("workers", f"not known: {describe(error)}", "Mend redis first.")
        return
    start = "Start it with `make run`, or look at the process's log."
    silent = rules.workers_fault(found.workers)
    yield fault("workers", silent, start) if silent else ok("workers", "every queue makes progress")
    late = rules.beat_fault(found.beat)
    yield fault("beat", late, start) if late else ok("beat", f"sent a task {found.beat:.0f} s ago")
    yield _queues(found)
    yield _ledger(found)


async def _backlog() -> Backlog:
    client = async_broker_redis()
    try:
        return await read_backlog(client)
    finally:
        await client.aclose()


def _queues(found: Backlog) -> Finding:
    waiting = {name: depth for name, depth in found.queues.items() if depth}
    return ok("queues", ", ".join(f"{name} {depth}" for name, depth in waiting.items()) or "nothing waits")


def _ledger(found: Backlog) -> Finding:
    entries = sum(found.ledgers.values())
    says = f"{entries} entries, the oldest {found.oldest_seconds:.0f} s old" if entries else "empty"
    if found.oldest_seconds <= _OLD_SECONDS:
        return ok("ledger", says)
    return warning(
        "ledger", says, "Nothing is lost. Mend workers and database; the sweep then offers the entries again."
    )


def records() -> Iterator[Finding]:
    """Dead letters, and scheduled jobs that failed."""
    if not settings().database_url:
        return
    try:
        found = read_records()
    except (SQLAlchemyError, ConfigurationError) as error:
        yield fault("dead letters", f"not known: {describe(error)}", "Mend the database and its migrations first.")
        return
    if found.dead_letters:
        mend = "`python -m app deadletter list` names them; `replay` or `drop` them."
        yield warning("dead letters", f"{found.dead_letters} events could not be applied", mend)
    else:
        yield ok("dead letters", "none")
    failed = [f"{run.name} ({run.error})" for run in found.jobs if run.outcome == "failed"]
    if failed:
        yield warning("jobs", f"the last run failed: {', '.join(failed)}", "The worker's log says where.")
    else:
        yield ok("jobs", f"{len(found.jobs)} jobs ran, none failed last")


def spool() -> Iterator[Finding]:
    """What waits on disk."""
    path = settings().data_path / "spool" / "spool.sqlite3"
    if not path.exists():
        yield ok("spool", "empty")
        return
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2.0)
        try:
            (waiting,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        yield warning("spool", f"cannot be read: {type(error).__name__}", "The bot puts an unreadable file aside.")
        return
    if waiting:
        yield warning(
            "spool", f"{waiting} batches wait on disk", "They follow by themselves once Redis and the bot run."
        )
    else:
        yield ok("spool", "empty")


def bot() -> Iterator[Finding]:
    """What the running bot says of itself."""
    host = settings().health_check_host.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared, not bound.
    url = f"http://{host}:{settings().health_check_port}/ready"
    try:
        with urllib.request.urlopen(url, timeout=_HEALTH_SECONDS):
            yield ok("bot", "is connected to Discord")
    except urllib.error.HTTPError as error:
        with error:
            reason = json.loads(error.read()).get("reason")
        yield fault("bot", f"is not ready: {reason}", "Its log says more; see also the findings on discord.")
    except OSError:
        yield fault("bot", f"does not answer on {url}", "Start it with `make run`.")
