"""Embedding by a real worker, from the hint to the vector."""

import time
from pathlib import Path

import psutil
import pytest

from app.core import queue
from app.core.db import unit_of_work
from app.core.redis import broker_redis, cache_redis
from app.knowledge.embeddings import service
from app.upkeep.jobs.queries import last_runs
from tests.factories.knowledge import OTHER_GUILD, delete, embed_all, rows, write


def until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def count(table):
    return rows(f"SELECT count(*) FROM {table}")[0][0]


def cached():
    return cache_redis().keys("vector:*")


def stale():
    return rows("SELECT count(*) FROM messages WHERE embedding_stale_at IS NOT NULL")[0][0]


def test_a_hint_is_enough(index, workers):
    workers.start("embeddings")
    write("embed me")
    service.hint()
    until(lambda: count("message_vectors") == 1, "the vector is there")
    assert stale() == 0


@pytest.mark.parametrize(("queues", "nice"), [("embeddings", 10), ("embeddings,media", 10), ("embeddings,ingest", 0)])
def test_only_a_worker_of_background_queues_lets_others_go_first(index, workers, queues, nice):
    worker = psutil.Process(workers.start(queues).pid)
    service.hint()
    until(lambda: broker_redis().llen("embeddings") == 0, "the hint is taken")
    assert [child.nice() for child in worker.children()] == [min(worker.nice() + nice, 19)]
    session = Path(f"/proc/{worker.pid}/autogroup")
    if session.exists() and session.read_text().strip():
        assert session.read_text().endswith(f"nice {nice}\n"), (
            "among sessions, a process's own priority counts for nothing"
        )


def test_many_hints_send_one_task(index):
    for _ in range(50):
        service.hint()
    assert broker_redis().llen("embeddings") == 1
    service.take_hint()
    service.hint()
    assert broker_redis().llen("embeddings") == 2


def test_a_worker_killed_in_mid_batch_loses_and_doubles_nothing(index, workers):
    # Enough work for some seconds, so that the kill comes in between.
    written = [write(f"message {n}: " + "words of a long story " * 40) for n in range(150)]
    killed = workers.start("embeddings")
    service.hint()
    until(lambda: count("message_vectors") > 0, "the first vectors are there")
    workers.kill(killed)
    delete(written[0])
    delete(written[-1])
    done = count("message_vectors")
    assert done < len(written)
    # What the dead worker had in hand is free again when its claims run out.
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("UPDATE embedding_claims SET claimed_until = now()")
        uow.commit()
    workers.start("embeddings")
    queue.send("embeddings.sweep")
    until(lambda: stale() == 0, "nothing is stale")
    expected = [(message,) for message in written[1:-1]]
    assert rows("SELECT DISTINCT message_id FROM message_vectors ORDER BY 1") == expected
    assert rows("SELECT message_id FROM message_terms ORDER BY 1") == expected
    assert count("embedding_claims") == 0


@pytest.mark.parametrize("table", ["message_vectors", "document_vectors"])
def test_a_worker_killed_between_the_cache_and_its_commit_leaves_nothing_that_a_deletion_does_not_find(
    index, workers, table
):
    message = write("the treasure lies below the old oak. " * 40)
    if table == "document_vectors":
        embed_all()
        with unit_of_work() as uow:
            uow.session.connection().exec_driver_sql("UPDATE documents SET stale_at = '-infinity'")
            uow.commit()
    there = set(cached())
    with unit_of_work() as uow:
        # It comes as far as the row, and no further.
        uow.session.connection().exec_driver_sql(f"LOCK TABLE {table} IN SHARE MODE")
        killed = workers.start("embeddings")
        service.hint()
        until(lambda: set(cached()) - there, "the vectors are cached")
        workers.kill(killed)
    assert count(table) == 0
    write("nothing to do with it", guild=OTHER_GUILD)
    embed_all()
    delete(message)
    assert [name for name in cached() if not name.startswith(b"vector:%d:" % OTHER_GUILD)] == []
    assert len(cached()) == 1


def test_the_sweep_notes_what_it_found(index, workers):
    workers.start("embeddings")
    write("a message whose hint was lost")
    queue.send("embeddings.sweep")
    until(lambda: stale() == 0, "the sweep found it")
    until(lambda: broker_redis().llen("embeddings") == 0, "the queue is empty")
    with unit_of_work() as uow:
        (run,) = last_runs(uow.session)
    assert (run.name, run.outcome, run.counts) == ("embeddings.sweep", "done", {"stale": 1})


def test_no_text_stands_in_the_workers_log(index, workers):
    workers.start("embeddings")
    write("xylophone solo at midnight")
    service.hint()
    until(lambda: count("message_vectors") == 1, "the vector is there")
    assert "xylophone" not in workers.log()


def test_what_one_process_embedded_another_need_not(index, workers):
    write("said twice")
    embed_all()
    write("said twice")
    workers.start("embeddings")
    service.hint()
    until(lambda: count("message_vectors") == 2, "the second vector is there")
    assert len({row[0] for row in rows("SELECT embedding::text FROM message_vectors")}) == 1
