"""An error that leaves a task in a worker has lost what people wrote."""

import psycopg2
import pytest
from celery.exceptions import Ignore, Retry

from app.core.quiet import Quieted
from tasks.base import _quieted
from tasks.celery import app

SECRET = "what somebody wrote"


def test_an_error_becomes_its_kind():
    quiet = _quieted(ValueError(SECRET))
    assert isinstance(quiet, Quieted)
    assert str(quiet) == "ValueError"


def test_a_retry_stays_a_retry_and_loses_the_message_of_its_cause():
    quiet = _quieted(Retry(exc=psycopg2.IntegrityError(SECRET), when=3))
    assert isinstance(quiet, Retry)
    assert quiet.when == 3
    assert str(quiet) == "Retry in 3s: Quieted('IntegrityError')"
    assert quiet.__context__ is None


def test_celerys_own_signals_pass():
    signal = Ignore()
    assert _quieted(signal) is signal


def test_who_calls_a_task_directly_sees_the_error_itself():
    @app.task(name="maintenance.of_a_test")
    def fail() -> None:
        raise ValueError(SECRET)

    try:
        with pytest.raises(ValueError, match=SECRET):
            fail()
    finally:
        app.tasks.unregister("maintenance.of_a_test")
