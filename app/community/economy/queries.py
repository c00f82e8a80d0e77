"""Reading purses and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy.rules import START
from app.core import choices, clock
from app.core.db import engine

_BALANCES = text(
    "SELECT owner_id, balance FROM coin_accounts WHERE guild_id = :guild AND kind = 'member' AND owner_id = ANY(:users)"
)


def balance(guild_id: int, user_id: int) -> int:
    """What a member has; what they would begin with where they have no account yet."""
    with Session(engine()) as session:
        return balances(session, guild_id, [user_id])[user_id]


def balances(session: Session, guild_id: int, user_ids: Sequence[int]) -> dict[int, int]:
    """What these members have, without a lock."""
    rows = session.execute(_BALANCES, {"guild": guild_id, "users": list(user_ids)})
    found: dict[int, int] = {row.owner_id: row.balance for row in rows}
    if len(found) < len(user_ids):
        start = START.of(choices.load(session, guild_id).options)
        found = {user: found.get(user, start) for user in user_ids}
    return found


@dataclass(frozen=True)
class Audit:
    """What the ledger says of itself; the last three are 0 where it is sound."""

    accounts: int
    entries: int
    # The sum over all accounts of how far a balance is from the sum of its entries.
    imbalance: int
    # Accounts below zero.
    negative: int
    # Games and giveaways that are over and still hold coins; games, giveaways and draws that should be over.
    unsettled: int

    @property
    def is_sound(self) -> bool:
        """Whether everything comes out."""
        return not (self.imbalance or self.negative or self.unsettled)


# Balances against entries, account by account, from both sides, so that neither a lost row nor a lost entry hides.
_DIFFERENCES = """
SELECT coalesce(a.guild_id, e.guild_id) AS guild_id, coalesce(a.kind, e.kind) AS kind,
    coalesce(a.owner_id, e.owner_id) AS owner_id, coalesce(a.balance, 0) AS balance,
    coalesce(e.total, 0)::bigint AS total
FROM (SELECT * FROM coin_accounts WHERE CAST(:guild AS bigint) IS NULL OR guild_id = :guild) a
FULL JOIN (
    SELECT guild_id, kind, owner_id, sum(amount) AS total FROM (
        SELECT guild_id, target_kind AS kind, target_id AS owner_id, amount FROM coin_entries
        UNION ALL SELECT guild_id, source_kind, source_id, -amount FROM coin_entries
    ) m WHERE kind NOT IN ('mint', 'burn') AND (CAST(:guild AS bigint) IS NULL OR guild_id = :guild)
    GROUP BY guild_id, kind, owner_id
) e USING (guild_id, kind, owner_id)
WHERE coalesce(a.balance, 0) <> coalesce(e.total, 0)
"""
_COUNTS = """
SELECT (SELECT count(*) FROM coin_accounts WHERE CAST(:guild AS bigint) IS NULL OR guild_id = :guild) AS accounts,
    (SELECT count(*) FROM coin_entries WHERE CAST(:guild AS bigint) IS NULL OR guild_id = :guild) AS entries,
    (SELECT count(*) FROM coin_accounts WHERE balance < 0 AND (CAST(:guild AS bigint) IS NULL OR guild_id = :guild))
    AS negative
"""
# Coins that lie aside for what is over already, and what should have been over for a while: so long as the clock that
# ends it may be late, or, of a game, as the bot may be away before stakes go back.
_HERE = "(CAST(:guild AS bigint) IS NULL OR a.guild_id = :guild)"
_UNSETTLED = f"""
SELECT (SELECT count(*) FROM coin_accounts a WHERE a.balance > 0 AND {_HERE} AND CASE a.kind
    WHEN 'giveaway' THEN NOT EXISTS (SELECT FROM giveaways g WHERE g.id = a.owner_id AND g.status = 'active')
    WHEN 'game' THEN NOT EXISTS (
        SELECT FROM games g WHERE g.guild_id = a.guild_id AND g.id = a.owner_id AND g.deadline IS NOT NULL
    ) ELSE false END)
