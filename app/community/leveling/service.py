"""Giving experience, and paying what new levels bring.

A transaction that gives experience only raises it and notes the levels that were reached; what they bring is paid,
told and turned into roles by `settle` in a transaction of its own. So giving experience locks the members' levels and
nothing else, and may be the last thing that any transaction does.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy import service as economy
from app.community.economy.rules import MINT, Move, member
from app.community.inventory import service as inventory
from app.community.inventory.rules import Item
from app.community.leveling import messages, roles, rules
from app.core import choices, clock, posts, queue
from app.core.choices import Choices
from app.core.db import UnitOfWork
from app.core.facts import as_json

SETTLE = "leveling.settle"
MemberKey = tuple[int, int]

# What a day may bring, where the guild chose it; 0 is without end. `at_ms` is NULL for what no day bounds.
_DAILY = "coalesce(nullif(coalesce(CAST(%s->>'xp-daily' AS bigint), :daily), 0), :most)"
_OWN = "(SELECT o.options FROM guild_settings o WHERE o.guild_id = member_levels.guild_id)"
_LEFT = f"greatest(least(excluded.xp, {_DAILY % _OWN} - member_levels.day_xp), 0)"
_GAINED = f"CASE WHEN excluded.day = member_levels.day THEN {_LEFT} ELSE excluded.xp END"
_ADD = text(
    "WITH r AS (SELECT r.*, (to_timestamp(r.at_ms / 1000.0) AT TIME ZONE coalesce(s.timezone, 'UTC'))::date AS day,"  # noqa: S608
    f" least(r.xp, :most, CASE WHEN r.at_ms IS NULL THEN :most ELSE {_DAILY % 's.options'} END) AS gained"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint, xp bigint, at_ms bigint, message_ms bigint,"
    " message_id bigint, repeats integer, voice_slot bigint, voice_run integer)"
    " LEFT JOIN guild_settings s ON s.guild_id = r.guild_id)"
    " INSERT INTO member_levels (guild_id, user_id, xp, message_ms, message_id, repeats, voice_slot, voice_run, day,"
    " day_xp) SELECT guild_id, user_id, gained, message_ms, message_id, coalesce(repeats, 0), voice_slot,"
    " coalesce(voice_run, 0), day, CASE WHEN day IS NULL THEN 0 ELSE gained END FROM r ORDER BY guild_id, user_id"
    f" ON CONFLICT (guild_id, user_id) DO UPDATE SET xp = least(member_levels.xp + {_GAINED}, :most),"
    f" day_xp = CASE WHEN excluded.day = member_levels.day THEN member_levels.day_xp + {_LEFT}"
    " WHEN excluded.day < member_levels.day OR excluded.day IS NULL THEN member_levels.day_xp"
    " ELSE excluded.day_xp END,"
    " day = greatest(member_levels.day, excluded.day),"
    " message_ms = greatest(member_levels.message_ms, excluded.message_ms),"
    " message_id = coalesce(excluded.message_id, member_levels.message_id),"
    " repeats = CASE WHEN excluded.message_id IS NULL THEN member_levels.repeats ELSE excluded.repeats END,"
    " voice_slot = greatest(member_levels.voice_slot, excluded.voice_slot),"
    " voice_run = CASE WHEN excluded.voice_slot IS NULL THEN member_levels.voice_run ELSE excluded.voice_run END"
    " RETURNING guild_id, user_id, xp, level"
)
_RAISE = text(
    "UPDATE member_levels SET level = r.level"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint, level integer)"
    " WHERE member_levels.guild_id = r.guild_id AND member_levels.user_id = r.user_id"
)
# A level that was reached before is left as it is: it may be paid already, or be about to be.
_REACH = text(
    "INSERT INTO level_rewards (guild_id, user_id, level, channel_id, is_silent)"
    " SELECT guild_id, user_id, level, channel_id, is_silent FROM json_to_recordset(:rows)"
    " AS r (guild_id bigint, user_id bigint, level integer, channel_id bigint, is_silent boolean)"
    " ORDER BY guild_id, user_id, level ON CONFLICT DO NOTHING RETURNING guild_id, user_id, level"
)
_OPTED_OUT = text("SELECT user_id FROM opt_outs WHERE guild_id = :guild AND user_id = ANY(:users)")
_OPEN = text(
    "SELECT level, channel_id, is_silent FROM level_rewards"
    " WHERE guild_id = :guild AND user_id = :user AND paid_at IS NULL ORDER BY level FOR UPDATE SKIP LOCKED"
)
_PAID = text(
    "UPDATE level_rewards SET paid_at = now() WHERE guild_id = :guild AND user_id = :user AND level = ANY(:levels)"
)
_STANDING = text("SELECT xp, level, wants_direct FROM member_levels WHERE guild_id = :guild AND user_id = :user")
# Whoever committed a level sends its task; what is older than this was lost.
_UNPAID = text(
    "SELECT DISTINCT guild_id, user_id FROM level_rewards"
    " WHERE paid_at IS NULL AND reached_at < now() - interval '30 seconds' LIMIT :limit"
)


@dataclass(frozen=True)
class Gain:
    """Experience for one member, with what it says about when it was earned."""

    guild_id: int
    user_id: int
    xp: int
    # Where it happened, so that a new level can be told there.
    channel_id: int | None = None
    # It is from the past (found by a backfill), so nothing is told of it.
    is_silent: bool = False
    # When it was earned, by which it counts among what a day may bring; None: no day bounds it.
    at_ms: int | None = None
    message_ms: int | None = None
    message_id: int | None = None
    repeats: int | None = None
    voice_slot: int | None = None
    voice_run: int | None = None

    def plus(self, other: "Gain") -> "Gain":
        """Both as one, of the same member: silent only where both are, and told where the first was."""
        first = other if self.is_silent and not other.is_silent else self
        written = self if other.message_ms is None else other
        return replace(
            self,
            xp=self.xp + other.xp,
            channel_id=first.channel_id,
            is_silent=self.is_silent and other.is_silent,
            at_ms=max(self.at_ms or 0, other.at_ms or 0) or None,
            message_ms=written.message_ms,
            message_id=written.message_id,
            repeats=written.repeats,
        )


@dataclass(frozen=True)
class Rise:
    """A member's level before and after."""

    before: int
    after: int


