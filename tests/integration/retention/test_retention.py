"""Deleting what is too old."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from sqlalchemy import text

from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.upkeep.jobs.queries import last_runs
from app.upkeep.retention import policies, service
from tests.factories.knowledge import GUILD, OTHER_GUILD, rows

NOW = datetime(2026, 9, 16, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)
VECTOR = "[" + ",".join(["0.05"] * 384) + "]"


def run_sql(statement, **values):
    with unit_of_work() as uow:
        uow.session.execute(text(statement), values)
        uow.commit()


def partitions_from(first, last):
    run_sql("SELECT ensure_partitions(:first, :last)", first=first.date(), last=last.date())


def write_at(age, *, guild=GUILD, content="hello", indexed=True):
    """A message of that age with a revision and, if indexed, its index rows."""
    message_id = snowflake_at(NOW - age) + len(rows("SELECT id FROM messages"))
    values = {"id": message_id, "guild": guild, "content": content, "vector": VECTOR, "at": NOW - age}
    run_sql(
        "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq) VALUES (:id, :guild, 1, 2, :content, 1)",
        **values,
    )
    run_sql("INSERT INTO message_revisions VALUES (:id, :at, :guild, 'before', 1)", **values)
    if indexed:
        run_sql("INSERT INTO message_terms VALUES (:id, :guild, 1, 2, 'english', to_tsvector(:content))", **values)
        run_sql(
            "INSERT INTO message_vectors VALUES (:id, 'm', :guild, 1, 2, 384, '\\x00', CAST(:vector AS halfvec))",
            **values,
        )
    return message_id


def keep_for(guild, days):
    run_sql("INSERT INTO guild_settings (guild_id, retention_days) VALUES (:guild, :days)", guild=guild, days=days)


def texts():
    return dict(rows("SELECT id, content FROM messages"))


@pytest.fixture
def storage(database):
    partitions_from(NOW - 420 * DAY, NOW)


def test_texts_go_after_ninety_days_with_everything_made_of_them(storage):
    old, young = write_at(90 * DAY + timedelta(hours=1)), write_at(89 * DAY)
    counts = service.run(NOW)
    assert texts() == {old: None, young: "hello"}
    assert rows("SELECT message_id FROM message_revisions") == [(young,)]
    assert rows("SELECT message_id FROM message_terms") == rows("SELECT message_id FROM message_vectors") == [(young,)]
    assert (counts["messages blanked"], counts["message_revisions"]) == (1, 1)


def test_a_guild_may_keep_its_texts_shorter_or_longer(storage):
    keep_for(GUILD, 10)
    keep_for(OTHER_GUILD, 400)
    gone, kept = write_at(11 * DAY), write_at(9 * DAY)
    long, too_long = write_at(399 * DAY, guild=OTHER_GUILD), write_at(401 * DAY, guild=OTHER_GUILD)
    default = write_at(91 * DAY, guild=9_000)
    service.run(NOW)
    found = texts()
    assert (found[gone], found[kept], found[long], found[default]) == (None, "hello", "hello", None)
    assert found.get(too_long) is None
    indexed = sorted(message for (message,) in rows("SELECT message_id FROM message_terms"))
    assert indexed == sorted([kept, long])


def test_whole_weeks_beyond_the_age_are_dropped(storage):
    gone = write_at(120 * DAY)
    reaction = "INSERT INTO reactions (message_id, user_id, emoji, guild_id, channel_id, reacted_at, seq) VALUES (:id, 1, 'x', 7, 1, now(), 1)"
    run_sql(reaction, id=gone)
    counts = service.run(NOW)
    assert texts() == {}
    assert rows("SELECT count(*) FROM reactions") == [(0,)]
    assert rows("SELECT count(*) FROM message_terms") == rows("SELECT count(*) FROM message_vectors") == [(0,)]
    assert (
        counts["messages partitions"] == counts["reactions partitions"] == counts["message_revisions partitions"] > 40
    )
    (oldest,) = rows("SELECT min(relname::text) FROM pg_class WHERE relname LIKE 'messages_p%' AND relkind = 'r'")[0]
    monday = datetime.strptime(oldest, "messages_p%Y%m%d").replace(tzinfo=UTC)
    assert monday <= NOW - 90 * DAY < monday + 7 * DAY


def test_no_week_is_dropped_while_a_guild_keeps_its_texts_that_long(storage):
    keep_for(OTHER_GUILD, 400)
    counted = write_at(120 * DAY, content=None, indexed=False)
    service.run(NOW)
    assert counted in texts()


def test_doing_it_again_finds_nothing(storage):
    for age in (1, 50, 91, 95, 200):
        write_at(age * DAY)
    assert service.run(NOW)
    assert service.run(NOW) == {}


def test_more_than_a_chunk_is_deleted_to_the_last_row(storage, monkeypatch):
    monkeypatch.setattr(service, "CHUNK", 7)
    run_sql("INSERT INTO ingest_batches SELECT 'old' || n, 1, :at FROM generate_series(1, 50) n", at=NOW - 31 * DAY)
    run_sql("INSERT INTO ingest_batches SELECT 'new' || n, 1, :at FROM generate_series(1, 9) n", at=NOW - 29 * DAY)
    for n in range(16):
        write_at(91 * DAY + timedelta(minutes=n))
    counts = service.run(NOW)
    assert (counts["ingest_batches"], counts["messages blanked"]) == (50, 16)
    assert rows("SELECT count(*) FROM ingest_batches") == [(9,)]


def test_a_partition_in_use_stays_and_goes_with_the_next_run(storage, database, monkeypatch):
    monkeypatch.setattr(service, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(service, "_LOCK_TIMEOUT", "20ms")
    write_at(120 * DAY)
    reader = psycopg2.connect(database)
    with reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM messages")
        assert service.drop_partitions("messages", snowflake_at(NOW - 90 * DAY)) == 0
        assert len(texts()) == 1
    reader.close()
    assert service.drop_partitions("messages", snowflake_at(NOW - 90 * DAY)) > 0
    assert texts() == {}


def test_a_partition_is_dropped_as_soon_as_its_reader_is_done(storage, database):
    reader = psycopg2.connect(database)
    reader.cursor().execute("SELECT count(*) FROM messages")
    done = []
    dropping = threading.Thread(target=lambda: done.append(service._dropped("messages_p20250728")))
    dropping.start()
    dropping.join(0.7)
    assert dropping.is_alive()
    reader.close()
    dropping.join(10)
    assert done == [True]


OLD_ROWS = {
    "voice_sessions": (
        "INSERT INTO voice_sessions (guild_id, user_id, seq, channel_id, started_at, ended_at) VALUES (7, 1, :n, 5, :at, :at)",
        90,
    ),
    "daily_activity": ("INSERT INTO daily_activity (guild_id, user_id, day) VALUES (7, :n, CAST(:at AS date))", 401),
    "event_outcomes": (
        "INSERT INTO event_outcomes (guild_id, day, outcome, events) VALUES (:n, CAST(:at AS date), 'expired', 1)",
        401,
    ),
    "invites": ("INSERT INTO invites (guild_id, code, deleted_at) VALUES (7, CAST(:n AS text), :at)", 90),
    "ingest_batches": ("INSERT INTO ingest_batches VALUES (CAST(:n AS text), 1, :at)", 30),
    "dead_letters": (
        "INSERT INTO dead_letters (queue, entry_id, reason, payload, created_at) VALUES ('ingest', CAST(:n AS text), 'x', '', :at)",
        30,
    ),
    "outcomes": ("INSERT INTO outcomes VALUES (:n, 7, 1, 'c', 'done', '{}', :at)", 7),
    "outbound_posts": (
        (
            "INSERT INTO outbound_posts (guild_id, channel_id, nonce, kind, dedupe_key, body, created_at, expires_at, sent_at)"
            " VALUES (7, 1, CAST(:n AS text), 'k', CAST(:n AS text), '{}', :at, :at, :at)"
        ),
        30,
    ),
    "job_runs": (
        "INSERT INTO job_runs (name, slot, started_at, outcome, attempts, counts) VALUES (CAST(:n AS text), :at, :at, 'done', 1, '{}')",
        3,
    ),
    "reaction_clears": ("INSERT INTO reaction_clears VALUES (snowflake_at(:at), CAST(:n AS text), 7, :at, 1)", 90),
    "message_terms": ("INSERT INTO message_terms VALUES (snowflake_at(:at) + :n, 7, 1, 2, 'simple', '')", 90),
    "message_vectors": (
        "INSERT INTO message_vectors VALUES (snowflake_at(:at) + :n, 'm', 7, 1, 2, 1, '', '[1]')",
        90,
    ),
    "reaction_xp": (
        "INSERT INTO reaction_xp (message_id, user_id, guild_id, author_id) VALUES (snowflake_at(:at), :n, 7, 2)",
        90,
    ),
    "level_role_changes": (
        (
            "INSERT INTO level_role_changes (guild_id, user_id, role_id, is_wanted, failed_at)"
            " VALUES (7, :n, 5, true, :at)"
        ),
        90,
    ),
    "xp_changes": (
        (
            "INSERT INTO xp_changes (guild_id, user_id, action, key, before, after, created_at)"
            " VALUES (7, 1, 'add', CAST(:n AS text), 0, 1, :at)"
        ),
        400,
    ),
    "lottery_draws": (
        "INSERT INTO lottery_draws (guild_id, day, seed, drawn_at) VALUES (:n, CAST(:at AS date), decode(repeat('00', 32), 'hex'), :at)",
        90,
    ),
    "lottery_purchases": (
        "INSERT INTO lottery_purchases (guild_id, draw_id, first_ticket, last_ticket, user_id, bought_at) VALUES (7, :n, 1, 1, 1, :at)",
        100,
    ),
    "gifts": ("INSERT INTO gifts (guild_id, user_id, given_at) VALUES (7, :n, :at)", 2),
    "giveaways": (
        (
            "INSERT INTO giveaways (id, guild_id, channel_id, title, prize_kind, prize, winners, language, seed, status, ends_at,"
            " ended_at) VALUES (:n, 7, 5, 't', 'other', 'p', 1, 'en', '', 'ended', :at, :at)"
        ),
        90,
    ),
    "giveaway_entries": (
        "INSERT INTO giveaway_entries (guild_id, giveaway_id, user_id, joined_at) VALUES (7, 1, :n, :at)",
        125,
    ),
    "games": (
        (
            "INSERT INTO games (guild_id, channel_id, kind, status, stake, language, ended_at)"
            " VALUES (7, :n, 'slots', 'settled', 5, 'en', :at)"
        ),
        30,
    ),
    "game_players": (
        (
            "INSERT INTO game_players (game_id, seat, guild_id, user_id, stake, is_active, joined_at)"
            " VALUES (:n, 0, 7, 1, 5, false, :at)"
        ),
        30,
    ),
    "game_limits": ("INSERT INTO game_limits (guild_id, user_id, changed_at) VALUES (7, :n, :at)", 400),
    "embedding_failures": (
        "INSERT INTO embedding_failures VALUES ('messages', :n, 7, 'm', 6, 'refused', CAST(:at AS timestamptz))",
        90,
    ),
    "embedding_claims": ("INSERT INTO embedding_claims VALUES (snowflake_at(:at) + :n, 7, now(), 1)", 90),
}


def test_every_policy_of_rows_is_tried():
    assert set(OLD_ROWS) == {policy.table for policy in policies.POLICIES if policy.how == "delete"}


@pytest.mark.parametrize("table", OLD_ROWS)
def test_rows_go_at_the_age_of_their_policy_and_not_before(database, table):
    insert, days = OLD_ROWS[table]
    moment = now()
    run_sql(insert, n=1, at=moment - days * DAY - timedelta(minutes=1))
    run_sql(insert, n=2, at=moment - (days - 1) * DAY + timedelta(minutes=1))
    assert service.run(moment)[table] == 1
    assert rows(f"SELECT count(*) FROM {table}") == [(1,)]


def test_a_member_still_in_voice_keeps_the_session(database):
    run_sql(
        "INSERT INTO voice_sessions (guild_id, user_id, seq, channel_id, started_at) VALUES (7, 1, 1, 5, now() - interval '1 year')"
    )
    service.run()
    assert rows("SELECT count(*) FROM voice_sessions") == [(1,)]


def test_a_post_that_still_waits_is_kept(database):
    run_sql(
        "INSERT INTO outbound_posts (guild_id, channel_id, nonce, kind, dedupe_key, body, created_at, expires_at)"
        " VALUES (7, 1, 'a', 'k', 'a', '{}', now() - interval '1 year', now() + interval '1 day')"
    )
    service.run()
    assert rows("SELECT count(*) FROM outbound_posts") == [(1,)]


def test_the_job_says_what_it_did_and_runs_once_an_hour(storage, monkeypatch):
    from tasks.retention import run

    run_sql("INSERT INTO ingest_batches VALUES ('old', 1, now() - interval '1 year')")
    run()
    run()
    with unit_of_work() as uow:
        (last,) = last_runs(uow.session)
    assert (last.name, last.outcome, last.attempts) == ("retention.run", "done", 1)
    assert last.counts["ingest_batches"] == 1
