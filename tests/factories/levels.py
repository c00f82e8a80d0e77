"""Levels for tests, and a look at what there is of them."""

from app.community.leveling import service
from app.core.db import unit_of_work
from tests.factories.hall import rows


def grant(guild: int, user: int, xp: int, channel: int | None = None) -> None:
    """Experience from nowhere, settled at once as its task would."""
    with unit_of_work() as uow:
        service.grant(uow, guild, {user: xp}, channel_id=channel)
        uow.session.commit()
    settle(guild, user)


def settle(guild: int, user: int) -> None:
    with unit_of_work() as uow:
        service.settle(uow, guild, user)
        uow.session.commit()


def standing(guild: int, user: int) -> tuple[int, int] | None:
    """Experience and level."""
    found = rows("SELECT xp, level FROM member_levels WHERE guild_id = %s AND user_id = %s", guild, user)
    return found[0] if found else None


def news(guild: int) -> list[str]:
    """What is owed to be told of levels, oldest first."""
    found = rows(
        "SELECT body->>'content' FROM outbound_posts WHERE guild_id = %s AND kind = 'level' ORDER BY id", guild
    )
    return [row[0] for row in found]