def grant(uow: UnitOfWork, guild_id: int, xp: Mapping[int, int], *, channel_id: int | None = None) -> dict[int, Rise]:
    """Give members (by user) experience; the levels that rose. Nothing where levels are switched off.

    The caller makes sure that it happens once, for instance by the id of the game that it settles in this
    transaction. Coins and items for the levels follow after the commit, each once, with the news and the roles.
    `channel_id` is where to tell of it. Members who opted out get nothing.
    """
    session = uow.session
    wanted = {user: amount for user, amount in xp.items() if amount > 0}
    if not wanted or not choices.load(session, guild_id).is_on(rules.FEATURE):
        return {}
    gone = set(session.scalars(_OPTED_OUT, {"guild": guild_id, "users": sorted(wanted)}))
    at_ms = clock.millis()
    gains = [
        Gain(guild_id, user, amount, channel_id, at_ms=at_ms) for user, amount in wanted.items() if user not in gone
    ]
    return {user: rise for (_, user), rise in add(uow, gains).items()}


def add(uow: UnitOfWork, gains: Sequence[Gain]) -> dict[MemberKey, Rise]:
    """Add these, at most one for each member, whose wishes the caller has asked; the levels that rose, by member."""
    if not gains:
        return {}
    found = uow.session.execute(
        _ADD, {"rows": as_json(map(_row, gains)), "most": rules.MOST_XP, "daily": rules.DAILY.default}
    ).all()
    risen = {
        (row.guild_id, row.user_id): Rise(row.level, level)
        for row in found
        if (level := rules.level_of(row.xp)) > row.level
    }
    if risen:
        _note_levels(uow, risen, {(gain.guild_id, gain.user_id): gain for gain in gains})
    return risen


def _row(gain: Gain) -> dict[str, Any]:
    return {
        "guild_id": gain.guild_id,
        "user_id": gain.user_id,
        "xp": gain.xp,
        "at_ms": gain.at_ms,
        "message_ms": gain.message_ms,
        "message_id": gain.message_id,
        "repeats": gain.repeats,
        "voice_slot": gain.voice_slot,
        "voice_run": gain.voice_run,
    }


