"""Whether the database answers, and how fast."""

import time

from sqlalchemy import text

from app.core.db import engine


def database_milliseconds() -> float:
    """How long PostgreSQL takes to answer at all."""
    with engine().connect() as connection:
        start = time.perf_counter()
        connection.execute(text("SELECT 1"))
        return (time.perf_counter() - start) * 1000
