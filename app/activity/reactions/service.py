"""Writing reactions.

A clearing must also catch reactions that come after it and happened before. It is kept as a row of its own, and the
transaction that writes one runs alone (see app.activity.ingest.service), so none can slip past it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.activity.reactions.messages import ReactionAdded, ReactionRemoved, ReactionsCleared
from app.core.facts import as_json

# A reaction that an already known clearing is newer than is written as removed at once.
_WRITE = text(
    "INSERT INTO reactions (message_id, user_id, emoji, guild_id, channel_id, reacted_at, removed_at, seq)"
    " SELECT r.message_id, r.user_id, r.emoji, r.guild_id, r.channel_id, to_timestamp(r.at / 1000.0),"
    " coalesce(to_timestamp(r.removed / 1000.0), ("
    "   SELECT max(c.cleared_at) FROM reaction_clears c"
    "   WHERE c.message_id = r.message_id AND c.emoji IN ('', r.emoji) AND c.seq > r.seq)), r.seq"
    " FROM json_to_recordset(:rows) AS r (message_id bigint, user_id bigint, emoji text, guild_id bigint,"
    " channel_id bigint, at bigint, removed bigint, seq bigint) ORDER BY r.message_id, r.user_id, r.emoji"
    " ON CONFLICT (message_id, user_id, emoji) DO UPDATE SET reacted_at = excluded.reacted_at,"
    " removed_at = excluded.removed_at, seq = excluded.seq WHERE excluded.seq > reactions.seq"
)
_CLEAR = text(
    "INSERT INTO reaction_clears (message_id, emoji, guild_id, cleared_at, seq)"
    " SELECT message_id, emoji, guild_id, to_timestamp(at / 1000.0), seq FROM json_to_recordset(:rows)"
    " AS r (message_id bigint, emoji text, guild_id bigint, at bigint, seq bigint) ORDER BY message_id, emoji"
    " ON CONFLICT (message_id, emoji) DO UPDATE SET cleared_at = excluded.cleared_at, seq = excluded.seq"
    " WHERE excluded.seq > reaction_clears.seq"
)
_TAKE_AWAY = text(
    "UPDATE reactions SET removed_at = c.cleared_at FROM ("
    "   SELECT r.message_id, r.user_id, r.emoji, max(c.cleared_at) AS cleared_at FROM reactions r"
    "   JOIN reaction_clears c ON c.message_id = r.message_id AND c.emoji IN ('', r.emoji) AND c.seq > r.seq"
    "   WHERE r.message_id = ANY(:ids) GROUP BY r.message_id, r.user_id, r.emoji) AS c"
    " WHERE reactions.message_id = c.message_id AND reactions.user_id = c.user_id AND reactions.emoji = c.emoji"
    # One that was taken back by its person was gone before, and stays gone since then, whichever came first.
    " AND reactions.removed_at IS DISTINCT FROM reactions.reacted_at"
)


def apply(session: Session, events: Iterable[ReactionAdded | ReactionRemoved]) -> None:
    """Reactions that were made and taken back; of each, the newest event counts."""
    newest: dict[tuple[int, int, str], ReactionAdded | ReactionRemoved] = {}
    for event in events:
        key = (event.message_id, event.user_id, event.emoji)
        if key not in newest or event.seq > newest[key].seq:
            newest[key] = event
    if newest:
        session.execute(_WRITE, {"rows": as_json(map(_row, newest.values()))})


def _row(event: ReactionAdded | ReactionRemoved) -> dict[str, Any]:
    return {
        "message_id": event.message_id,
        "user_id": event.user_id,
        "emoji": event.emoji,
        "guild_id": event.guild_id,
        "channel_id": event.channel_id,
        "at": event.at,
        "removed": event.at if isinstance(event, ReactionRemoved) else None,
        "seq": event.seq,
    }


def clear(session: Session, events: Sequence[ReactionsCleared]) -> None:
    """Take away the reactions that are older than these clearings, and remember the clearings for late ones."""
    newest: dict[tuple[int, str], ReactionsCleared] = {}
    for event in events:
        key = (event.message_id, event.emoji or "")
        if key not in newest or event.seq > newest[key].seq:
            newest[key] = event
    if newest:
        rows = (
            {"message_id": e.message_id, "emoji": e.emoji or "", "guild_id": e.guild_id, "at": e.at, "seq": e.seq}
            for e in newest.values()
        )
        session.execute(_CLEAR, {"rows": as_json(rows)})
        session.execute(_TAKE_AWAY, {"ids": sorted({event.message_id for event in newest.values()})})
