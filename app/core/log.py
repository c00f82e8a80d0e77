"""Logs: one JSON object a line, with the request's id, never with what people wrote."""

import logging
import sys
from contextvars import ContextVar
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

from app.core.quiet import describe, format_error
from app.core.settings import settings

# The interaction, batch or job that this line belongs to.
request_id: ContextVar[str] = ContextVar("request_id", default="")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_CELERY_TRACE = "celery.app.trace"
# Libraries that repeat payloads, rows or requests at lower levels, whatever LOG_LEVEL says.
_TALKATIVE = ("discord", "sqlalchemy", "openai", "httpx", "httpx2", "httpcore", "httpcore2")


class _Context(logging.Filter):
    """Adds the process and the request to every line, and takes out what libraries quote."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def filter(self, record: logging.LogRecord) -> bool:
        record.process_name = self._process
        record.request_id = request_id.get() or None
        if isinstance(record.args, tuple):
            record.args = tuple(describe(part) if isinstance(part, BaseException) else part for part in record.args)
        if record.name == _CELERY_TRACE:
            _quiet_task_failure(record)
        elif record.name == "asyncio":
            # Its later lines repeat the failed task with its exception's message.
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        return True


def _quiet_task_failure(record: logging.LogRecord) -> None:
    """Celery attaches the exception's message and the task's arguments to the record, twice."""
    record.__dict__.pop("data", None)
    if isinstance(record.args, dict) and "exc" in record.args:
        error = record.exc_info[1] if record.exc_info else None
        record.args = {
            **record.args,
            "exc": describe(error) if error else "",
            "traceback": "",
            "args": "",
            "kwargs": "",
        }


class _Json(JsonFormatter):
    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's own name.
        """The error by kind and place, without its message."""
        return format_error(ei[1]) if ei[1] is not None else ""


def configure(process: str) -> None:
    """Write this process's logs to standard error as JSON, under that name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Context(process))
    handler.setFormatter(
        _Json(
            "%(asctime)s %(levelname)s %(process_name)s %(name)s %(request_id)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "process_name": "process", "name": "logger"},
        )
    )
    logging.basicConfig(level=settings().log_level, handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A task's arguments are ids, but its result line repeats them at every run: the durations stand in the metrics.
    logging.getLogger(_CELERY_TRACE).setLevel(logging.WARNING)
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)
    # Beat would tell of every sweep, every ten seconds.
    logging.getLogger("celery.beat").setLevel(logging.WARNING)
