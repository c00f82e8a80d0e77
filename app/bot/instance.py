"""One bot per identity: an advisory lock in PostgreSQL, so that it holds across machines and containers."""

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.core.db import engine
from app.core.errors import HeorotError
from app.core.outage import Outage

log = logging.getLogger(__name__)

_CHECK_SECONDS = 5.0


# PostgreSQL would wait for two hours for a host that died without a word, and keep its lock for as long.
_KEEPALIVES = text(
    "SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '25000', false)"
)
_TAKE = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_IS_ELSEWHERE = text(
    "SELECT a.client_addr IS DISTINCT FROM inet_client_addr() FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (CAST(l.classid AS bigint) << 32 | CAST(l.objid AS bigint)) = hashtextextended(:name, 0)"
)


class AlreadyRunning(HeorotError):  # noqa: N818 - see app.core.errors.BadInput.
    """Another bot with this identity is running; one on another host may have died with it a moment ago."""

    def __init__(self, message: str, *, is_elsewhere: bool = False) -> None:
        super().__init__(message)
        self.is_elsewhere = is_elsewhere


class InstanceLock:
    """Holds the lock on a connection of its own for as long as the bot runs.

    The connection's loss frees the lock; the death of its host does so after half a minute. While the database is away
    nobody can take it; when it is back, whoever is first has it, and a bot that finds it taken must stop.
    """

    def __init__(self, application_id: int) -> None:
        self._name = f"bot:{application_id}"
        self._connection: Connection | None = None
        self._is_elsewhere = False
        self._outage = Outage(
            log, lost="the connection that holds the instance lock is lost", back="the instance lock is held again"
        )

    async def acquire(self) -> None:
        """Take the lock; raises AlreadyRunning, and SQLAlchemy's errors when the database is away."""
        if not await asyncio.to_thread(self._acquire):
            raise AlreadyRunning(
                "another bot with this identity is running (it holds the lock in PostgreSQL); stop it first.",
                is_elsewhere=self._is_elsewhere,
            )

    def _acquire(self) -> bool:
        self._drop()
        connection = engine().connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        connection.execute(_KEEPALIVES)
        if not connection.execute(_TAKE, {"name": self._name}).scalar():
            self._is_elsewhere = bool(connection.execute(_IS_ELSEWHERE, {"name": self._name}).scalar())
            connection.close()
            return False
        self._connection = connection
        return True

    def _is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            self._outage.goes_on(error)
            self._drop()
            return False
        return True

    async def watch(self, on_lost: Callable[[AlreadyRunning], None]) -> None:
        """Check the lock every few seconds and take it again when its connection was lost.

        `on_lost` is called when another bot has it by then.
        """
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            if await asyncio.to_thread(self._is_held):
                continue
            try:
                await self.acquire()
                self._outage.is_over()
            except AlreadyRunning as error:
                on_lost(error)
                return
            except DBAPIError as error:
                self._outage.goes_on(error)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    async def release(self) -> None:
        """Give the lock back."""
        await asyncio.to_thread(self._drop)
