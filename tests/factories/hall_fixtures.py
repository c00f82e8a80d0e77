import pytest

from tests.conftest import reset_process_state
from tests.contract.sandbox.openapi import checking
from tests.factories.hall import Hall, Workers, sandbox


@pytest.fixture
def workers(database, tmp_path):
    running = Workers(tmp_path / "workers.log")
    yield running
    running.stop()


@pytest.fixture
async def worker(workers, hall):
    """A worker that takes commands already, however busy the machine is."""
    process = workers.start()
    await hall.until(workers.are_ready, "the worker is ready", 60)
    return process


@pytest.fixture
async def hall(database, monkeypatch):
    """A sandbox; whatever bot and workers ask of it must fit Discord's document, where that is on this machine."""
    with checking() as recorder:
        async with sandbox(monkeypatch, reset_process_state, recorder) as found:
            yield found


@pytest.fixture
async def bot(hall: Hall):
    return await hall.start_bot()
