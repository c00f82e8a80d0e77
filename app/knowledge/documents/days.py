"""What a message does to the documents of its day: one that comes marks them, one that goes is taken out of them."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.knowledge.documents import queries, service
from app.knowledge.documents.kinds import LOGS, SUMMARIES

_OF_DAYS = """
JOIN unnest(CAST(:channels AS bigint[]), CAST(:days AS date[])) AS n(channel_id, day)
    ON n.channel_id = d.channel_id AND n.day = d.day
WHERE d.guild_id = :guild_id
"""


def touch(session: Session, message_ids: Sequence[int]) -> None:
    """Documents of the days of these messages are to be made anew once the days have settled."""
    days = queries.days_with(session, message_ids)
    service.touch(session, [(kind, kind.place(*day)) for day in days for kind in (LOGS, SUMMARIES)])


def cut(session: Session, guild_id: int, places: Iterable[tuple[int, int]]) -> None:
    """Messages (channel, id) are not to be in any document from this commit on; call it where they leave the index."""
    _cut(session, guild_id, {(channel, clock.snowflake_time(message).date()) for channel, message in places})


def cut_author(session: Session, guild_id: int, author_id: int) -> None:
    """What this person wrote is not to be in any document, or may be again: those with it are made anew."""
    _cut(session, guild_id, queries.days_by(session, guild_id, author_id))


def _cut(session: Session, guild_id: int, days: Iterable[tuple[int, date]]) -> None:
    """Also documents of other kinds that belong to a channel's day may hold what was said on it."""
    found = sorted(days)
    if guild_id == 0 or not found:
        return
    values = {"guild_id": guild_id, "channels": [one[0] for one in found], "days": [one[1] for one in found]}
    service.cut_where(session, text(service.CUT.format(which=_OF_DAYS)), values)