def _note_levels(uow: UnitOfWork, risen: Mapping[MemberKey, Rise], gains: Mapping[MemberKey, Gain]) -> None:
    """Store the levels, and owe what those that were never reached before bring."""
    raised = ({"guild_id": guild, "user_id": user, "level": rise.after} for (guild, user), rise in risen.items())
    uow.session.execute(_RAISE, {"rows": as_json(raised)})
    fresh = reach(
        uow.session,
        (
            {
                "guild_id": guild,
                "user_id": user,
                "level": level,
                "channel_id": gains[guild, user].channel_id,
                "is_silent": gains[guild, user].is_silent,
            }
            for (guild, user), rise in risen.items()
            for level in rules.crossed(rise.before, rise.after)
        ),
    )
    for guild, user in sorted(risen):
        if (guild, user) in fresh:
            uow.after_commit(partial(queue.send, SETTLE, guild, user))
        else:
            roles.sync(uow, guild, user, risen[guild, user].after)


def reach(session: Session, levels: Iterable[Mapping[str, Any]]) -> set[MemberKey]:
    """Note levels as reached; the members (guild, user) who reached one for the first time."""
    return {(row.guild_id, row.user_id) for row in session.execute(_REACH, {"rows": as_json(levels)})}


def settle(uow: UnitOfWork, guild_id: int, user_id: int) -> None:
    """Pay what a member's new levels bring, tell of the highest, and bring the roles up to it.

    Twice pays once: a level's row is locked, and closed in the transaction that pays.
    """
    session = uow.session
    here = {"guild": guild_id, "user": user_id}
    reached = session.execute(_OPEN, here).all()
    standing = session.execute(_STANDING, here).one_or_none()
    if not reached:
        return
    session.execute(_PAID, {**here, "levels": [row.level for row in reached]})
    chosen = choices.load(session, guild_id)
    is_gone = bool(session.scalars(_OPTED_OUT, {"guild": guild_id, "users": [user_id]}).all())
    if standing is None or is_gone or not chosen.is_on(rules.FEATURE):
        return
    coins, items = _pay(session, chosen, guild_id, user_id, [row.level for row in reached])
    told = [row for row in reached if not row.is_silent]
    if told:
        _tell(uow, chosen, here, messages.News(told[-1].level, standing.xp, coins, items), told[-1].channel_id)
    roles.sync(uow, guild_id, user_id, standing.level)


def _pay(
    session: Session, chosen: Choices, guild_id: int, user_id: int, levels: Sequence[int]
) -> tuple[int, Counter[Item]]:
    """Pay items and coins for these levels; what it came to. Nothing where coins are switched off."""
    given: Counter[Item] = Counter()
    if not chosen.is_on("economy"):
        return 0, given
    for level in levels:
        for item, quantity in rules.items_of(level).items():
            inventory.give(session, guild_id, user_id, item, quantity, key=f"level:{user_id}:{level}:{item}")
            given[item] += quantity
    moves = [
        Move(MINT, member(user_id), coins, "level_up", f"level:{user_id}:{level}", reference=str(level))
        for level in levels
        if (coins := rules.coins_of(level))
    ]
    if moves:
        economy.post(session, guild_id, moves)
    return sum(move.amount for move in moves), given


def _tell(
    uow: UnitOfWork, chosen: Choices, here: Mapping[str, int], news: messages.News, channel_id: int | None
) -> None:
    """Owe the news of a level, where guild and member want it."""
    session = uow.session
    standing = session.execute(_STANDING, here).one()
    guild_id, user_id = here["guild"], here["user"]
    wish = rules.NOTICES.of(chosen.options)
    is_direct = standing.wants_direct and wish != "off"
    where = rules.NOTICE_CHANNEL.of(chosen.options) or channel_id
    if not is_direct and (wish != "on" or where is None):
        return
    language = chosen.language if not is_direct else choices.language_of(session, user_id) or chosen.language
    posts.owe(
        uow,
        guild_id=guild_id,
        channel_id=None if is_direct else where,
        user_id=user_id if is_direct else None,
        subject_id=user_id,
        kind="level",
        dedupe_key=f"level:{user_id}:{news.level}",
        body=messages.notice(news, user_id, language),
    )


def unpaid(session: Session, limit: int = 200) -> list[MemberKey]:
    """Members whose levels are not paid although their task should have run."""
    return [(row.guild_id, row.user_id) for row in session.execute(_UNPAID, {"limit": limit})]
