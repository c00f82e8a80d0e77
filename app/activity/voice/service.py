"""Writing voice states, and the time that they add up to.

A state may come after its successor. So each is kept under its own `seq`, and totals change by the difference that
it makes. The caller has locked the members (app.activity.members.service.count).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.activity.voice.messages import VoiceHeard, VoiceListed, VoiceStateChanged
from app.activity.voice.rules import State, ends, seconds_by_day
from app.core.facts import as_json

MemberKey = tuple[int, int]

# From the state before the first new one on: what lies earlier does not change.
_TAIL = text(
    "SELECT s.guild_id, s.user_id, s.seq, s.channel_id, (extract(epoch FROM s.started_at) * 1000)::bigint AS started_ms"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint, first bigint)"
    " JOIN voice_sessions s ON s.guild_id = r.guild_id AND s.user_id = r.user_id AND s.seq >= coalesce(("
    "   SELECT max(p.seq) FROM voice_sessions p"
    "   WHERE p.guild_id = r.guild_id AND p.user_id = r.user_id AND p.seq < r.first), r.first)"
)
_WRITE = text(
    "INSERT INTO voice_sessions (guild_id, user_id, seq, channel_id, session_id, flags, started_at, ended_at)"
    " SELECT guild_id, user_id, seq, channel_id, nullif(session_id, ''), flags, to_timestamp(started_ms / 1000.0),"
    " to_timestamp(ended_ms / 1000.0) FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint, seq bigint,"
    " channel_id bigint, session_id text, flags smallint, started_ms bigint, ended_ms bigint)"
    " ORDER BY guild_id, user_id, seq"
    " ON CONFLICT (guild_id, user_id, seq) DO UPDATE SET ended_at = excluded.ended_at"
)
_OPEN = text(
    "SELECT user_id, (extract(epoch FROM started_at) * 1000)::bigint AS started_ms,"
    " (SELECT (extract(epoch FROM heard_at) * 1000)::bigint FROM voice_stamps WHERE guild_id = :guild) AS heard_ms"
    " FROM voice_sessions WHERE guild_id = :guild AND ended_at IS NULL AND channel_id IS NOT NULL"
    " AND seq < :seq AND NOT user_id = ANY(:ids)"
)
_STAMP = text(
    "INSERT INTO voice_stamps (guild_id, heard_at) SELECT guild_id, to_timestamp(at / 1000.0)"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, at bigint) ORDER BY guild_id"
    " ON CONFLICT (guild_id) DO UPDATE SET heard_at = greatest(voice_stamps.heard_at, excluded.heard_at)"
)


def states_of(events: Iterable[VoiceStateChanged]) -> dict[MemberKey, list[State]]:
    """The states that events tell of, by (guild, user)."""
    states: defaultdict[MemberKey, list[State]] = defaultdict(list)
    for event in events:
        flags = event.self_mute | event.self_deaf << 1 | event.mute << 2 | event.deaf << 3 | event.suppress << 4
        state = State(event.seq, event.channel_id, event.at, event.session_id, flags)
        states[event.guild_id, event.user_id].append(state)
    return dict(states)


def departures(session: Session, events: Sequence[VoiceListed]) -> dict[MemberKey, list[State]]:
    """The departures that lists of those present tell of, for members who are stored as still in voice."""
    states: defaultdict[MemberKey, list[State]] = defaultdict(list)
    for event in events:
        values = {"guild": event.guild_id, "seq": event.seq, "ids": list(event.user_ids)}
        for row in session.execute(_OPEN, values):
            # Where the bot does not know when it last heard from Discord, the guild's newest stamp says it.
            known = row.heard_ms if event.last_heard is None else event.last_heard
            left = event.at if known is None else min(event.at, known)
            states[event.guild_id, row.user_id].append(State(event.seq, None, max(left, row.started_ms)))
    return dict(states)


def stamp(session: Session, events: Iterable[VoiceHeard]) -> None:
    """Note until when everything about voice in these guilds is stored; a stamp never moves back."""
    newest: dict[int, int] = {}
    for event in events:
        for guild in event.guild_ids:
            newest[guild] = max(event.at, newest.get(guild, 0))
    if newest:
        session.execute(_STAMP, {"rows": as_json({"guild_id": guild, "at": at} for guild, at in newest.items())})


def apply(session: Session, told: Mapping[MemberKey, Sequence[State]]) -> Counter[tuple[int, int, date]]:
    """Write these states; by (guild, user, day) the seconds that totals must change by."""
    changes: Counter[tuple[int, int, date]] = Counter()
    rows: list[dict[str, Any]] = []
    stored = _tails(session, told)
    for (guild, user), states in told.items():
        before = stored.get((guild, user), {})
        after = {**{state.seq: state for state in states}, **before}
        difference = seconds_by_day(after.values())
        difference.subtract(seconds_by_day(before.values()))
        for day, seconds in difference.items():
            changes[guild, user, day] += seconds
        rows += _rows(guild, user, before, after)
    if rows:
        session.execute(_WRITE, {"rows": as_json(rows)})
    return changes


def _tails(session: Session, told: Mapping[MemberKey, Sequence[State]]) -> dict[MemberKey, dict[int, State]]:
    if not told:
        return {}
    first = (
        {"guild_id": guild, "user_id": user, "first": min(state.seq for state in states)}
        for (guild, user), states in told.items()
    )
    tails: defaultdict[MemberKey, dict[int, State]] = defaultdict(dict)
    for row in session.execute(_TAIL, {"rows": as_json(first)}):
        tails[row.guild_id, row.user_id][row.seq] = State(row.seq, row.channel_id, row.started_ms)
    return tails


def _rows(guild: int, user: int, before: Mapping[int, State], after: Mapping[int, State]) -> list[dict[str, Any]]:
    """The rows that are new, or end at another time."""
    old, new = ends(before.values()), ends(after.values())
    return [
        {
            "guild_id": guild,
            "user_id": user,
            "seq": seq,
            "channel_id": after[seq].channel_id,
            "session_id": after[seq].session_id,
            "flags": after[seq].flags,
            "started_ms": after[seq].started_ms,
            "ended_ms": end,
        }
        for seq, end in new.items()
        if seq not in before or old[seq] != end
    ]
