"""Writing messages: their creation, their versions and their deletion, in any order, each once.

`write` first touches all rows of the batch in the order of their ids. That locks them, so the rarer steps after it
(filling placeholders, versions, deletions) cannot deadlock and see what is committed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.activity.messages.messages import ChannelListed
from app.activity.messages.rules import Folded, Version, created_ms, rank, written_ms
from app.core.facts import as_json

# A row of a version, or (without an author) of a message of which the batch tells nothing but the deletion.
_INPUT = (
    "r (id bigint, guild_id bigint, channel_id bigint, author_id bigint, content text, kind smallint,"
    " reply_to bigint, attachments smallint, seq bigint, edited_ms bigint, deleted_ms bigint)"
)


def _sql(statement: str) -> TextClause:
    """The statement over the batch's rows, which it calls `r`."""
    return text(statement.replace("INPUT", f"json_to_recordset(:rows) AS {_INPUT}"))


_TOUCH = _sql(
    "INSERT INTO messages (id, guild_id, channel_id, author_id, content, kind, reply_to, attachments, seq, edited_at,"
    " deleted_at, embedding_stale_at)"
    " SELECT id, guild_id, channel_id, author_id, content, coalesce(kind, 0), reply_to, coalesce(attachments, 0), seq,"
    " to_timestamp(edited_ms / 1000.0), to_timestamp(deleted_ms / 1000.0), CASE WHEN content <> '' THEN now() END"
    " FROM INPUT ORDER BY id"
    # Where the condition fails the row is locked all the same, and not returned.
    " ON CONFLICT (id) DO UPDATE SET content = NULL, embedding_stale_at = NULL,"
    " deleted_at = least(messages.deleted_at, excluded.deleted_at)"
    " WHERE excluded.deleted_at IS NOT NULL RETURNING id"
)
_FILL = _sql(
    "UPDATE messages SET author_id = r.author_id, channel_id = r.channel_id, kind = coalesce(r.kind, 0),"
    " reply_to = r.reply_to, attachments = coalesce(r.attachments, 0), seq = r.seq,"
    " edited_at = to_timestamp(r.edited_ms / 1000.0)"
    " FROM INPUT"
    " WHERE messages.id = r.id AND messages.author_id IS NULL RETURNING messages.id"
)
_CURRENT = text(
    "SELECT id, guild_id, content, seq, deleted_at IS NOT NULL AS is_deleted,"
    " (extract(epoch FROM edited_at) * 1000)::bigint AS edited_ms FROM messages WHERE id = ANY(:ids)"
)
_REPLACE = _sql(
    "UPDATE messages SET seq = r.seq, edited_at = to_timestamp(r.edited_ms / 1000.0),"
    " attachments = coalesce(r.attachments, 0),"
    " content = CASE WHEN deleted_at IS NULL THEN r.content END,"
    " embedding_stale_at = CASE WHEN deleted_at IS NULL AND r.content IS DISTINCT FROM messages.content"
    " THEN CASE WHEN r.content <> '' THEN now() END ELSE embedding_stale_at END"
    " FROM INPUT WHERE messages.id = r.id"
)
_REVISE = text(
    "INSERT INTO message_revisions (message_id, written_at, guild_id, content, seq)"
    " SELECT message_id, to_timestamp(written_ms / 1000.0), guild_id, content, seq FROM json_to_recordset(:rows)"
    " AS r (message_id bigint, written_ms bigint, guild_id bigint, content text, seq bigint)"
    " ORDER BY message_id, written_ms ON CONFLICT (message_id, written_at) DO UPDATE"
    " SET content = excluded.content, seq = excluded.seq WHERE excluded.seq > message_revisions.seq"
)
_BLANK = _sql(
    "UPDATE messages SET content = NULL, embedding_stale_at = NULL,"
    " deleted_at = least(messages.deleted_at, to_timestamp(r.deleted_ms / 1000.0))"
    " FROM INPUT WHERE messages.id = r.id"
)
_FORGET_REVISIONS = text("DELETE FROM message_revisions WHERE message_id = ANY(:ids)")
_BLANK_CHANNEL = text(
    "UPDATE messages SET content = NULL, embedding_stale_at = NULL, deleted_at = :at FROM ("
    "   SELECT id FROM messages WHERE channel_id = :channel AND deleted_at IS NULL ORDER BY id LIMIT :chunk FOR UPDATE"
    " ) AS found WHERE messages.id = found.id RETURNING messages.id"
)
_MISSING = text(
    "SELECT id FROM messages WHERE guild_id = :guild AND channel_id = :channel AND id > :after AND id <= :up_to"
    " AND deleted_at IS NULL AND NOT id = ANY(:ids)"
)


@dataclass
class Written:
    """What changed."""

    # New messages: these, and only these, change totals.
    new: list[Version] = field(default_factory=list)
    # Messages (id by guild) whose text changed or went: what was made of the old text must go.
    outdated: dict[int, set[int]] = field(default_factory=dict)
    # Whether there is text that the search index does not show.
    is_stale: bool = False

    def outdate(self, guild_id: int, message_id: int) -> None:
        """Note that the old text of this message is no longer true."""
        self.outdated.setdefault(guild_id, set()).add(message_id)


