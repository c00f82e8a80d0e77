"""Coins of games: stakes go into the game's own account, and out of it once.

Everything of one transaction is posted together and last, after multipliers and items, because that is the order in
which all features lock their rows.
"""

from collections.abc import Sequence
from random import Random

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy import service as economy
from app.community.economy.rules import BURN, MINT, Account, Move, member
from app.community.games.kinds.base import End, Result
from app.community.games.messages import Outcome, Reason
from app.community.games.rows import Game
from app.community.inventory import service as inventory
from app.community.inventory.rules import Item
from app.community.leveling import service as leveling
from app.community.leveling.rules import GAME_LOST, GAME_WON
from app.core.db import UnitOfWork

_XP: dict[Result, int] = {"win": GAME_WON, "loss": GAME_LOST, "push": 0}
_RESULT = text(
    "INSERT INTO game_results (guild_id, game_id, user_id, kind, opponent_id, stake, payout, result, ended_at)"
    " VALUES (:guild, :game, :user, :kind, :opponent, :stake, :payout, :result, :at) ON CONFLICT DO NOTHING"
)


def bets(game: Game, seats: Sequence[int] | None = None) -> list[Move]:
    """The moves that take the stakes of these seats (all when left out)."""
    chosen = range(len(game.seats)) if seats is None else seats
    return [
        _move(game, member(game.seats[seat].user_id), _account(game), game.seats[seat].stake, kind="bet", seat=seat)
        for seat in chosen
        if game.seats[seat].stake
    ]


def settle(uow: UnitOfWork, game: Game, end: End, chance: Random, staked: Sequence[Move] = ()) -> None:
    """Pay what the rules decided, with multipliers, items, experience and results; the game is over.

    `staked` are bets that this same transaction makes.
    """
    session, table = uow.session, game.table
    if end.is_void:
        void(session, game, "", staked)
        return
    factors = inventory.multipliers(session, game.guild_id, table.players) if game.kind.uses_multiplier else {}
    bonuses = tuple(
        inventory.bonus(session, game.guild_id, payout - stake, factors.get(user, 1))
        for user, stake, payout in zip(table.players, table.stakes, end.payouts, strict=True)
    )
    found = tuple(_found(uow, game, seat, end, chance) for seat in range(len(table.players)))
    game.outcome = Outcome(payouts=end.payouts, bonuses=bonuses, found=found)
    moves = [*staked, *_payments(game, end.payouts, bonuses)]
    if moves:
        economy.post(session, game.guild_id, moves)
    _close(session, game, "settled")
    _note_results(uow, game, end)


def void(session: Session, game: Game, reason: Reason, staked: Sequence[Move] = ()) -> None:
    """Give every stake back that was taken; the game is over, and nothing is noted of it."""
    game.outcome = Outcome(reason=reason)
    if game.status == "playing" or game.kind.seats == "open":
        moves = [
            _move(game, _account(game), member(seat.user_id), seat.stake, kind="refund", seat=number)
            for number, seat in enumerate(game.seats)
            if seat.stake
        ]
        if moves:
            economy.post(session, game.guild_id, [*staked, *moves])
    _close(session, game, "void")


def _close(session: Session, game: Game, status: str) -> None:
    game.status, game.deadline = status, None
    economy.close(session, game.guild_id, _account(game))


def _found(uow: UnitOfWork, game: Game, seat: int, end: End, chance: Random) -> Item | None:
    """What a winner against the house finds. Two who play each other could win by turns for nothing else."""
    if game.kind.seats != "house" or end.results[seat] != "win":
        return None
    user = game.seats[seat].user_id
    return inventory.drop(uow.session, game.guild_id, user, chance, key=f"game:{game.id}")


def _payments(game: Game, payouts: Sequence[int], bonuses: Sequence[int]) -> list[Move]:
    """What the house adds or keeps, then what each seat gets, so that nothing is left in the game's account."""
    account, pot = _account(game), game.table.pot
    difference = sum(payouts) - pot
    moves = []
    if difference > 0:
        moves.append(Move(MINT, account, difference, "payout", f"game:{game.id}:house", None, game.kind.name))
    elif difference < 0:
        moves.append(Move(account, BURN, -difference, "bet", f"game:{game.id}:house", None, game.kind.name))
    for number, seat in enumerate(game.seats):
        if payouts[number]:
            moves.append(_move(game, account, member(seat.user_id), payouts[number], kind="payout", seat=number))
        if bonuses[number]:
            moves.append(_move(game, MINT, member(seat.user_id), bonuses[number], kind="bonus", seat=number))
    return moves


def _move(game: Game, source: Account, target: Account, amount: int, *, kind: str, seat: int) -> Move:
    """A move under a key that names no person."""
    actor = game.seats[seat].user_id if kind == "bet" else None
    return Move(source, target, amount, kind, f"game:{game.id}:{kind}:{seat}", actor, game.kind.name)


def _account(game: Game) -> Account:
    return Account("game", game.id)


def _note_results(uow: UnitOfWork, game: Game, end: End) -> None:
    users = game.table.players
    is_duel = game.kind.seats == "duel"
    for number, seat in enumerate(game.seats):
        values = {
            "guild": game.guild_id,
            "game": game.id,
            "user": seat.user_id,
            "kind": game.kind.name,
            "opponent": users[1 - number] if is_duel else None,
            "stake": seat.stake,
            "payout": end.payouts[number] + game.outcome.bonuses[number],
            "result": end.results[number],
            "at": game.now,
        }
        uow.session.execute(_RESULT, values)
    if game.kind.brings_xp:
        xp = {user: _XP[result] for user, result in zip(users, end.results, strict=True)}
        leveling.grant(uow, game.guild_id, xp, channel_id=game.channel_id)
