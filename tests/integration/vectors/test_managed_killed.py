"""A real worker that is killed while a request to the store elsewhere is done and its answer on the way."""

import time

import pytest

from app.core import queue
from app.knowledge.documents import service
from app.knowledge.vectors.managed import MANAGED
from app.knowledge.vectors.stores import Scope
from tests.factories.knowledge import GUILD, PUBLIC, embed_all, rows, write
from tests.factories.managed import agree, settle, sql

STATES = "SELECT state FROM store_files ORDER BY id"


def until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def let_time_pass(server):
    """The days have settled, claims have run out, and what was on its way has arrived or never will."""
    settle()
    sql("UPDATE store_files SET created_at = created_at - interval '1 hour'")
    for file in list(server.files.values()):
        file["created_at"] -= 3600


@pytest.mark.parametrize("path", ["/vector_stores", "/files", "/file_batches"])
def test_a_worker_killed_between_a_request_and_its_bookkeeping_loses_and_doubles_nothing(server, workers, path):
    agree(GUILD)
    write("first words about otters")
    embed_all()
    let_time_pass(server)
    killed = workers.start("embeddings")

    def kill(method, asked):
        if method == "POST" and asked.endswith(path):
            server.on_done = None
            workers.kill(killed)

    server.on_done = kill
    queue.send(service.SYNC)
    until(lambda: killed.poll() is not None, "the worker is killed")
    assert server.asked("POST", path)
    assert "attached" not in {row[0] for row in rows(STATES)}

    # Another process goes on, as soon as PostgreSQL knows that the one that was at it is gone.
    for _ in range(2):
        let_time_pass(server)
        until(lambda: MANAGED.sync() is not None, "nobody else is at it")
    assert rows(STATES) == [("attached",), ("attached",)]
    let_time_pass(server)
    MANAGED.clean()
    assert (len(server.stores), len(server.files)) == (1, 2)
    assert {row[0] for row in rows("SELECT file_id FROM store_files")} == set(server.files)
    assert "otters" in MANAGED.search(Scope(GUILD, (PUBLIC,)), "otters")[0].text
