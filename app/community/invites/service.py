"""Noting arrivals, explaining them by invites, and rewarding them: each person once in a guild, whatever is repeated.

Arrivals are written with the events of ingest. Discord is asked afterwards (tasks/invites.py), and its answer is
applied here under the lock of the guild's row in `invite_uses`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.activity.members.messages import MemberJoined, MemberLeft
from app.community.invites import rules
from app.community.invites.rules import Explained, Invite
from app.core import choices, posts
from app.core.choices import Choices
from app.core.db import UnitOfWork
from app.core.facts import as_json
from app.core.translations import _, speaking

# A person who was rewarded once stays so; of anybody else the newest arrival counts.
_ARRIVE = text(
    "INSERT INTO invite_arrivals (guild_id, user_id, seq, joined_at)"
    " SELECT guild_id, user_id, seq, to_timestamp(at / 1000.0)"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint, seq bigint, at bigint)"
    " ORDER BY guild_id, user_id ON CONFLICT (guild_id, user_id) DO UPDATE SET seq = excluded.seq,"
    " left_at = NULL, joined_at = excluded.joined_at,"
    " state = CASE WHEN invite_arrivals.rewarded_at IS NULL THEN 'waiting' ELSE invite_arrivals.state END,"
    " code = CASE WHEN invite_arrivals.rewarded_at IS NULL THEN NULL ELSE invite_arrivals.code END,"
    " inviter_id = CASE WHEN invite_arrivals.rewarded_at IS NULL THEN NULL ELSE invite_arrivals.inviter_id END"
    " WHERE excluded.seq > invite_arrivals.seq"
)
_LEAVE = text(
    "UPDATE invite_arrivals SET left_at = to_timestamp(r.at / 1000.0), seq = r.seq,"
    " state = CASE WHEN state IN ('waiting', 'pending', 'unknown', 'young') THEN 'left' ELSE state END"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint, seq bigint, at bigint)"
    " WHERE invite_arrivals.guild_id = r.guild_id AND invite_arrivals.user_id = r.user_id"
    " AND r.seq > invite_arrivals.seq"
)
_MEET = text("INSERT INTO invite_uses (guild_id, uses) VALUES (:guild, 'null') ON CONFLICT DO NOTHING")
_LOCK = text("SELECT uses, held, held_since, asked_at FROM invite_uses WHERE guild_id = :guild FOR UPDATE")
_STORE = text(
    "UPDATE invite_uses SET uses = CAST(:uses AS jsonb), held = CAST(:held AS jsonb), held_since = :since,"
    " asked_at = :asked WHERE guild_id = :guild"
)
_LEARN = text(
    "INSERT INTO invites (guild_id, code, inviter_id)"
    " SELECT :guild, code, CASE WHEN inviter_id IN (SELECT user_id FROM opt_outs WHERE guild_id = :guild)"
    " THEN NULL ELSE inviter_id END FROM json_to_recordset(:rows) AS r (code text, inviter_id bigint)"
    " ORDER BY code ON CONFLICT DO NOTHING"
)
_GONE = text(
    "SELECT code, inviter_id, max_uses FROM invites WHERE guild_id = :guild AND code = ANY(:codes) AND max_uses > 0"
)
_WAITING = text(
    "SELECT user_id FROM invite_arrivals WHERE guild_id = :guild AND state = 'waiting' AND joined_at <= :asked"
    " ORDER BY seq FOR UPDATE"
)
_EXPLAIN = text(
    "UPDATE invite_arrivals SET code = :code,"
    " state = CASE WHEN CAST(:inviter AS bigint) IS NULL THEN 'unknown' ELSE 'pending' END,"
    " inviter_id = CAST(:inviter AS bigint), is_certain = :certain WHERE guild_id = :guild AND user_id = :user"
    " RETURNING id"
)
_GIVE_UP = text(
    "UPDATE invite_arrivals SET state = 'unknown' WHERE guild_id = :guild AND state = 'waiting' AND joined_at < :before"
)
_WAITING_GUILDS = text("SELECT DISTINCT guild_id FROM invite_arrivals WHERE state = 'waiting' ORDER BY guild_id")


def note(session: Session, joined: Iterable[MemberJoined], left: Iterable[MemberLeft]) -> None:
    """Write arrivals and departures; of each member the newest event counts, whenever it comes."""
    for statement, events in ((_ARRIVE, joined), (_LEAVE, left)):
        newest: dict[tuple[int, int], MemberJoined | MemberLeft] = {}
        for event in events:
            key = (event.guild_id, event.user_id)
            if key not in newest or event.seq > newest[key].seq:
                newest[key] = event
        if newest:
            rows = [{"guild_id": k[0], "user_id": k[1], "seq": e.seq, "at": e.at} for k, e in sorted(newest.items())]
            session.execute(statement, {"rows": as_json(rows)})


def explain(uow: UnitOfWork, guild_id: int, listed: Sequence[Invite], asked_at: datetime) -> list[Explained]:
    """Explain who arrived before Discord gave this answer, and keep the answer for the next time.

    Twice is safe: uses that were explained once are in the stored answer. An answer that is older than the stored one
    explains nothing.
    """
    session = uow.session
    session.execute(_MEET, {"guild": guild_id})
    stored = session.execute(_LOCK, {"guild": guild_id}).one()
    _learn(session, guild_id, listed)
    if stored.uses is not None and asked_at < stored.asked_at:
        return []
    explained, held = _explain(session, guild_id, listed, stored, asked_at) if stored.uses is not None else ([], {})
    _write(uow, guild_id, explained)
    since = stored.held_since if stored.held and held else asked_at
    values = {"uses": _json({invite.code: invite.uses for invite in listed}), "held": _json(held), "since": since}
    session.execute(_STORE, {"guild": guild_id, "asked": asked_at, **values})
    return explained


def _explain(
    session: Session, guild_id: int, listed: Sequence[Invite], stored: Any, asked_at: datetime
) -> tuple[list[Explained], dict[str, int]]:
    """Who came by which use, and the uses that are held for arrivals still under way."""
    is_fresh = asked_at - stored.held_since <= rules.PATIENCE
    before = rules.before_held(stored.uses, stored.held if is_fresh else {})
    waiting = list(session.scalars(_WAITING, {"guild": guild_id, "asked": asked_at}))
    gone = _used_up(session, guild_id, before, {invite.code for invite in listed})
    used = rules.new_uses(before, _known(session, guild_id, listed), gone)
    counted = [use for use in used if use.code not in gone]
    used = used[: max(len(counted), len(waiting))]
    explained = rules.explain(waiting, used)
    return explained, rules.left_over(counted, explained)


def _json(counts: dict[str, int]) -> str:
    return msgspec.json.encode(counts).decode()


def give_up(session: Session, guild_id: int, now: datetime) -> None:
    """Wait no longer for an explanation of old arrivals. Twice finds none."""
    session.execute(_GIVE_UP, {"guild": guild_id, "before": now - rules.PATIENCE})


def _learn(session: Session, guild_id: int, listed: Sequence[Invite]) -> None:
    """Keep who made the invites that are older than the bot; what an event told of one stays."""
    rows = [{"code": invite.code, "inviter_id": invite.inviter_id} for invite in listed]
    if rows:
        session.execute(_LEARN, {"guild": guild_id, "rows": as_json(rows)})


def _known(session: Session, guild_id: int, listed: Sequence[Invite]) -> list[Invite]:
    """The invites without the makers who do not want to be recorded."""
    statement = text("SELECT user_id FROM opt_outs WHERE guild_id = :guild AND user_id = ANY(:users)")
    makers = [invite.inviter_id for invite in listed if invite.inviter_id is not None]
    silent = set(session.scalars(statement, {"guild": guild_id, "users": makers}))
    return [
        Invite(invite.code, invite.uses, None if invite.inviter_id in silent else invite.inviter_id)
        for invite in listed
    ]


def _used_up(session: Session, guild_id: int, before: dict[str, int], there: set[str]) -> dict[str, int | None]:
    """The invites that are gone and could have been used once more, with who made them."""
    missing = sorted(set(before) - there)
    rows = session.execute(_GONE, {"guild": guild_id, "codes": missing}) if missing else ()
    return {row.code: row.inviter_id for row in rows if before[row.code] == row.max_uses - 1}


def _write(uow: UnitOfWork, guild_id: int, explained: Sequence[Explained]) -> None:
    chosen = choices.load(uow.session, guild_id) if explained else Choices()
    channel = rules.NOTICES.of(chosen.options)
    for one in explained:
        # Whoever comes back by an invite of their own was invited by nobody.
        inviter = one.used.inviter_id if one.used.inviter_id != one.user_id else None
        values = {"guild": guild_id, "user": one.user_id, "code": one.used.code, "certain": one.is_certain}
        arrival = uow.session.execute(_EXPLAIN, {**values, "inviter": inviter}).scalar_one()
        if channel is None or inviter is None:
            continue
        with speaking(chosen.language):
            content = _("📨 {user} was invited by {inviter}.").format(user=f"<@{one.user_id}>", inviter=f"<@{inviter}>")
        posts.owe(
            uow,
            guild_id=guild_id,
            channel_id=channel,
            subject_id=one.user_id,
            kind="invite",
            dedupe_key=f"invite:{arrival}:{one.used.code}",
            body={"content": content},
        )


def waiting_guilds(session: Session) -> list[int]:
    """Guilds with arrivals that are not explained."""
    return list(session.scalars(_WAITING_GUILDS))
