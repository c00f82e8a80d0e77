"""Short transactions over the rows of stores elsewhere; no request is made inside of one."""

from typing import Any

from sqlalchemy import Row, text

from app.core.db import unit_of_work

FORGET_FILE = "DELETE FROM store_files WHERE id = :id"


def fetch(statement: str, **values: object) -> list[Row[Any]]:
    """The rows of a query."""
    with unit_of_work() as uow:
        return list(uow.session.execute(text(statement), values))


def run(statement: str, **values: object) -> None:
    """A change that is a transaction of its own."""
    with unit_of_work() as uow:
        uow.session.execute(text(statement), values)
        uow.commit()
