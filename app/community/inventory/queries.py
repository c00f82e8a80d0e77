"""Reading bags."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.inventory.rules import ITEMS, Item
from app.core.db import engine

_ITEMS = text("SELECT item, quantity FROM inventory_items WHERE guild_id = :guild AND user_id = :user")
_ACTIVE = text("SELECT factor, games_left FROM active_multipliers WHERE guild_id = :guild AND user_id = :user")


@dataclass(frozen=True)
class Bag:
    """What a member has, and the multiplier that counts now (factor 1: none)."""

    items: dict[Item, int]
    factor: int = 1
    games_left: int = 0


def bag(guild_id: int, user_id: int) -> Bag:
    """A member's bag; an empty one where there is nothing."""
    with Session(engine()) as session:
        return bag_in(session, guild_id, user_id)


def bag_in(session: Session, guild_id: int, user_id: int) -> Bag:
    """As `bag`, inside a transaction."""
    values = {"guild": guild_id, "user": user_id}
    found = {row.item: row.quantity for row in session.execute(_ITEMS, values)}
    active = session.execute(_ACTIVE, values).first()
    items = {item: found.get(item, 0) for item in ITEMS}
    return Bag(items, active.factor, active.games_left) if active else Bag(items)
