"""Purses for tests, and a look at what is in them."""

from app.community.economy import service
from app.community.economy.rules import MINT, Account, Move, member
from app.core.db import unit_of_work
from tests.factories.hall import rows


def give(guild: int, user: int, amount: int, key: str | None = None) -> None:
    """Coins from nowhere, once for each key."""
    move = Move(MINT, member(user), amount, "admin_set", key or f"test-gift:{user}:{amount}")
    with unit_of_work() as uow:
        service.post(uow.session, guild, [move])
        uow.commit()


def balance_of(guild: int, account: Account) -> int | None:
    found = rows(
        "SELECT balance FROM coin_accounts WHERE guild_id = %s AND kind = %s AND owner_id = %s",
        guild,
        account.kind,
        account.owner_id,
    )
    return found[0][0] if found else None


def entries(guild: int) -> list[tuple[str, int]]:
    """Type and amount of every entry, oldest first."""
    return rows("SELECT type, amount FROM coin_entries WHERE guild_id = %s ORDER BY id", guild)
