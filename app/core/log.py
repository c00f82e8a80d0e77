"""Logs: one JSON object a line, with the request's id, never with what people wrote."""

import logging
import sys
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from app.core.settings import settings

# The interaction, batch or job that this line belongs to.
request_id: ContextVar[str] = ContextVar("request_id", default="")


class _RequestId(logging.Filter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def filter(self, record: logging.LogRecord) -> bool:
        record.process_name = self._process
        record.request_id = request_id.get() or None
        return True


def configure(process: str) -> None:
    """Write this process's logs to standard error as JSON, under that name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_RequestId(process))
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(process_name)s %(name)s %(request_id)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "process_name": "process", "name": "logger"},
        )
    )
    logging.basicConfig(level=settings().log_level, handlers=[handler], force=True)
    logging.getLogger("discord").setLevel(logging.WARNING)
    # A task's arguments are ids, but its result line repeats them at every run: the durations stand in the metrics.
    logging.getLogger("celery.app.trace").setLevel(logging.WARNING)
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)
