"""Making the partitions of messages, their revisions and reactions ahead of time."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.activity.partitions.rules import AHEAD, BEHIND, Span, monday_of, span_of

_ENDS = text(
    "SELECT min(c.relname) AS oldest, max(c.relname) AS newest FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'messages'::regclass"
)
_ENSURE = text("SELECT ensure_partitions(CAST(:first AS date), CAST(:last AS date))")


def span(session: Session) -> Span:
    """The ids for which there are partitions."""
    row = session.execute(_ENDS).one()
    return span_of(row.oldest, row.newest)


def ensure(session: Session, now: datetime) -> int:
    """Make what is missing from the newest partition on to four weeks ahead; how many were made.

    Weeks before the newest partition are left alone: retention dropped them. Twice makes nothing new.
    """
    newest = session.execute(_ENDS).one().newest
    first = now - BEHIND if newest is None else min(monday_of(newest), now)
    return int(session.execute(_ENSURE, {"first": first.date(), "last": (now + AHEAD).date()}).scalar_one())
