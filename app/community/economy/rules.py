"""What may be done with coins: accounts, movements and their bounds. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.errors import BadInput, Refused
from app.core.options import Number
from app.core.translations import _, marked

Kind = Literal["member", "game", "lottery", "giveaway", "mint", "burn"]
# What an admin may do to a purse.
Change = Literal["set", "give", "take"]
# These have no balance: coins come out of one without end, and are gone in the other.
_HOUSE = frozenset({"mint", "burn"})
# So much in one movement; sums of it stay far from the end of a BIGINT.
MOST = 10**12

START = Number("start-coins", marked("Coins that a member begins with"), default=25, low=0, high=1_000_000)
OPTIONS = (START,)


@dataclass(frozen=True, order=True)
class Account:
    """Where coins lie: a member's purse, the stakes of a game, the lottery's jackpot, a giveaway's prize."""

    kind: Kind
    owner_id: int = 0

    @property
    def has_balance(self) -> bool:
        """Whether there is a row for it."""
        return self.kind not in _HOUSE


MINT, BURN, LOTTERY = Account("mint"), Account("burn"), Account("lottery")


def member(user_id: int) -> Account:
    """A member's purse."""
    return Account("member", user_id)


@dataclass(frozen=True)
class Move:
    """Coins to go from one account to another, once for each `key` of the guild."""

    source: Account
    target: Account
    amount: int
    type: str
    key: str
    actor_id: int | None = None
    reference: str = ""


class NotEnough(Refused):
    """You do not have that many coins."""

    def __init__(self, account: Account, balance: int, amount: int) -> None:
        self.account, self.balance, self.amount = account, balance, amount
        super().__init__(
            _("That takes {amount} coins, and there are {balance}.").format(amount=amount, balance=balance)
        )


def wanted(how: Change, user_id: int, balance: int, amount: int) -> int:
    """What a member has after an admin's change; raises BadInput or NotEnough."""
    checked(amount, low=0 if how == "set" else 1)
    if how == "set":
        return amount
    if how == "give":
        return balance + amount
    if amount > balance:
        raise NotEnough(member(user_id), balance, amount)
    return balance - amount


def checked(amount: int, *, low: int = 1, high: int = MOST) -> int:
    """The amount, which must lie between the bounds; raises BadInput naming them."""
    if not low <= amount <= high:
        raise BadInput(
            _("{amount} coins is no usable amount. Allowed: {low} to {high}.").format(
                amount=amount if abs(amount) <= MOST else _("That many"), low=low, high=high
            )
        )
    return amount


def touched(moves: Iterable[Move]) -> list[Account]:
    """The accounts with a balance that these moves touch, in the order in which they are locked."""
    return sorted({account for move in moves for account in (move.source, move.target) if account.has_balance})


def applied(balances: Mapping[Account, int], moves: Sequence[Move]) -> dict[Account, int]:
    """The balances after these moves, one after the other; raises NotEnough where one would fall below zero."""
    after = dict(balances)
    for move in moves:
        if move.source.has_balance:
            if after[move.source] < move.amount:
                raise NotEnough(move.source, after[move.source], move.amount)
            after[move.source] -= move.amount
        if move.target.has_balance:
            after[move.target] += move.amount
    return after
