"""Moving coins: the one place where a balance changes.

Lock what your feature has of its own (a game, a draw) first, and call `post` once: it locks the accounts in one order,
so that transactions cannot deadlock over them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy import messages, queries
from app.community.economy.rules import (
    BURN,
    MINT,
    START,
    Account,
    Change,
    Move,
    applied,
    checked,
    member,
    touched,
    wanted,
)
from app.core import choices, posts
from app.core.answers import Answer
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput, Refused
from app.core.facts import as_json
from app.core.translations import _

_ACCOUNTS = "json_to_recordset(:rows) AS r (kind text, owner_id bigint, balance bigint)"
_OPEN = text(
    "INSERT INTO coin_accounts (guild_id, kind, owner_id) SELECT :guild, kind, owner_id"  # noqa: S608 - constants.
    f" FROM {_ACCOUNTS} ORDER BY kind, owner_id ON CONFLICT DO NOTHING RETURNING kind, owner_id"
)
_LOCK = text(
    "SELECT a.kind, a.owner_id, a.balance FROM coin_accounts a"  # noqa: S608 - constants.
    f" JOIN {_ACCOUNTS} ON a.kind = r.kind AND a.owner_id = r.owner_id"
    " WHERE a.guild_id = :guild ORDER BY a.kind, a.owner_id FOR UPDATE OF a"
)
_STORE = text(
    "UPDATE coin_accounts a SET balance = r.balance"  # noqa: S608 - constants.
    f" FROM {_ACCOUNTS} WHERE a.guild_id = :guild AND a.kind = r.kind AND a.owner_id = r.owner_id"
)
_ENTER = text(
    "INSERT INTO coin_entries (guild_id, key, type, source_kind, source_id, target_kind, target_id, amount, actor_id,"
    " reference) SELECT :guild, key, type, source_kind, source_id, target_kind, target_id, amount, actor_id, reference"
    " FROM json_to_recordset(:rows) AS r (key text, type text, source_kind text, source_id bigint, target_kind text,"
    " target_id bigint, amount bigint, actor_id bigint, reference text)"
    " ON CONFLICT (guild_id, key) DO NOTHING RETURNING key"
)
_CLOSE = text(
    "DELETE FROM coin_accounts WHERE guild_id = :guild AND kind = :kind AND owner_id = :owner AND balance = 0"
)
# Whoever had everything erased begins with nothing, or erasing would make coins.
_ERASED = text("SELECT user_id FROM erasures WHERE guild_id = :guild AND user_id = ANY(:users)")
_OPTED_OUT = text("SELECT 1 FROM opt_outs WHERE guild_id = :guild AND user_id = ANY(:users) LIMIT 1")


def post(session: Session, guild_id: int, moves: Sequence[Move]) -> set[str]:
    """Move coins, in this order; the keys of the moves that were not made before.

    Every key is written once, so a second call moves nothing. Raises NotEnough (and then nothing of the transaction
    may be committed) where an account would fall below zero, and Refused where a member opted out and has no account.
    """
    for move in moves:
        checked(move.amount)
    accounts = touched(moves)
    started = _open(session, guild_id, accounts)
    balances = _lock(session, guild_id, accounts)
    fresh = _enter(session, guild_id, [*started, *moves])
    counted = [move for move in (*started, *moves) if move.key in fresh]
    _store(session, guild_id, balances, applied(balances, counted))
    return fresh


def balances(session: Session, guild_id: int, user_ids: Sequence[int]) -> dict[int, int]:
    """What these members have, opened and locked until the transaction ends."""
    accounts = sorted(member(user) for user in set(user_ids))
    started = _open(session, guild_id, accounts)
    before = _lock(session, guild_id, accounts)
    _enter(session, guild_id, started)
    after = applied(before, started)
    _store(session, guild_id, before, after)
    return {account.owner_id: balance for account, balance in after.items()}


def close(session: Session, guild_id: int, account: Account) -> None:
    """Forget an account that is of no use any more, if it is empty; its entries stay."""
    values = {"guild": guild_id, "kind": account.kind, "owner": account.owner_id}
    session.execute(_CLOSE, values)


def forget_person(session: Session, guild_id: int | None, user_id: int) -> None:
    """Take a person out of the ledger (guild None: of every guild); the coins are burnt, and every sum stays right.

    What others received and paid stays in their history, without this person's id. Twice changes nothing.
    """
    values = {"user": user_id, "guild": guild_id}
    for statement in _FORGET:
        session.execute(text(statement.format(here="" if guild_id is None else " AND guild_id = :guild")), values)


# An erased person is owner 0, whom nobody is: all their movements together come to nothing.
_BURN_ALL = """
INSERT INTO coin_entries (guild_id, key, type, source_kind, source_id, target_kind, target_id, amount)
SELECT guild_id, 'erased:' || gen_random_uuid(), 'erased', 'member', owner_id, 'burn', 0, balance
FROM coin_accounts WHERE kind = 'member' AND owner_id = :user AND balance > 0{here}
"""
# Coins that two erased persons gave each other say nothing any more, and would go from an account to itself.
_BETWEEN_ERASED = """
DELETE FROM coin_entries WHERE (
    (source_kind, source_id, target_kind, target_id) = ('member', :user, 'member', 0)
    OR (source_kind, source_id, target_kind, target_id) = ('member', 0, 'member', :user)
){here}
"""
_UNNAME = """
UPDATE coin_entries SET {side}_id = 0, key = 'erased:' || gen_random_uuid(), reference = ''
WHERE {side}_kind = 'member' AND {side}_id = :user{{here}}
"""
_FORGET = (
    "SELECT FROM coin_accounts WHERE kind = 'member' AND owner_id = :user{here} ORDER BY guild_id FOR UPDATE",
    _BURN_ALL,
    "DELETE FROM coin_accounts WHERE kind = 'member' AND owner_id = :user{here}",
    _BETWEEN_ERASED,
    _UNNAME.format(side="source"),
    _UNNAME.format(side="target"),
    "UPDATE coin_entries SET actor_id = NULL WHERE actor_id = :user{here}",
)


def _rows(accounts: Sequence[Account], balances: dict[Account, int] | None = None) -> str:
    return as_json(
        {"kind": account.kind, "owner_id": account.owner_id, "balance": (balances or {}).get(account)}
        for account in accounts
    )


def _open(session: Session, guild_id: int, accounts: Sequence[Account]) -> list[Move]:
    """Open the accounts that are missing; what their members begin with, still to be posted."""
    opened = session.execute(_OPEN, {"guild": guild_id, "rows": _rows(accounts)}).all()
    users = sorted(row.owner_id for row in opened if row.kind == "member")
    if not users:
        return []
    values = {"guild": guild_id, "users": users}
    if session.execute(_OPTED_OUT, values).first():
        raise Refused(_("Nothing may be recorded of somebody who opted out; /privacy on ends that."))
    start = START.of(choices.load(session, guild_id).options)
    beginners = set(users).difference(session.scalars(_ERASED, values)) if start else set()
    return [Move(MINT, member(user), start, "start", f"start:{user}") for user in sorted(beginners)]


def _lock(session: Session, guild_id: int, accounts: Sequence[Account]) -> dict[Account, int]:
    rows = session.execute(_LOCK, {"guild": guild_id, "rows": _rows(accounts)})
    return {Account(row.kind, row.owner_id): row.balance for row in rows}


def _enter(session: Session, guild_id: int, moves: Sequence[Move]) -> set[str]:
    if not moves:
        return set()
    rows: list[dict[str, Any]] = [
        {
            "key": move.key,
            "type": move.type,
            "source_kind": move.source.kind,
            "source_id": move.source.owner_id,
            "target_kind": move.target.kind,
            "target_id": move.target.owner_id,
            "amount": move.amount,
            "actor_id": move.actor_id,
            "reference": move.reference,
        }
        for move in moves
    ]
    return set(session.scalars(_ENTER, {"guild": guild_id, "rows": as_json(rows)}))


def _store(session: Session, guild_id: int, before: dict[Account, int], after: dict[Account, int]) -> None:
    changed = [account for account in after if after[account] != before[account]]
    if changed:
        session.execute(_STORE, {"guild": guild_id, "rows": _rows(changed, after)})


def transfer(uow: UnitOfWork, command: Command) -> Answer:
    """Give another member coins."""
    amount, giver, taker = checked(command.integer("amount")), command.user_id, command.integer("member")
    if giver == taker:
        raise BadInput(_("You cannot give coins to yourself."))
    require_parties(uow.session, command.guild_id, [giver, taker])
    move = Move(member(giver), member(taker), amount, "transfer", f"transfer:{command.id}", actor_id=giver)
    post(uow.session, command.guild_id, [move])
    left = queries.balances(uow.session, command.guild_id, [giver])[giver]
    text = _("You gave {user} {coins}. You have {left}.").format(
        user=f"<@{taker}>", coins=messages.coins(amount), left=messages.coins(left)
    )
    return Answer(text, data={"balance": left})


def change(uow: UnitOfWork, command: Command, how: Change) -> Answer:
    """Set what a member has, or give or take, as an admin; the log channel is told the value before."""
    guild, user = command.guild_id, command.integer("member")
    require_parties(uow.session, guild, [user])
    before = balances(uow.session, guild, [user])[user]
    left = wanted(how, user, before, command.integer("amount"))
    if left != before:
        source, target = (MINT, member(user)) if left > before else (member(user), BURN)
        key, reference = f"economy:{command.id}", f"{how} from {before}"
        post(
            uow.session, guild, [Move(source, target, abs(left - before), "admin_set", key, command.user_id, reference)]
        )
    values = {"user": f"<@{user}>", "before": before, "after": left}
    posts.tell_admins(
        uow,
        command,
        "economy",
        user,
        lambda: _("🪙 {admin} changed the coins of {user}: {before} before, {after} now.").format(
            admin=f"<@{command.user_id}>", **values
        ),
    )
    return Answer(_("{user} has {after} coins now, and had {before} before.").format(**values), data={"balance": left})


def require_parties(session: Session, guild_id: int, user_ids: Sequence[int]) -> None:
    """Raise BadInput or Refused where coins cannot come from or go to one of these."""
    if guild_id == 0:
        raise Refused(_("Coins belong to a server; use this command there."))
    for party in queries.parties(session, guild_id, user_ids):
        values = {"user": f"<@{party.user_id}>"}
        if party.is_bot:
            raise BadInput(_("{user} is a bot, and bots have no coins.").format(**values))
        if party.has_opted_out:
            raise Refused(_("{user} opted out of being recorded here, so coins cannot move.").format(**values))
        if party.has_left:
            raise BadInput(_("{user} is not in this server any more.").format(**values))
