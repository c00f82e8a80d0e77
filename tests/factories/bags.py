"""Bags for tests, and whether their changes come out."""

from app.community.inventory import service
from app.community.inventory.rules import Item
from app.core.db import unit_of_work
from tests.factories.hall import rows


def put(guild: int, user: int, item: Item, quantity: int = 1, key: str | None = None) -> None:
    """Items from nowhere, once for each key."""
    with unit_of_work() as uow:
        service.give(uow.session, guild, user, item, quantity, key=key or f"test:{user}:{item}:{quantity}")
        uow.commit()


def bags_come_out() -> bool:
    """Whether every quantity is the sum of its changes."""
    wrong = rows(
        "SELECT 1 FROM (SELECT guild_id, user_id, item, sum(quantity) AS total FROM inventory_changes"
        " GROUP BY guild_id, user_id, item) c FULL JOIN inventory_items i USING (guild_id, user_id, item)"
        " WHERE coalesce(c.total, 0) <> coalesce(i.quantity, 0)"
    )
    return wrong == []
