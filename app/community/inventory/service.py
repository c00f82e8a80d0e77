"""Items come and go here, and nowhere else.

Rows are locked in one order, so that transactions cannot deadlock over them: first active multipliers, then items, then
coins; of several members the one with the lower id first. So a game that is settled calls `multipliers`, then `drop`,
and `economy.service.post` last.
"""

from collections.abc import Sequence
from random import Random
from secrets import SystemRandom
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy import service as economy
from app.community.economy.messages import coins
from app.community.economy.rules import MINT, Move, member
from app.community.inventory import rules
from app.community.inventory.rules import FACTORS, GAMES, NAMES, AlreadyActive, Item, NotThere, checked
from app.core import choices, posts
from app.core.answers import Answer
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import Refused
from app.core.translations import _

_NOTE = text(
    "INSERT INTO inventory_changes (guild_id, key, user_id, item, quantity, actor_id)"
    " VALUES (:guild, :key, :user, :item, :quantity, :actor) ON CONFLICT (guild_id, key) DO NOTHING RETURNING 1"
)
_ADD = text(
    "INSERT INTO inventory_items (guild_id, user_id, item, quantity) VALUES (:guild, :user, :item, :quantity)"
    " ON CONFLICT (guild_id, user_id, item) DO UPDATE SET quantity = inventory_items.quantity + excluded.quantity"
)
# The condition is part of the write, so that two clicks on one item take it once.
_TAKE = text(
    "UPDATE inventory_items SET quantity = quantity - :quantity"
    " WHERE guild_id = :guild AND user_id = :user AND item = :item AND quantity >= :quantity RETURNING quantity"
)
_COUNT = text("SELECT quantity FROM inventory_items WHERE guild_id = :guild AND user_id = :user AND item = :item")
_ACTIVATE = text(
    "INSERT INTO active_multipliers (guild_id, user_id, factor, games_left) VALUES (:guild, :user, :factor, :games)"
    " ON CONFLICT (guild_id, user_id) DO NOTHING RETURNING 1"
)
_LOCK_ACTIVE = text(
    "SELECT user_id, factor FROM active_multipliers WHERE guild_id = :guild AND user_id = ANY(:users)"
    " ORDER BY user_id FOR UPDATE"
)
_END = text("DELETE FROM active_multipliers WHERE guild_id = :guild AND user_id = ANY(:users) AND games_left = 1")
_COUNT_DOWN = text(
    "UPDATE active_multipliers SET games_left = games_left - 1 WHERE guild_id = :guild AND user_id = ANY(:users)"
)
_OPTED_OUT = text("SELECT 1 FROM opt_outs WHERE guild_id = :guild AND user_id = :user")


def give(
    session: Session, guild_id: int, user_id: int, item: Item, quantity: int, *, key: str, actor_id: int | None = None
) -> bool:
    """Put so many of an item into a member's bag, once for each key of the guild; whether it was done now.

    Raises Refused where the member opted out.
    """
    values = {"guild": guild_id, "user": user_id, "item": item, "quantity": checked(quantity)}
    if session.execute(_OPTED_OUT, values).first():
        raise Refused(_("Nothing may be recorded of somebody who opted out; /privacy on ends that."))
    if not session.execute(_NOTE, {**values, "key": key, "actor": actor_id}).first():
        return False
    session.execute(_ADD, values)
    return True


def take(
    session: Session, guild_id: int, user_id: int, item: Item, quantity: int, *, key: str, actor_id: int | None = None
) -> bool:
    """Take so many of an item out of a member's bag, once for each key of the guild; whether it was done now.

    Raises NotThere (and then nothing of the transaction may be committed) where there are fewer.
    """
    values = {"guild": guild_id, "user": user_id, "item": item, "quantity": checked(quantity)}
    noted = {**values, "quantity": -quantity, "key": key, "actor": actor_id}
    if not session.execute(_NOTE, noted).first():
        return False
    if not session.execute(_TAKE, values).first():
        there = session.execute(_COUNT, values).scalar() or 0
        raise NotThere(
            _("There are {there} of {item} in the bag, not {quantity}.").format(
                there=there, item=f"**{_(NAMES[item])}**", quantity=quantity
            )
        )
    return True


def activate(session: Session, guild_id: int, user_id: int, item: Item, *, key: str) -> None:
    """Let a multiplier out of a member's bag count for the next games; raises AlreadyActive or NotThere."""
    values = {"guild": guild_id, "user": user_id, "factor": FACTORS[item], "games": GAMES}
    if not session.execute(_ACTIVATE, values).first():
        raise AlreadyActive(_("A multiplier of yours is active already; play its games first."))
    take(session, guild_id, user_id, item, 1, key=key, actor_id=user_id)


