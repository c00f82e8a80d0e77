"""Connections and transactions.

Every write happens inside a unit of work: it rolls back unless told to commit, and what must follow the commit
(tasks, cache invalidation) waits for it, so that nobody hears of a fact that is not stored.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection, IsolationLevel
from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.core.errors import ConfigurationError
from app.core.settings import settings

log = logging.getLogger(__name__)

# PostgreSQL is away, or this process has all the connections that it may have.
OUTAGES = (OperationalError, InterfaceError, NoConnection)

# Connections that a pool keeps while nobody wants them. A search asks over two at once, and somebody else may
# search too: making one anew takes as long as half a search.
_KEPT, _KEPT_FOR_READING = 2, 6
# Whether a connection is still alive is asked after such a pause only: it costs a trip, as much as a small statement.
_ASKED_AFTER_SECONDS = 1.0


@cache
def engine() -> Engine:
    """The process-wide connection pool; made on first use, so that forked workers have their own."""
    return _pool("READ COMMITTED", _KEPT)


@cache
def reader() -> Engine:
    """Another pool, for reads that each stand alone: beginning and ending a transaction would be two more trips."""
    return _pool("AUTOCOMMIT", _KEPT_FOR_READING)


def _pool(isolation: IsolationLevel, kept: int) -> Engine:
    url = settings().database_url
    if not url:
        raise ConfigurationError("DATABASE_URL is not set. `make run` sets it; see .env.example.")
    most = settings().db_max_connections
    pool = create_engine(
        url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg2://", 1),
        pool_size=min(kept, most),
        max_overflow=max(0, most - kept),
        # Each of the server's processes maps the pages that it has read, so the one that was used last is the fastest.
        pool_use_lifo=True,
        pool_timeout=settings().db_connection_timeout / 1000,
        isolation_level=isolation,
        # A failing statement's parameters are what people wrote, and its error ends up in logs.
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(1, settings().db_connection_timeout // 1000),
            "application_name": "heorot",
            "options": "-c timezone=UTC",
            # A server that vanished without a word is given up within a minute.
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )
    _ask_after_a_pause(pool)
    return pool


def _ask_after_a_pause(pool: Engine) -> None:
    """Replace connections that died unseen before anybody gets them, as `pool_pre_ping` does, but not every time."""

    @event.listens_for(pool, "checkin")
    def _used(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["used_at"] = time.monotonic()

    @event.listens_for(pool, "checkout")
    def _wanted(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        used_at = entry.info.get("used_at")
        if used_at is None or time.monotonic() - used_at < _ASKED_AFTER_SECONDS:
            return
        try:
            pool.dialect.do_ping(connection)
        except pool.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


class UnitOfWork:
    """One transaction and what follows it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._follow_ups: list[Callable[[], object]] = []

    def after_commit(self, follow_up: Callable[[], object]) -> None:
        """Call this once the transaction is committed; never if it is not."""
        self._follow_ups.append(follow_up)

    def commit(self) -> None:
        """Commit, then run the follow-ups in order.

        A follow-up is a hint that a sweep repeats, so one that fails is logged and hides none of the others.
        """
        self.session.commit()
        follow_ups, self._follow_ups = self._follow_ups, []
        for follow_up in follow_ups:
            try:
                follow_up()
            except Exception:
                log.exception("a follow-up failed after its commit; the sweep will repeat it")


@contextmanager
def unit_of_work() -> Iterator[UnitOfWork]:
    """A transaction that rolls back unless `commit()` is called inside."""
    with Session(engine(), expire_on_commit=False) as session:
        yield UnitOfWork(session)


@contextmanager
def reading() -> Iterator[Session]:
    """Reads that each stand alone, without a transaction around them."""
    with Session(reader()) as session:
        yield session


def try_transaction_lock(session: Session, name: str) -> bool:
    """Whether this transaction now holds the lock of that name (released at its end)."""
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool(session.execute(statement, {"name": name}).scalar())


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """Whether this process alone does what has that name; PostgreSQL frees it the moment the process is gone.

    It is a session's lock, not a transaction's: a transaction as long as the work would hold back vacuum.
    """
    key = {"key": name}
    with engine().connect() as opened:
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        is_mine = bool(connection.execute(text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))"), key).scalar())
        try:
            yield is_mine
        finally:
            if is_mine:
                connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key)


def dispose() -> None:
    """Close this process's connections (tests, forks and shutdown)."""
    for pool in (engine, reader):
        if pool.cache_info().currsize:
            pool().dispose()
        pool.cache_clear()
