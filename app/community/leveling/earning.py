"""What new messages and reactions bring, inside the transaction of ingest that stores them.

Nearly every batch tells of people who wrote a moment ago and get nothing yet, so one look at who may get something
comes first, before ingest locks what other batches wait for. What is given then needs the levels of the members, which
are locked in the order of their key by one statement; reactions to a message are counted under its author's lock.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.activity.messages.rules import Version, created_ms
from app.activity.reactions.messages import ReactionAdded
from app.community.leveling import multipliers, rules, service
from app.community.leveling.multipliers import Multipliers
from app.community.leveling.rules import Last, Reacted, Taste, Written
from app.community.leveling.service import Gain, MemberKey
from app.core import clock
from app.core.db import UnitOfWork
from app.core.facts import as_json

_IS_ON = "(s.features->'leveling') IS DISTINCT FROM 'false'::jsonb"
_LAST = text(
    "SELECT r.guild_id, r.user_id, l.message_ms, s.options, "  # noqa: S608 - constants.
    f"{_IS_ON} AS is_on FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint)"
    " LEFT JOIN member_levels l ON l.guild_id = r.guild_id AND l.user_id = r.user_id"
    " LEFT JOIN guild_settings s ON s.guild_id = r.guild_id"
)
# Of a message that is not stored (yet) nobody knows the author.
_MESSAGES = text(
    "SELECT r.message_id, r.user_id, r.guild_id, r.is_late, m.author_id, m.channel_id,"  # noqa: S608 - constants.
    " EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = r.guild_id AND o.user_id = m.author_id) AS is_out"
    " FROM json_to_recordset(:rows) AS r (message_id bigint, user_id bigint, guild_id bigint, is_late boolean)"
    " LEFT JOIN messages m ON m.id = r.message_id LEFT JOIN guild_settings s ON s.guild_id = r.guild_id"
    f" WHERE {_IS_ON}"
)
_OPEN = text(
    "SELECT x.message_id, x.user_id, x.guild_id, true AS is_late, m.author_id, m.channel_id,"  # noqa: S608 - constants.
    " EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = x.guild_id AND o.user_id = m.author_id) AS is_out"
    " FROM reaction_xp x JOIN messages m ON m.id = x.message_id LEFT JOIN guild_settings s ON s.guild_id = x.guild_id"
    " WHERE x.author_id IS NULL AND x.created_at > now() - interval '6 hours' AND m.author_id IS NOT NULL"
    f" AND {_IS_ON} ORDER BY x.message_id, x.user_id LIMIT :limit"
)
# Makes the rows that are missing and locks all, in one order.
_LOCK = text(
    "INSERT INTO member_levels (guild_id, user_id) SELECT guild_id, user_id"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint) ORDER BY guild_id, user_id"
    " ON CONFLICT (guild_id, user_id) DO UPDATE SET xp = member_levels.xp"
    " RETURNING guild_id, user_id, message_ms, message_id, repeats"
)
_READ = text(
    "SELECT l.guild_id, l.user_id, l.message_ms, l.message_id, l.repeats"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint)"
    " JOIN member_levels l ON l.guild_id = r.guild_id AND l.user_id = r.user_id"
)
_TEXTS = text("SELECT id, content FROM messages WHERE id = ANY(:ids) AND attachments = 0")
_COUNTED = text("SELECT message_id, user_id, author_id, xp FROM reaction_xp WHERE message_id = ANY(:messages)")
_COUNT = text(
    "INSERT INTO reaction_xp (message_id, user_id, guild_id, author_id, xp)"
    " SELECT message_id, user_id, guild_id, author_id, xp FROM json_to_recordset(:rows)"
    " AS r (message_id bigint, user_id bigint, guild_id bigint, author_id bigint, xp smallint)"
    " ORDER BY message_id, user_id ON CONFLICT (message_id, user_id) DO UPDATE"
    " SET author_id = excluded.author_id, xp = excluded.xp"
    " WHERE reaction_xp.author_id IS NULL AND excluded.author_id IS NOT NULL"
)

Messages = Mapping[MemberKey, Sequence[Written]]


@dataclass(frozen=True)
class Found:
    """What a batch may bring, before anything is locked."""

    messages: Messages
    reactions: Sequence[Reacted]
    multipliers: Multipliers = field(default_factory=Multipliers)
    # What guilds want of messages.
    tastes: Mapping[int, Taste] = field(default_factory=dict)


def look(uow: UnitOfWork, new: Iterable[Version], reactions: Iterable[ReactionAdded]) -> Callable[[], None]:
    """See what these new messages, and reactions that may be new, can bring; it is given when the result is called."""
    session = uow.session
    messages, tastes = _may_earn(session, new)
    reacted = _reacted(session, reactions)
    if not messages and not reacted:
        return _nothing
    places = {(guild, message.channel_id) for (guild, _), of_member in messages.items() for message in of_member}
    places |= {(reaction.guild_id, reaction.channel_id) for reaction in reacted if reaction.channel_id}
    people = {*messages, *((reaction.guild_id, reaction.author_id) for reaction in reacted if reaction.author_id)}
    found = Found(messages, reacted, multipliers.load(session, places, people), tastes)
    return lambda: _give(uow, found)


def _nothing() -> None:
    """Give nothing."""


def _may_earn(session: Session, new: Iterable[Version]) -> tuple[Messages, dict[int, Taste]]:
    """The new messages of members of whom one lies outside the pause, and what their guilds want of messages."""
    by_member: defaultdict[MemberKey, list[Version]] = defaultdict(list)
    for version in new:
        by_member[version.guild_id, version.author_id].append(version)
    newest = {member: created_ms(max(version.id for version in of)) for member, of in by_member.items() if member[0]}
    remembered = _remembered(session)
    asked = [member for member, at in newest.items() if not _is_paused(at, remembered.get(member))]
    if not asked:
        return {}, {}
    found: dict[MemberKey, list[Written]] = {}
    tastes: dict[int, Taste] = {}
    keys = as_json({"guild_id": guild, "user_id": user} for guild, user in asked)
    for guild, user, last_ms, options, is_on in session.execute(_LAST, {"rows": keys}):
        if last_ms is not None:
            remembered[guild, user] = last_ms
        if is_on and not _is_paused(newest[guild, user], last_ms):
            found[guild, user] = [_written(version) for version in by_member[guild, user]]
            tastes[guild] = rules.taste_of(options or {})
    return found, tastes


def _is_paused(at_ms: int, last_ms: int | None) -> bool:
    return last_ms is not None and at_ms < last_ms + rules.MESSAGE_PAUSE_MS


def _written(version: Version) -> Written:
    is_late = getattr(version, "is_late", False)
    said = None if version.attachments else version.content
    return Written(version.id, created_ms(version.id), version.channel_id, is_late, said)


# When members last got something, as this database had it committed. That moves forward only, so whoever is inside the
# pause by an old value is inside it by the true one, and most batches need no look into the table.
_last: WeakKeyDictionary[Any, dict[MemberKey, int]] = WeakKeyDictionary()
_MOST_REMEMBERED = 20_000


def _remembered(session: Session) -> dict[MemberKey, int]:
    remembered = _last.setdefault(session.get_bind(), {})
    if len(remembered) > _MOST_REMEMBERED:
        remembered.clear()
    return remembered


def _reacted(session: Session, events: Iterable[ReactionAdded]) -> list[Reacted]:
    """Each reactor of a message once, with the message's author where it is known."""
    pairs: dict[tuple[int, int], ReactionAdded] = {}
    for event in events:
        if event.guild_id:
            pairs.setdefault((event.message_id, event.user_id), event)
    if not pairs:
        return []
    rows = (
        {
            "message_id": event.message_id,
            "user_id": event.user_id,
            "guild_id": event.guild_id,
            # A backfill does not know since when a reaction is there, and stamps it with its message's time.
            "is_late": event.at <= created_ms(event.message_id),
        }
        for event in pairs.values()
    )
    return _as_reacted(session.execute(_MESSAGES, {"rows": as_json(rows)}))


