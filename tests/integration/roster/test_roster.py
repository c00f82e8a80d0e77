"""What the gateway never told is found by reading the lists, and what it told meanwhile is not undone."""

import asyncio
from datetime import timedelta

import beat_schedule
from app.activity.guilds.queries import role_names
from app.activity.members.queries import person
from app.activity.roster import cog
from app.activity.roster.cog import _is_for_us
from tasks.roster import refresh
from tests.factories.caches import wait_until
from tests.factories.hall import rows
from tests.factories.hall_fixtures import bot, hall, workers

__all__ = ["bot", "hall", "workers"]


async def until(statement, expected, *values):
    await asyncio.to_thread(wait_until, lambda: rows(statement, *values) == expected, f"{statement}: {expected}")


async def test_what_was_never_told_is_found_and_stored(hall, workers, bot, monkeypatch):
    # Several pages, of which none may be left out: whoever stands on no page counts as gone.
    monkeypatch.setattr(cog, "_PAGE", 2)
    workers.start("commands,ingest,outbound,maintenance")
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    nick = "SELECT nick FROM members WHERE guild_id = %s AND user_id = %s"
    await until("SELECT count(*) FROM members WHERE guild_id = %s AND user_id = %s", [(1,)], guild, user)
    role = next(iter(hall.local.guild().roles.values()))
    await until("SELECT name FROM roles WHERE id = %s", [(role.name,)], role.id)
    stranger = 77
    rows("INSERT INTO members (guild_id, user_id) VALUES (%s, %s)", guild, stranger)
    rows("INSERT INTO roles (id, guild_id, name) VALUES (4444, %s, 'ghosts')", guild)
    rows("UPDATE members SET nick = 'stale', seq = 1 WHERE guild_id = %s AND user_id = %s", guild, user)
    rows("UPDATE roles SET name = 'stale', seq = 1 WHERE id = %s", role.id)
    assert (await asyncio.to_thread(person, guild, user)).nick == "stale"
    assert "stale" in (await asyncio.to_thread(role_names, guild)).values()
    await asyncio.to_thread(refresh)
    await until(nick, [(None,)], guild, user)
    await until("SELECT name FROM roles WHERE id = %s", [(role.name,)], role.id)
    await until("SELECT left_at IS NOT NULL FROM members WHERE user_id = %s", [(True,)], stranger)
    await until("SELECT deleted_at IS NOT NULL FROM roles WHERE id = 4444", [(True,)])
    await asyncio.to_thread(wait_until, lambda: person(guild, user).nick is None, "a new nickname")
    await asyncio.to_thread(wait_until, lambda: "stale" not in role_names(guild).values(), "a new name of the role")

    people = sum(not hall.local.box.world.users[member].bot for member in hall.local.guild().members)
    assert people > 2 * cog._PAGE
    await until("SELECT count(*) FROM members WHERE guild_id = %s AND left_at IS NULL", [(people,)], guild)


def test_it_is_done_twice_a_day():
    entry = beat_schedule.SCHEDULE["roster.refresh"]
    assert (entry["task"], entry["schedule"]) == ("roster.refresh", timedelta(hours=12))


def test_only_its_own_message_starts_it():
    assert _is_for_us(b'{"ns": "roster", "guild": "0"}')
    for other in (b'{"ns": "settings", "guild": "0"}', b"{}", b"[]", b"\xff", b"1"):
        assert not _is_for_us(other)
