"""Paying for invites once the invited has stayed, and taking it back from those who leave soon after."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy import service as economy
from app.community.economy.rules import BURN, MINT, Move, member
from app.community.invites import rules
from app.core import choices

CHUNK = 100
_DUE = text(
    "SELECT id, user_id, inviter_id, joined_at FROM invite_arrivals WHERE guild_id = :guild AND state = 'pending'"
    " AND joined_at <= :before ORDER BY user_id LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_LEFT = text(
    "SELECT id, user_id, inviter_id FROM invite_arrivals WHERE guild_id = :guild AND state = 'rewarded'"
    " AND left_at >= rewarded_at AND left_at < rewarded_at + make_interval(days => :days)"
    " ORDER BY user_id LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_YOUNG = text("UPDATE invite_arrivals SET state = 'young' WHERE guild_id = :guild AND user_id = :user")
_REWARDED = text(
    "UPDATE invite_arrivals SET state = 'rewarded', rewarded_at = :now WHERE guild_id = :guild AND user_id = :user"
)
_REVOKED = text(
    "UPDATE invite_arrivals SET state = 'revoked', revoked_at = :now WHERE guild_id = :guild AND user_id = :user"
)
_OPTED_OUT = text("SELECT user_id FROM opt_outs WHERE guild_id = :guild AND user_id = ANY(:users)")
_PAID = text("SELECT key, amount FROM coin_entries WHERE guild_id = :guild AND key = ANY(:keys)")
_GUILDS = text(
    "SELECT DISTINCT guild_id FROM invite_arrivals"
    " WHERE state = 'pending' OR (state = 'rewarded' AND left_at IS NOT NULL) ORDER BY guild_id"
)


def guilds(session: Session) -> list[int]:
    """Guilds in which something may have to be paid or taken back."""
    return list(session.scalars(_GUILDS))


def settle(session: Session, guild_id: int, now: datetime, limit: int = CHUNK) -> int:
    """Pay for those who stayed, take back what early leavers brought; how many arrivals changed.

    Twice is safe: an arrival changes its state with its coins, and their entries are keyed by the arrival.
    """
    chosen = choices.load(session, guild_id)
    if not chosen.is_on("invites"):
        return 0
    before = now - timedelta(hours=rules.STAY.of(chosen.options))
    due = session.execute(_DUE, {"guild": guild_id, "before": before, "limit": limit}).all()
    days = rules.KEEP.of(chosen.options)
    left = session.execute(_LEFT, {"guild": guild_id, "days": days, "limit": limit}).all()
    silent = _opted_out(session, guild_id, [*due, *left])
    paid = _mark(session, guild_id, due, now, rules.AGE.of(chosen.options))
    amount = rules.REWARD.of(chosen.options) if chosen.is_on("economy") else 0
    payments = _payments(paid, amount, silent)
    moves = [*payments, *_take_back(session, guild_id, left, now, silent, paid_to=payments)]
    if moves:
        economy.post(session, guild_id, moves)
    return len(due) + len(left)


def _opted_out(session: Session, guild_id: int, rows: Sequence[Any]) -> set[int]:
    users = sorted({user for row in rows for user in (row.user_id, row.inviter_id)})
    return set(session.scalars(_OPTED_OUT, {"guild": guild_id, "users": users})) if users else set()


def _mark(session: Session, guild_id: int, due: Sequence[Any], now: datetime, days: int) -> list[Any]:
    """Note what became of these arrivals; those that are to be paid for."""
    paid = []
    for row in due:
        values = {"guild": guild_id, "user": row.user_id}
        if rules.is_too_young(row.user_id, row.joined_at, days):
            session.execute(_YOUNG, values)
        else:
            session.execute(_REWARDED, {**values, "now": now})
            paid.append(row)
    return paid


def _payments(paid: Sequence[Any], amount: int, silent: set[int]) -> list[Move]:
    return [
        Move(MINT, member(user), amount, "invite_reward", key)
        for row in paid
        for user, key in zip((row.inviter_id, row.user_id), _keys(row.id), strict=True)
        if amount and user not in silent
    ]


def _take_back(
    session: Session,
    guild_id: int,
    left: Sequence[Any],
    now: datetime,
    silent: set[int],
    *,
    paid_to: Sequence[Move],
) -> list[Move]:
    """What was paid, as far as it is still there: nobody falls below zero for another's leaving."""
    if not left:
        return []
    # Those who are paid at the same time are locked with the others, so that all purses are locked in one order.
    leaving = {user for row in left for user in (row.user_id, row.inviter_id)} - silent
    people = sorted({*leaving, *(move.target.owner_id for move in paid_to)})
    purses = economy.balances(session, guild_id, people)
    keys = [key for row in left for key in _keys(row.id)]
    paid = {row.key: row.amount for row in session.execute(_PAID, {"guild": guild_id, "keys": keys})}
    moves: list[Move] = []
    for row in left:
        session.execute(_REVOKED, {"guild": guild_id, "user": row.user_id, "now": now})
        for user, key in zip((row.inviter_id, row.user_id), _keys(row.id), strict=True):
            amount = min(paid.get(key, 0), purses.get(user, 0))
            if amount:
                purses[user] -= amount
                moves.append(Move(member(user), BURN, amount, "invite_revoked", f"{key}:revoked"))
    return moves


def _keys(arrival: int) -> tuple[str, str]:
    """What the coins of the inviter and of the invited are entered under."""
    return f"invite:{arrival}:inviter", f"invite:{arrival}:invited"
