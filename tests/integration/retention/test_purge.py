"""Forgetting a guild that the bot has left."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import CheckConstraint, text

from app.core.clock import now
from app.core.db import unit_of_work
from app.upkeep.retention import policies, purge, service
from tests.factories.knowledge import GUILD, OTHER_GUILD, rows

VALUES = {
    "bigint": "{n}",
    "integer": "1",
    "smallint": "1",
    "text": "'w{n}'",
    "boolean": "false",
    "timestamp with time zone": "now()",
    "date": "current_date",
    "bytea": "''",
    "jsonb": "'{{}}'",
    "tsvector": "''",
    "halfvec": "'[1]'",
    "ARRAY": "'{{}}'",
}
# Where the tables check what they hold, besides one of a few words.
FITTING = {
    ("messages", "deleted_at"): "NULL",
    ("guild_settings", "content_mode"): "'store'",
    ("guild_settings", "locale"): "'en'",
    ("guild_settings", "prefix"): "'!'",
    ("guild_settings", "retention_days"): "90",
    ("outbound_posts", "user_id"): "NULL",
    ("coin_entries", "source_kind"): "'mint'",
    ("invite_arrivals", "inviter_id"): "NULL",
    ("lottery_draws", "seed"): "decode(repeat('00', 32), 'hex')",
}
ONE_OF = re.compile(r"^\(?(\w+) IN \((?P<first>[^,)]+)")


def fitting(table, column):
    """A value that the table's checks let through; None where any will do."""
    words = {
        found[1]: found["first"]
        for check in table.constraints
        if isinstance(check, CheckConstraint) and (found := ONE_OF.match(str(check.sqltext)))
    }
    return FITTING.get((table.name, column)) or words.get(column)


COLUMNS = """
SELECT column_name, data_type, udt_name, identity_generation FROM information_schema.columns
WHERE table_name = :table ORDER BY ordinal_position
"""


def fill(guild_id, count=3):
    """Rows of this guild in every table that knows guilds, of whatever columns they have."""
    for table in [*policies.of_guilds(), *(policies.tables()[name] for name in policies.KEPT_AT_PURGE)]:
        columns = [row for row in rows(COLUMNS, table=table.name) if row[3] is None]
        for n in range(count):
            number = (int(now().timestamp() * 1000) - 1_420_070_400_000 << 22) + guild_id * 10 + n
            values = []
            for name, kind, own, _ in columns:
                form = fitting(table, name) or VALUES[own if kind == "USER-DEFINED" else kind]
                values.append(str(guild_id) if name == "guild_id" else form.format(n=number))
            names = ", ".join(column[0] for column in columns)
            with unit_of_work() as uow:
                uow.session.execute(
                    text(f"INSERT INTO {table.name} ({names}) VALUES ({', '.join(values)}) ON CONFLICT DO NOTHING")
                )
                uow.commit()


def has_left(guild_id, ago):
    with unit_of_work() as uow:
        uow.session.execute(
            text("INSERT INTO guilds (id, left_at) VALUES (:id, :at) ON CONFLICT (id) DO UPDATE SET left_at = :at"),
            {"id": guild_id, "at": now() - ago if ago else None},
        )
        uow.commit()


def left_behind(guild_id):
    counted = {}
    for table in policies.tables().values():
        if "guild_id" in table.columns:
            ((count,),) = rows(f"SELECT count(*) FROM {table.name} WHERE guild_id = :guild", guild=guild_id)
            counted[table.name] = count
    return {name for name, count in counted.items() if count}


@pytest.fixture
def two_guilds(database):
    fill(GUILD)
    fill(OTHER_GUILD)
    has_left(OTHER_GUILD, None)


def everything():
    return {table.name for table in policies.of_guilds()} | set(policies.KEPT_AT_PURGE)


def test_a_guild_left_a_month_ago_is_forgotten_everywhere(two_guilds):
    assert left_behind(GUILD) == everything()
    has_left(GUILD, timedelta(days=30, minutes=1))
    counts = service.run()
    assert counts["guilds purged"] == 1
    assert left_behind(GUILD) == set(policies.KEPT_AT_PURGE)
    assert rows("SELECT id FROM guilds") == [(OTHER_GUILD,)]
    assert left_behind(OTHER_GUILD) == everything()


def test_a_guild_left_yesterday_keeps_everything(two_guilds):
    has_left(GUILD, timedelta(days=29))
    assert "guilds purged" not in service.run()
    assert left_behind(GUILD) == everything()


def test_a_guild_that_invites_the_bot_back_during_the_purge_keeps_the_rest(two_guilds, monkeypatch):
    has_left(GUILD, timedelta(days=31))
    real, seen = purge._repeat, []

    def back_after_two_tables(*arguments):
        seen.append(arguments)
        if len(seen) == 3:
            has_left(GUILD, None)
        return real(*arguments)

    monkeypatch.setattr(purge, "_repeat", back_after_two_tables)
    purge.run(now(), 1000)
    assert len(left_behind(GUILD)) == len(everything()) - 2
    assert (GUILD,) in rows("SELECT id FROM guilds")


def test_direct_messages_are_never_purged(database):
    fill(0)
    has_left(0, timedelta(days=400))
    service.run()
    assert left_behind(0) == everything()


def test_people_whom_no_guild_knows_any_more_are_forgotten_too(database):
    with unit_of_work() as uow:
        uow.session.execute(text("INSERT INTO users (id, name, display_name) VALUES (1, 'a', 'a'), (2, 'b', 'b')"))
        uow.session.execute(
            text(f"INSERT INTO members (guild_id, user_id) VALUES ({GUILD}, 1), ({GUILD}, 2), ({OTHER_GUILD}, 2)")
        )
        uow.commit()
    has_left(GUILD, timedelta(days=31))
    service.run()
    assert rows("SELECT id FROM users") == [(2,)]