+ (SELECT count(*) FROM games a WHERE a.deadline < CAST(:now AS timestamptz) - interval '20 minutes' AND {_HERE})
+ (SELECT count(*) FROM giveaways a WHERE a.status = 'active'
    AND a.ends_at < CAST(:now AS timestamptz) - interval '5 minutes' AND {_HERE})
+ (SELECT count(*) FROM lottery_draws a LEFT JOIN guild_settings s ON s.guild_id = a.guild_id
    WHERE a.drawn_at IS NULL AND {_HERE} AND (a.day + time '20:00') AT TIME ZONE coalesce(s.timezone, 'UTC')
    < CAST(:now AS timestamptz) - interval '5 minutes')
"""  # noqa: S608 - constants.


@dataclass(frozen=True)
class Difference:
    """An account whose balance is not the sum of its entries."""

    guild_id: int
    kind: str
    owner_id: int
    balance: int
    total: int


def differences(session: Session, guild_id: int | None = None) -> list[Difference]:
    """The accounts (of one guild, or of all) whose balance is not the sum of their entries."""
    return [Difference(*row) for row in session.execute(text(_DIFFERENCES), {"guild": guild_id})]


def audit(guild_id: int | None = None) -> Audit:
    """Check the ledger of one guild, or of all; reads one moment."""
    with Session(engine()) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        counts: Any = session.execute(text(_COUNTS), {"guild": guild_id}).one()
        found = differences(session, guild_id)
        unsettled = session.execute(text(_UNSETTLED), {"guild": guild_id, "now": clock.now()}).scalar_one()
        imbalance = sum(abs(row.balance - row.total) for row in found)
        return Audit(counts.accounts, counts.entries, imbalance, counts.negative, unsettled)


@dataclass(frozen=True)
class Entry:
    """A line of a member's history: what came in (positive) or went out (negative)."""

    id: int
    type: str
    amount: int
    # The member on the other side, where there is one.
    other_id: int | None
    created_at: datetime


_HISTORY = text(
    "SELECT id, type, CASE WHEN target_kind = 'member' AND target_id = :user THEN amount ELSE -amount END AS amount,"
    " CASE WHEN target_kind = 'member' AND source_kind = 'member'"
    " THEN nullif(CASE WHEN target_id = :user THEN source_id ELSE target_id END, 0) END AS other_id, created_at"
    " FROM coin_entries WHERE guild_id = :guild AND id < :below"
    " AND ((source_kind = 'member' AND source_id = :user) OR (target_kind = 'member' AND target_id = :user))"
    " ORDER BY id DESC LIMIT :limit"
)
NEWEST = 2**63 - 1


def history(guild_id: int, user_id: int, *, below: int = NEWEST, limit: int = 10) -> list[Entry]:
    """A member's newest movements, from below that id."""
    values = {"guild": guild_id, "user": user_id, "below": below, "limit": limit}
    with Session(engine()) as session:
        return [Entry(*row) for row in session.execute(_HISTORY, values)]


@dataclass(frozen=True)
class Party:
    """Whether somebody may take part in a movement of coins."""

    user_id: int
    has_opted_out: bool
    is_bot: bool
    has_left: bool


_PARTIES = text(
    "SELECT p.id AS user_id, EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = :guild AND o.user_id = p.id)"
    " AS has_opted_out, coalesce(u.is_bot, false) AS is_bot, m.left_at IS NOT NULL AS has_left"
    " FROM unnest(CAST(:users AS bigint[])) AS p (id) LEFT JOIN users u ON u.id = p.id"
    " LEFT JOIN members m ON m.guild_id = :guild AND m.user_id = p.id"
)


def parties(session: Session, guild_id: int, user_ids: Sequence[int]) -> list[Party]:
    """What is known of these people; somebody of whom nothing is known yet may take part."""
    return [Party(*row) for row in session.execute(_PARTIES, {"guild": guild_id, "users": list(user_ids)})]


def all_differences() -> list[Difference]:
    """As `differences`, of every guild and in a transaction of its own."""
    with Session(engine()) as session:
        return differences(session)