def write(session: Session, folded: Folded) -> Written:
    """Bring the messages up to what the batch tells of them."""
    written = Written()
    rows = [_row(version) for version in folded.newest.values()]
    rows += [_deletion(folded, message) for message in folded.deleted.keys() - folded.newest.keys()]
    if not rows:
        return written
    made = set(session.scalars(_TOUCH, {"rows": as_json(rows)}))
    known = folded.newest.keys() - made
    if known:
        fill = [_row(folded.newest[message]) for message in known]
        made.update(session.scalars(_FILL, {"rows": as_json(fill)}))
    written.new = [version for message, version in folded.newest.items() if message in made]
    written.is_stale = any(version.content for version in written.new)
    _apply_versions(session, folded, folded.newest.keys() - made, written)
    _apply_deletions(session, folded, written)
    return written


def _row(version: Version) -> dict[str, Any]:
    return {
        "id": version.id,
        "guild_id": version.guild_id,
        "channel_id": version.channel_id,
        "author_id": version.author_id,
        "content": version.content,
        "kind": version.kind,
        "reply_to": version.reply_to,
        "attachments": version.attachments,
        "seq": version.seq,
        "edited_ms": version.edited_at,
    }


def _deletion(folded: Folded, message_id: int) -> dict[str, Any]:
    guild_id, channel_id = folded.places[message_id]
    at = folded.deleted[message_id]
    return {"id": message_id, "guild_id": guild_id, "channel_id": channel_id, "seq": 0, "deleted_ms": at}


def _apply_versions(session: Session, folded: Folded, known: Iterable[int], written: Written) -> None:
    """Compare versions with the rows that were there before, and with each other."""
    told = [folded.newest[message] for message in known] + folded.older
    if not told:
        return
    current = {row.id: row for row in session.execute(_CURRENT, {"ids": sorted({version.id for version in told})})}
    past = [_revision(version) for version in told if _is_past(version, folded, current[version.id])]
    replacing: list[Version] = []
    for message, row in current.items():
        version = folded.newest[message]
        if rank(version) <= _rank_of(row):
            continue
        replacing.append(version)
        if version.content != row.content:
            written.outdate(row.guild_id, message)
            written.is_stale = written.is_stale or bool(version.content)
        if rank(version)[0] > _rank_of(row)[0] and row.content is not None and not row.is_deleted:
            past.append(_revision_of(row))
    if replacing:
        session.execute(_REPLACE, {"rows": as_json(map(_row, replacing))})
    _write_revisions(session, past)


def _rank_of(row: Any) -> tuple[int, int]:
    return (-1 if row.edited_ms is None else row.edited_ms, row.seq)


def _is_past(version: Version, folded: Folded, row: Any) -> bool:
    """Whether this version is older than what the message says now, and was written to be kept."""
    now = max(_rank_of(row), rank(folded.newest[version.id]))
    return version.content is not None and not row.is_deleted and rank(version)[0] < now[0]


def _revision(version: Version) -> dict[str, Any]:
    return {
        "message_id": version.id,
        "written_ms": written_ms(version),
        "guild_id": version.guild_id,
        "content": version.content,
        "seq": version.seq,
    }


def _revision_of(row: Any) -> dict[str, Any]:
    written = created_ms(row.id) if row.edited_ms is None else row.edited_ms
    return {
        "message_id": row.id,
        "written_ms": written,
        "guild_id": row.guild_id,
        "content": row.content,
        "seq": row.seq,
    }


def _write_revisions(session: Session, past: Iterable[dict[str, Any]]) -> None:
    """Keep these texts; of several written at one time the newest event's."""
    kept: dict[tuple[int, int], dict[str, Any]] = {}
    for row in sorted(past, key=lambda row: int(row["seq"])):
        kept[row["message_id"], row["written_ms"]] = row
    if kept:
        session.execute(_REVISE, {"rows": as_json(kept.values())})


def _apply_deletions(session: Session, folded: Folded, written: Written) -> None:
    """Blank what the batch says is deleted, with all older texts."""
    if not folded.deleted:
        return
    both = folded.deleted.keys() & folded.newest.keys()
    if both:
        session.execute(_BLANK, {"rows": as_json(_deletion(folded, message) for message in both)})
    session.execute(_FORGET_REVISIONS, {"ids": sorted(folded.deleted)})
    for message in folded.deleted:
        written.outdate(folded.places[message][0], message)


def find_missing(session: Session, events: Sequence[ChannelListed]) -> list[tuple[ChannelListed, list[int]]]:
    """For each listing the stored messages that it shows to be deleted."""
    found = []
    for event in events:
        values = {
            "guild": event.guild_id,
            "channel": event.channel_id,
            "after": event.after_id,
            "up_to": event.up_to_id,
            "ids": list(event.ids),
        }
        found.append((event, list(session.scalars(_MISSING, values))))
    return found


def blank_channel(session: Session, channel_id: int, at: datetime, chunk: int = 2000) -> list[int]:
    """Blank some of the channel's messages as deleted at that moment; their ids."""
    ids = list(session.scalars(_BLANK_CHANNEL, {"channel": channel_id, "at": at, "chunk": chunk}))
    if ids:
        session.execute(_FORGET_REVISIONS, {"ids": ids})
    return ids
