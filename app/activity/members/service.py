"""Writing people, members and their totals.

Every batch touches the rows of `members` first in one pass in the order of their key (`count`), which locks them for
its transaction; whatever it changes of a member afterwards, and of the days of that member, is then its alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.activity.members.messages import MemberJoined, MemberLeft, MemberUpdated
from app.core.facts import Facts, Table, as_json, moment

MEMBERS = Table(
    "members",
    key={"guild_id": "bigint", "user_id": "bigint"},
    profile={"nick": "text", "roles": "bigint[]", "joined_at": "timestamptz"},
    gone="left_at",
)

_USERS = text(
    "INSERT INTO users (id, name, display_name, is_bot, seq)"
    " SELECT id, name, display_name, is_bot, seq FROM json_to_recordset(:rows)"
    " AS r (id bigint, name text, display_name text, is_bot boolean, seq bigint) ORDER BY id"
    " ON CONFLICT (id) DO UPDATE SET name = excluded.name, display_name = excluded.display_name,"
    " is_bot = excluded.is_bot, seq = excluded.seq WHERE excluded.seq > users.seq"
)
_COUNT = text(
    "INSERT INTO members (guild_id, user_id, message_count, last_message_at, first_seen)"
    " SELECT guild_id, user_id, messages, to_timestamp(wrote / 1000.0), to_timestamp(seen / 1000.0)"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint, messages bigint, wrote bigint, seen bigint)"
    " ORDER BY guild_id, user_id ON CONFLICT (guild_id, user_id) DO UPDATE SET"
    " message_count = members.message_count + excluded.message_count,"
    # Of a moment and NULL the greatest is the moment.
    " last_message_at = greatest(members.last_message_at, excluded.last_message_at),"
    " first_seen = least(members.first_seen, excluded.first_seen)"
)
_DAYS = text(
    "INSERT INTO daily_activity (guild_id, user_id, day, messages, voice_seconds)"
    " SELECT guild_id, user_id, day, messages, voice_seconds FROM json_to_recordset(:rows)"
    " AS r (guild_id bigint, user_id bigint, day date, messages integer, voice_seconds integer)"
    " ORDER BY guild_id, user_id, day ON CONFLICT (guild_id, user_id, day) DO UPDATE SET"
    " messages = daily_activity.messages + excluded.messages,"
    " voice_seconds = daily_activity.voice_seconds + excluded.voice_seconds"
)
_VOICE = text(
    "UPDATE members SET voice_seconds = members.voice_seconds + r.seconds FROM json_to_recordset(:rows)"
    " AS r (guild_id bigint, user_id bigint, seconds bigint)"
    " WHERE members.guild_id = r.guild_id AND members.user_id = r.user_id"
)
_INVITED = text(
    "UPDATE members SET invite_code = r.code, invite_seq = r.seq FROM json_to_recordset(:rows)"
    " AS r (guild_id bigint, user_id bigint, code text, seq bigint)"
    " WHERE members.guild_id = r.guild_id AND members.user_id = r.user_id AND r.seq > members.invite_seq"
)

MemberKey = tuple[int, int]
DayKey = tuple[int, int, date]


class People:
    """Names that a batch tells of, the newest for each person."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[int, str, str, bool]] = {}

    def named(self, user_id: int, seq: int, name: str, display_name: str, *, is_bot: bool = False) -> None:
        """At `seq` the person was called this."""
        known = self._rows.get(user_id)
        if known is None or seq > known[0]:
            self._rows[user_id] = (seq, name, display_name, is_bot)

    def write(self, session: Session) -> None:
        """Bring the names up to this."""
        if self._rows:
            rows = (
                {"id": user, "name": name, "display_name": display, "is_bot": is_bot, "seq": seq}
                for user, (seq, name, display, is_bot) in self._rows.items()
            )
            session.execute(_USERS, {"rows": as_json(rows)})


def count(session: Session, wrote: Mapping[MemberKey, Sequence[int]], seen: Mapping[MemberKey, int]) -> None:
    """Add new messages to the members' totals, and lock every member of the batch.

    `wrote` holds when (ms) each new message was written, and `seen` every (guild, user) of the batch with the earliest
    time (ms) that it tells of.
    """
    if seen:
        rows = (
            {
                "guild_id": key[0],
                "user_id": key[1],
                "messages": len(wrote.get(key, ())),
                "wrote": max(wrote.get(key, ()), default=None),
                "seen": at,
            }
            for key, at in seen.items()
        )
        session.execute(_COUNT, {"rows": as_json(rows)})


def add_days(session: Session, *, messages: Mapping[DayKey, int], voice: Mapping[DayKey, int]) -> None:
    """Add to what members did on these days; `count` has locked the members."""
    days = {key for key in (*messages, *voice) if messages.get(key) or voice.get(key)}
    if days:
        rows = (
            {
                "guild_id": key[0],
                "user_id": key[1],
                "day": key[2],
                "messages": messages.get(key, 0),
                "voice_seconds": voice.get(key, 0),
            }
            for key in days
        )
        session.execute(_DAYS, {"rows": as_json(rows)})


def add_voice(session: Session, seconds: Mapping[DayKey, int]) -> None:
    """Add to (or, for a correction, take from) the members' time in voice; `count` has locked the members."""
    totals: Counter[MemberKey] = Counter()
    for (guild, user, _), change in seconds.items():
        totals[guild, user] += change
    rows = [{"guild_id": key[0], "user_id": key[1], "seconds": change} for key, change in totals.items() if change]
    if rows:
        session.execute(_VOICE, {"rows": as_json(rows)})


def name_members(people: People, events: Iterable[MemberJoined | MemberUpdated | MemberLeft]) -> None:
    """Note the names that member events tell of."""
    for event in events:
        if not isinstance(event, MemberLeft):
            people.named(event.user_id, event.seq, event.name, event.display_name, is_bot=event.is_bot)


def apply(session: Session, events: Sequence[MemberJoined | MemberUpdated | MemberLeft]) -> None:
    """Members as they are now, and those who left; `count` has locked them."""
    facts = Facts(MEMBERS, roles=[])
    invited: dict[MemberKey, MemberJoined] = {}
    for event in events:
        key = (event.guild_id, event.user_id)
        if isinstance(event, MemberLeft):
            facts.is_gone(key, event.seq, moment(event.at))
            continue
        profile = {
            "nick": event.nick,
            "roles": event.roles,
            "joined_at": moment(event.joined_at) if event.joined_at is not None else None,
        }
        facts.is_like(key, event.seq, profile)
        if isinstance(event, MemberJoined) and (key not in invited or event.seq > invited[key].seq):
            invited[key] = event
    facts.write(session)
    if invited:
        rows = (
            {"guild_id": e.guild_id, "user_id": e.user_id, "code": e.invite_code, "seq": e.seq}
            for e in invited.values()
        )
        session.execute(_INVITED, {"rows": as_json(rows)})