def _as_reacted(rows: Iterable[object]) -> list[Reacted]:
    return [
        Reacted(row.message_id, row.user_id, row.guild_id, row.author_id, row.channel_id, row.is_late)  # type: ignore[attr-defined]
        for row in rows
        if not row.is_out  # type: ignore[attr-defined]
    ]


def _give(uow: UnitOfWork, found: Found) -> None:
    """Lock the members, and give them what is due now."""
    authors = {(reaction.guild_id, reaction.author_id) for reaction in found.reactions if reaction.author_id}
    # Whoever wrote is locked by ingest already, in the members' table.
    keys = ({"guild_id": guild, "user_id": user} for guild, user in {*found.messages, *authors})
    known = uow.session.execute(_LOCK if authors else _READ, {"rows": as_json(keys)}).all()
    gains = [
        *_for_messages(found, _last_of(uow.session, known)),
        *_for_reactions(uow.session, found),
    ]
    service.add(uow, merged(gains))


def _last_of(session: Session, known: Sequence[Any]) -> dict[MemberKey, Last]:
    """The messages that brought these members something last, with their texts where they are still there."""
    ids = [row.message_id for row in known if row.message_id]
    texts = {row.id: row.content for row in session.execute(_TEXTS, {"ids": ids})} if ids else {}
    return {(row.guild_id, row.user_id): Last(row.message_ms, texts.get(row.message_id), row.repeats) for row in known}


