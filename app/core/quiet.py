"""What may be said of an error where strangers read it: logs, Flower, health.

Messages of errors quote what made them fail: a database names the duplicate's key, a parser repeats its input. So an
error is named by its kind, and its message is kept only where it speaks of machines.
"""

import traceback

import psycopg2
import redis.exceptions

from app.core.errors import ConfigurationError, Unavailable

_TECHNICAL = (ConfigurationError, Unavailable, redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)


class Quieted(Exception):  # noqa: N818 - it stands for another error, whatever that was.
    """An error without what people wrote."""


def describe(error: BaseException) -> str:
    """The error's kind, and its message where that cannot quote a person; one line."""
    if isinstance(error, Quieted):
        return str(error)
    reason = _reason(error)
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__


def _reason(error: BaseException) -> str:
    if type(error).__module__.startswith("sqlalchemy."):
        # Known by name: a process without a database of its own need not load SQLAlchemy (12 MB) to write a log.
        cause = getattr(error, "orig", None)
        return _reason(cause) if isinstance(cause, BaseException) else ""
    if isinstance(error, psycopg2.Error):
        return _database_reason(error)
    if isinstance(error, _TECHNICAL):
        return _first_line(str(error))
    if isinstance(error, OSError):
        return error.strerror or ""
    if type(error).__module__.startswith("discord."):
        codes = (getattr(error, "status", None), getattr(error, "code", None))
        return " ".join(str(code) for code in codes if code is not None)
    return ""


def _database_reason(error: psycopg2.Error) -> str:
    if error.pgcode is None:
        # It never reached a statement: "connection refused" and its like.
        return _first_line(str(error)) if isinstance(error, psycopg2.OperationalError) else ""
    places = (error.diag.table_name, error.diag.constraint_name)
    return " ".join([error.pgcode, *(place for place in places if place)])


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def format_error(error: BaseException) -> str:
    """The error and what led to it, by kind and place in the code."""
    lines = traceback.format_tb(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{format_error(cause)}\n\n" if cause is not None else ""
    return f"{before}{''.join(lines)}{describe(error)}"
