"""The doctor's look at PostgreSQL and Redis."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import redis
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.cli import migrate
from app.cli.checks.finding import Finding, fault, note, ok, warning
from app.core.db import engine
from app.core.errors import ConfigurationError
from app.core.quiet import describe
from app.core.redis import broker_redis, cache_redis
from app.core.settings import settings

_OLDEST_POSTGRES = 160000
_SKEW_SECONDS = 2.0
_START = "`make run` starts it; with a server of your own, see DATABASE_URL in .env.example."
_START_REDIS = "`make run` starts it; with a server of your own, see REDIS_URL in .env.example."
# What the ledger's promise rests on.
_DURABLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
_NEARLY_FULL = 0.8


def database() -> Iterator[Finding]:
    """Reachable, new enough, with pgvector, at the newest migration, and with the right time."""
    if not settings().database_url:
        yield fault("database", "nothing runs, and DATABASE_URL is not set", _START)
        return
    try:
        with engine().connect() as connection:
            yield from _look(connection)
    except (SQLAlchemyError, ConfigurationError) as error:
        yield fault("database", f"cannot be reached: {describe(error)}", _START)


def _look(connection: Connection) -> Iterator[Finding]:
    number, version = connection.execute(
        text("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
    ).one()
    if number >= _OLDEST_POSTGRES:
        yield ok("database", f"PostgreSQL {version}")
    else:
        yield fault("database", f"PostgreSQL {version} is too old", "Use PostgreSQL 16 or newer.")
    vector = connection.execute(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")).scalar()
    if vector:
        yield ok("pgvector", str(vector))
    else:
        yield fault(
            "pgvector", "is not in the database", "Install pgvector on the server, then `python -m app migrate up`."
        )
    yield _revision(connection)
    before = datetime.now(UTC)
    theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    yield _skew(before, theirs, datetime.now(UTC))


def _revision(connection: Connection) -> Finding:
    exists = connection.execute(text("SELECT to_regclass('alembic_version')")).scalar()
    current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if exists else None
    head = ScriptDirectory.from_config(migrate.config()).get_current_head()
    if current == head:
        return ok("migrations", f"at {current}, the newest")
    return fault("migrations", f"at {current}, and the newest is {head}", "Run `python -m app migrate up`.")


def _skew(before: datetime, theirs: datetime, after: datetime) -> Finding:
    skew = (theirs - (before + (after - before) / 2)).total_seconds()
    says = f"the database's clock is {skew:+.2f} s from ours"
    if abs(skew) <= _SKEW_SECONDS:
        return ok("clock", says)
    return warning("clock", says, "Let both machines keep time with NTP; retention and job slots depend on it.")


def queue() -> Iterator[Finding]:
    """Reachable, and as durable as the ledger's promise needs."""
    if not settings().redis_url:
        yield fault("redis", "nothing runs, and REDIS_URL is not set", _START_REDIS)
        return
    try:
        about: dict[str, Any] = broker_redis().info()
    except redis.RedisError as error:
        yield fault("redis", f"cannot be reached: {describe(error)}", _START_REDIS)
        return
    name = "Valkey" if "valkey_version" in about else "Redis"
    yield ok("redis", f"{name} {about.get('valkey_version') or about['redis_version']}")
    yield _memory(about)
    yield from _durability()
    yield _cache()


def _memory(about: dict[str, Any]) -> Finding:
    used, limit = about["used_memory"], about["maxmemory"]
    says = f"{used / 2**20:.0f} MiB used of {f'{limit / 2**20:.0f} MiB' if limit else 'no limit'}"
    if not limit:
        return warning("redis memory", says, "Set maxmemory, or a full machine ends the server instead of refusing.")
    if used > limit * _NEARLY_FULL:
        return warning("redis memory", says, "See why the ledger does not empty (`python -m app ledger status`).")
    return ok("redis memory", says)


def _durability() -> Iterator[Finding]:
    try:
        found: dict[str, str] = broker_redis().config_get(*_DURABLE)  # type: ignore[assignment]
    except redis.ResponseError:
        wanted = ", ".join(f"{name} {value}" for name, value in _DURABLE.items())
        yield note("redis durability", "the server does not let us read its configuration", f"It must have {wanted}.")
        return
    for name, wanted in _DURABLE.items():
        value = found.get(name)
        if value == wanted:
            yield ok("redis durability", f"{name} {value}")
        else:
            yield fault(
                "redis durability", f"{name} is {value}", f"Set {name} to {wanted}, or acknowledged events can be lost."
            )


def _cache() -> Finding:
    if settings().cache_url == settings().redis_url:
        return ok("cache", "in the same server")
    try:
        cache_redis().ping()
    except redis.RedisError as error:
        return warning("cache", f"cannot be reached: {describe(error)}", "See REDIS_CACHE_URL; all works, but slower.")
    return ok("cache", "its own server answers")
