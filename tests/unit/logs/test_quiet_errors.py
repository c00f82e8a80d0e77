"""Errors and log lines without what people wrote."""

import asyncio
import io
import json
import logging

import psycopg2
import pytest
import redis.exceptions
import sqlalchemy.exc

from app.core import log
from app.core.errors import BadInput, QueueUnavailable
from app.core.quiet import Quieted, describe, format_error

SECRET = "what somebody wrote"


def fail(error: Exception) -> None:
    raise error


@pytest.fixture
def lines():
    """The JSON lines that this process logs from now on."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure("test")
    root.handlers[0].setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(SECRET), "ValueError"),
        (KeyError(SECRET), "KeyError"),
        (BadInput(SECRET), "BadInput"),
        (QueueUnavailable("the queue is away"), "QueueUnavailable: the queue is away"),
        (redis.exceptions.ConnectionError("refused"), "ConnectionError: refused"),
        (redis.exceptions.ResponseError(SECRET), "ResponseError"),
        (FileNotFoundError(2, "No such file or directory", SECRET), "FileNotFoundError: No such file or directory"),
        (psycopg2.OperationalError("connection refused\nmore"), "OperationalError: connection refused"),
        (psycopg2.IntegrityError(SECRET), "IntegrityError"),
        (
            sqlalchemy.exc.OperationalError("SELECT 1", {"text": SECRET}, psycopg2.OperationalError("no route\n")),
            "OperationalError: no route",
        ),
        (sqlalchemy.exc.IntegrityError("INSERT", {"text": SECRET}, psycopg2.IntegrityError(SECRET)), "IntegrityError"),
        (Quieted("ValueError"), "ValueError"),
    ],
)
def test_an_error_is_described_without_quoting_people(error, said):
    assert describe(error) == said


def test_a_chain_of_errors_is_told_by_kind_and_place():
    try:
        try:
            fail(KeyError(SECRET))
        except KeyError as first:
            raise ValueError(SECRET) from first
    except ValueError as error:
        told = format_error(error)
    assert SECRET not in told
    assert told.index("KeyError") < told.index("ValueError")
    assert __file__ in told


def test_an_exception_that_is_logged_quotes_nobody(lines):
    token = log.request_id.set("4711")
    try:
        fail(ValueError(SECRET))
    except ValueError as error:
        logging.getLogger("app.example").exception("it failed: %s", error)  # noqa: TRY401 - libraries do so.
    log.request_id.reset(token)
    (line,) = lines()
    assert line["process"] == "test"
    assert line["request_id"] == "4711"
    assert line["level"] == "ERROR"
    assert line["message"] == "it failed: ValueError"
    assert SECRET not in json.dumps(line)


async def test_a_task_that_nobody_awaits_quotes_nobody(lines):
    async def fail() -> None:
        raise ValueError(SECRET)

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    loop.default_exception_handler({"message": "a task failed", "future": task, "exception": task.exception()})
    assert lines()
    assert SECRET not in json.dumps(lines())


def test_what_celery_says_of_a_failed_task_quotes_nobody(lines):
    context = {"id": "1", "name": "a.task", "exc": SECRET, "traceback": SECRET, "args": SECRET, "description": "raised"}
    try:
        fail(ValueError(SECRET))
    except ValueError as error:
        logging.getLogger("celery.app.trace").error(  # noqa: TRY400 - Celery logs in this way.
            "Task %(name)s[%(id)s] %(description)s: %(exc)s", context, exc_info=error, extra={"data": context}
        )
    (line,) = lines()
    assert line["message"] == "Task a.task[1] raised: ValueError"
    assert SECRET not in json.dumps(line)
