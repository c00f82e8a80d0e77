"""What an answer will need is in the caches before the message comes."""

import asyncio

from app.activity.guilds.queries import CHANNEL_NAMES
from app.activity.members.queries import MEMBERS
from app.core.redis import cache_redis
from app.upkeep.settings.queries import SETTINGS
from tests.factories.caches import wait_until
from tests.factories.hall_fixtures import bot, hall, workers

__all__ = ["bot", "hall", "workers"]


def keys(guild, user):
    return SETTINGS.key(guild), MEMBERS.key(guild, user), CHANNEL_NAMES.key(guild)


async def fetched(guild, user):
    wanted = keys(guild, user)
    await asyncio.to_thread(wait_until, lambda: cache_redis().exists(*wanted) == len(wanted), "fetching ahead")


async def test_somebody_who_types_is_expected(hall, bot):
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    other = next(g.id for g in hall.local.box.world.guilds.values() if g.id != guild)
    assert cache_redis().exists(*keys(guild, user)) == 0
    await hall.local.post("typing", {"channel": str(hall.local.channel()), "user": str(user)})
    await fetched(guild, user)
    assert cache_redis().exists(*keys(other, user)) == 0


async def test_a_thread_that_opens_is_expected(hall, bot):
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    body = {"guild": str(guild), "name": "feast", "parent": str(hall.local.channel()), "type": 11, "user": str(user)}
    await hall.local.post("channels", body)
    await fetched(guild, user)


async def test_nothing_is_fetched_for_who_opted_out(hall, bot):
    guild, user, other = hall.local.guild().id, hall.local.user("beowulf"), hall.local.user("wiglaf")
    bot.policy.block(guild, user)
    for who in (user, other):
        await hall.local.post("typing", {"channel": str(hall.local.channel()), "user": str(who)})
    await fetched(guild, other)
    assert not cache_redis().exists(MEMBERS.key(guild, user))