def _for_messages(found: Found, last: Mapping[MemberKey, Last]) -> Iterable[Gain]:
    for (guild, user), messages in found.messages.items():
        percents = {
            message.channel_id: found.multipliers.percent(guild, message.channel_id, user) for message in messages
        }
        earned = rules.earn(messages, last.get((guild, user), Last()), percents, found.tastes.get(guild))
        if earned is not None:
            yield Gain(
                guild,
                user,
                earned.xp,
                earned.channel_id,
                earned.is_late,
                at_ms=earned.last_ms,
                message_ms=earned.last_ms,
                message_id=earned.last_id,
                repeats=earned.repeats,
            )


def _for_reactions(session: Session, found: Found) -> Iterable[Gain]:
    """Count the reactions that were never counted; what they bring the authors."""
    if not found.reactions:
        return
    messages = sorted({reaction.message_id for reaction in found.reactions})
    counted: defaultdict[int, int] = defaultdict(int)
    # A row without an author is still open; with one it is closed for ever.
    closed = set()
    for row in session.execute(_COUNTED, {"messages": messages}):
        counted[row.message_id] += row.xp > 0
        if row.author_id is not None:
            closed.add((row.message_id, row.user_id))
    rows = []
    for reaction in found.reactions:
        if (reaction.message_id, reaction.user_id) in closed:
            continue
        xp = rules.for_reaction(reaction, counted[reaction.message_id], found.multipliers.of_reaction(reaction))
        counted[reaction.message_id] += xp > 0
        rows.append(
            {
                "message_id": reaction.message_id,
                "user_id": reaction.user_id,
                "guild_id": reaction.guild_id,
                "author_id": reaction.author_id,
                "xp": xp,
            }
        )
        if xp and reaction.author_id:
            place = reaction.channel_id
            yield Gain(reaction.guild_id, reaction.author_id, xp, place, reaction.is_late, at_ms=clock.millis())
    if rows:
        session.execute(_COUNT, {"rows": as_json(rows)})


def merged(gains: Iterable[Gain]) -> list[Gain]:
    """One gain for each member; only what is silent throughout stays silent, and the newest place counts."""
    found: dict[MemberKey, Gain] = {}
    for gain in gains:
        known = found.get((gain.guild_id, gain.user_id))
        found[gain.guild_id, gain.user_id] = gain if known is None else known.plus(gain)
    return list(found.values())


def count_open(uow: UnitOfWork, limit: int = 500) -> int:
    """Count reactions whose message came after them; how many. Twice is safe: a row is closed with what it brings."""
    reacted = _as_reacted(uow.session.execute(_OPEN, {"limit": limit}))
    if reacted:
        places = {(reaction.guild_id, reaction.channel_id or 0) for reaction in reacted}
        people = {(reaction.guild_id, reaction.author_id or 0) for reaction in reacted}
        _give(uow, Found({}, reacted, multipliers.load(uow.session, places, people)))
    return len(reacted)