def multiplier(session: Session, guild_id: int, user_id: int) -> int:
    """What the game that is settled in this transaction multiplies this member's profit by: 1, 2 or 3.

    Each call uses up one game of the active multiplier, so call it once for each game and member, won or lost.
    """
    return multipliers(session, guild_id, [user_id])[user_id]


def multipliers(session: Session, guild_id: int, user_ids: Sequence[int]) -> dict[int, int]:
    """As `multiplier`, for all members of one game at once."""
    values = {"guild": guild_id, "users": list(user_ids)}
    active = {row.user_id: row.factor for row in session.execute(_LOCK_ACTIVE, values)}
    if active:
        session.execute(_END, values)
        session.execute(_COUNT_DOWN, values)
    return {user: active.get(user, 1) for user in user_ids}


def bonus(session: Session, guild_id: int, profit: int, factor: int) -> int:
    """The coins that a multiplier adds to a profit, as the guild bounds them."""
    return rules.bonus(choices.load(session, guild_id).options, profit, factor)


def drop(session: Session, guild_id: int, user_id: int, chance: Random, *, key: str) -> Item | None:
    """Let the winner of a game find something, by the guild's odds, once for each key; what was found.

    Somebody who opted out finds nothing, since nothing may be recorded of them.
    """
    found = rules.drop(choices.load(session, guild_id).options, chance)
    if found is None or session.execute(_OPTED_OUT, {"guild": guild_id, "user": user_id}).first():
        return None
    return found if give(session, guild_id, user_id, found, 1, key=f"drop:{user_id}:{key}") else None


def forget_person(session: Session, guild_id: int | None, user_id: int) -> None:
    """Take a person's items away (guild None: in every guild). Twice changes nothing.

    This comes before the coins, as everywhere.
    """
    here = "" if guild_id is None else " AND guild_id = :guild"
    for statement in _FORGET:
        session.execute(text(statement + here), {"user": user_id, "guild": guild_id})


_FORGET = (
    "DELETE FROM active_multipliers WHERE user_id = :user",
    "DELETE FROM inventory_items WHERE user_id = :user",
    "DELETE FROM inventory_changes WHERE user_id = :user",
    "UPDATE inventory_changes SET actor_id = NULL WHERE actor_id = :user",
)


def use(uow: UnitOfWork, command: Command) -> Answer:
    """Open a treasure of one's own, or let a multiplier count; the item goes in the same transaction."""
    item = rules.item_of(command.text("item"))
    if item != "jackpot":
        activate(uow.session, command.guild_id, command.user_id, item, key=f"use:{command.id}")
        text = _("{item} counts for your next {games} games, won or lost.")
        return Answer(text.format(item=f"**{_(NAMES[item])}**", games=GAMES))
    take(uow.session, command.guild_id, command.user_id, item, 1, key=f"use:{command.id}", actor_id=command.user_id)
    amount = rules.treasure(choices.load(uow.session, command.guild_id).options, SystemRandom())
    move = Move(MINT, member(command.user_id), amount, "jackpot_reward", f"treasure:{command.id}")
    economy.post(uow.session, command.guild_id, [move])
    return Answer(_("There were {coins} in the treasure!").format(coins=coins(amount)), data={"amount": amount})


def change(uow: UnitOfWork, command: Command, how: Literal["give", "take"]) -> Answer:
    """Give or take items as an admin; the log channel is told the number before."""
    guild, user, item = command.guild_id, command.integer("member"), rules.item_of(command.text("item"))
    quantity = checked(command.integer("quantity"))
    economy.require_parties(uow.session, guild, [user])
    work = give if how == "give" else take
    work(uow.session, guild, user, item, quantity, key=f"inventory:{command.id}", actor_id=command.user_id)
    there = uow.session.execute(_COUNT, {"guild": guild, "user": user, "item": item}).scalar_one()
    before = there - quantity if how == "give" else there + quantity
    values = {"user": f"<@{user}>", "before": before, "after": there}
    posts.tell_admins(
        uow,
        command,
        "inventory",
        user,
        lambda: _("🎒 {admin} changed {item} of {user}: {before} before, {after} now.").format(
            admin=f"<@{command.user_id}>", item=_(NAMES[item]), **values
        ),
    )
    text = _("{user} has {after} of {item} now, and had {before} before.")
    return Answer(text.format(item=f"**{_(NAMES[item])}**", **values))
