"""What time in voice brings, counted by the clock from the rows of who was where.

A guild is counted up to its stamp, until when everything is stored (app.activity.voice), so nothing that is counted
changes afterwards. A bot that was away stamps nothing: the slots wait, and are counted once it is back and has told who
stayed. Each (guild, member, slot) counts once, because a guild's row and a member's level only move forward.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.leveling import multipliers, rules, service
from app.community.leveling.rules import SLOT_MS, Stay
from app.community.leveling.service import Gain
from app.core import choices
from app.core.clock import now
from app.core.db import UnitOfWork
from app.core.facts import as_json

# What lies further back is not counted any more: a day.
_LONGEST = 720
# News of a level are for those who are there; a level from before is given silently.
_NEWS_FOR = timedelta(minutes=10)

_HEARD = f"floor(extract(epoch FROM s.heard_at) * 1000 / {SLOT_MS})::bigint"
_BEHIND = text(
    f"SELECT s.guild_id FROM voice_stamps s LEFT JOIN level_voice v ON v.guild_id = s.guild_id"  # noqa: S608 - constants.
    f" WHERE {_HEARD} > coalesce(v.slot, 0) AND EXISTS (SELECT FROM voice_sessions o WHERE o.guild_id = s.guild_id"
    " AND o.channel_id IS NOT NULL AND (o.ended_at IS NULL"
    f" OR o.ended_at > to_timestamp(greatest(coalesce(v.slot, 0), {_HEARD} - {_LONGEST}) * {SLOT_MS} / 1000.0)))"
    " ORDER BY s.guild_id"
)
_MEET = text("INSERT INTO level_voice (guild_id, slot) VALUES (:guild, 0) ON CONFLICT DO NOTHING")
_LOCK = text("SELECT slot FROM level_voice WHERE guild_id = :guild FOR UPDATE")
_UP_TO = text(
    f"SELECT {_HEARD} AS slot, g.afk_channel_id FROM voice_stamps s LEFT JOIN guilds g ON g.id = s.guild_id"  # noqa: S608 - constants.
    " WHERE s.guild_id = :guild"
)
_STAYS = text(
    "SELECT user_id, channel_id, (extract(epoch FROM started_at) * 1000)::bigint AS start_ms,"
    " (extract(epoch FROM ended_at) * 1000)::bigint AS end_ms, flags FROM voice_sessions v"
    " WHERE guild_id = :guild AND channel_id IS NOT NULL AND started_at <= :up_to"
    " AND (ended_at IS NULL OR ended_at > :after)"
    " AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = v.guild_id AND o.user_id = v.user_id)"
)
# Makes the rows that are missing and locks all, in one order.
_LEVELS = text(
    "INSERT INTO member_levels (guild_id, user_id) SELECT :guild, u FROM unnest(CAST(:users AS bigint[])) AS u"
    " ORDER BY u ON CONFLICT (guild_id, user_id) DO UPDATE SET xp = member_levels.xp"
    " RETURNING user_id, voice_slot, voice_run"
)
_DEPARTURES = text(
    "SELECT v.user_id, (extract(epoch FROM v.started_at) * 1000)::bigint AS at"
    " FROM json_to_recordset(:rows) AS r (user_id bigint, since bigint)"
    " JOIN voice_sessions v ON v.guild_id = :guild AND v.user_id = r.user_id AND v.channel_id IS NULL"
    " AND v.started_at > to_timestamp(r.since / 1000.0)"
)
_DONE = text("UPDATE level_voice SET slot = :slot WHERE guild_id = :guild")


def behind(session: Session) -> list[int]:
    """Guilds of which somebody was in voice since they were counted."""
    return list(session.scalars(_BEHIND))


def count(uow: UnitOfWork, guild_id: int) -> int:
    """Count a guild's time in voice up to its stamp; how many members earned something. Twice counts once."""
    session, here = uow.session, {"guild": guild_id}
    session.execute(_MEET, here)
    done: int = session.execute(_LOCK, here).scalar_one()
    heard = session.execute(_UP_TO, here).one_or_none()
    if heard is None or heard.slot <= done:
        return 0
    after = max(done, heard.slot - _LONGEST)
    session.execute(_DONE, {**here, "slot": heard.slot})
    chosen = choices.load(session, guild_id)
    if not chosen.is_on(rules.FEATURE):
        return 0
    met = rules.company(_stays(session, guild_id, after, heard.slot), after, heard.slot, heard.afk_channel_id)
    gains = _gains(session, guild_id, met, rules.VOICE_PEOPLE.of(chosen.options))
    service.add(uow, gains)
    return len(gains)


def _moment(slot: int) -> datetime:
    return datetime.fromtimestamp(slot * SLOT_MS / 1000, UTC)


def _stays(session: Session, guild_id: int, after: int, up_to: int) -> list[Stay]:
    values = {"guild": guild_id, "after": _moment(after), "up_to": _moment(up_to)}
    return [Stay(*row) for row in session.execute(_STAYS, values)]


def _gains(session: Session, guild_id: int, met: dict[int, list[rules.Slot]], most: int) -> list[Gain]:
    if not met:
        return []
    before = {
        row.user_id: (row.voice_slot, row.voice_run)
        for row in session.execute(_LEVELS, {"guild": guild_id, "users": sorted(met)})
    }
    left = _departures(session, guild_id, before)
    places = {(guild_id, slot.channel_id) for slots in met.values() for slot in slots}
    worth = multipliers.load(session, places, {(guild_id, user) for user in met})
    gains = []
    for user, slots in met.items():
        percents = {slot.channel_id: worth.percent(guild_id, slot.channel_id, user) for slot in slots}
        spoken = rules.speak(slots, before[user], left[user], percents, most)
        if spoken is not None:
            is_old = _moment(spoken.slot) < now() - _NEWS_FOR
            gains.append(
                Gain(
                    guild_id,
                    user,
                    spoken.xp,
                    spoken.channel_id,
                    is_silent=is_old,
                    at_ms=spoken.slot * SLOT_MS,
                    voice_slot=spoken.slot,
                    voice_run=spoken.run,
                )
            )
    return gains


def _departures(
    session: Session, guild_id: int, before: dict[int, tuple[int | None, int]]
) -> defaultdict[int, list[int]]:
    """When these members left voice after the newest slot that was counted."""
    since = [{"user_id": user, "since": slot * SLOT_MS} for user, (slot, _) in before.items() if slot is not None]
    found: defaultdict[int, list[int]] = defaultdict(list)
    if since:
        for row in session.execute(_DEPARTURES, {"guild": guild_id, "rows": as_json(since)}):
            found[row.user_id].append(row.at)
    return found
