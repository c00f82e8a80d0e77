"""One bot per identity: an advisory lock in PostgreSQL, so that it holds across machines and containers."""

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.core.db import engine
from app.core.errors import HeorotError
from app.core.quiet import describe

log = logging.getLogger(__name__)

_CHECK_SECONDS = 5.0


class AlreadyRunning(HeorotError):  # noqa: N818 - see app.core.errors.BadInput.
    """Another bot with this identity is running."""


class InstanceLock:
    """Holds the lock on a connection of its own for as long as the bot runs.

    The connection's loss frees the lock. While the database is away nobody can take it; when it is back, whoever is
    first has it, and a bot that finds it taken must stop.
    """

    def __init__(self, application_id: int) -> None:
        self._name = f"bot:{application_id}"
        self._connection: Connection | None = None

    async def acquire(self) -> None:
        """Take the lock; raises AlreadyRunning, and SQLAlchemy's errors when the database is away."""
        if not await asyncio.to_thread(self._acquire):
            raise AlreadyRunning(
                "another bot with this identity is running (it holds the lock in PostgreSQL); stop it first."
            )

    def _acquire(self) -> bool:
        self._drop()
        connection = engine().connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        statement = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
        if not connection.execute(statement, {"name": self._name}).scalar():
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
            log.warning("the connection that holds the instance lock is lost: %s", describe(error))
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
                log.warning("the instance lock is held again")
            except AlreadyRunning as error:
                on_lost(error)
                return
            except DBAPIError as error:
                log.info("the instance lock cannot be taken again yet: %s", describe(error))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    async def release(self) -> None:
        """Give the lock back."""
        await asyncio.to_thread(self._drop)
