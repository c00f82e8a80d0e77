"""The lock that keeps a second bot out survives the loss of its connection, or says that it did not."""

import asyncio

import pytest
from sqlalchemy import text

from app.bot import instance
from app.bot.instance import AlreadyRunning, InstanceLock
from app.core.db import engine
from tests.factories.bots import until


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(instance, "_CHECK_SECONDS", 0.05)


def end_its_connection():
    """End every connection that holds an advisory lock in this database."""
    holders = (
        "SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE l.locktype = 'advisory' AND d.datname = current_database() AND l.pid <> pg_backend_pid()"
    )
    with engine().connect() as connection:
        assert connection.execute(text(holders)).all()


async def test_only_one_holds_it(database):
    first, second, other = InstanceLock(1), InstanceLock(1), InstanceLock(2)
    await first.acquire()
    with pytest.raises(AlreadyRunning):
        await second.acquire()
    await other.acquire()
    await other.release()
    await first.release()
    await second.acquire()
    await second.release()


async def test_a_lost_connection_is_noticed_and_the_lock_taken_again(database, caplog):
    lock, lost = InstanceLock(1), []
    await lock.acquire()
    watching = asyncio.create_task(lock.watch(lost.append))
    await asyncio.to_thread(end_its_connection)
    await until(lambda: "the instance lock is held again" in caplog.text, "the lock is held again")
    with pytest.raises(AlreadyRunning):
        await InstanceLock(1).acquire()
    assert lost == []
    watching.cancel()
    await lock.release()


async def test_a_bot_whose_lock_another_took_is_told(database):
    lock, rival, lost = InstanceLock(1), InstanceLock(1), []
    await lock.acquire()
    await asyncio.to_thread(end_its_connection)
    await rival.acquire()
    await asyncio.wait_for(lock.watch(lost.append), 10)
    assert isinstance(lost[0], AlreadyRunning)
    await rival.release()


async def test_postgresql_asks_after_a_silent_host_soon(database):
    lock = InstanceLock(1)
    await lock.acquire()
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    found = [int(lock._connection.execute(text(f"SHOW {name}")).scalar()) for name in names]
    assert 0 < found[0] + found[1] * found[2] <= 30
    await lock.release()


async def test_a_holder_on_this_host_is_told_from_one_elsewhere(database, monkeypatch):
    lock = InstanceLock(-(2**40))
    await lock.acquire()
    with pytest.raises(AlreadyRunning) as here:
        await InstanceLock(-(2**40)).acquire()
    away = instance._IS_ELSEWHERE.text.replace("inet_client_addr()", "CAST('192.0.2.1' AS inet)")
    monkeypatch.setattr(instance, "_IS_ELSEWHERE", text(away))
    with pytest.raises(AlreadyRunning) as elsewhere:
        await InstanceLock(-(2**40)).acquire()
    assert (here.value.is_elsewhere, elsewhere.value.is_elsewhere) == (False, True)
    await lock.release()
