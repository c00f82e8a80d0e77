"""Experience from messages and reactions, in the transaction that stores them: from new rows only, in any order."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from app.activity.messages.rules import created_ms
from app.community.leveling import earning, service
from app.community.leveling.rules import drawn
from app.community.leveling.service import Gain
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from tests.conftest import reset_process_state
from tests.factories.hall import rows as stored
from tests.factories.levels import standing

HERE, ADA, BEN, PLACE = 1000, 3000, 3001, 2000
MINUTE = 60_000 << 22


@pytest.fixture
def when():
    """Ids that lie a minute apart, some hours ago."""
    first = snowflake_at(now()) - (6 * 3600_000 << 22)
    return lambda minutes, number=0: first + int(minutes * MINUTE) + number


def sweep() -> None:
    with unit_of_work() as uow:
        earning.count_open(uow)
        uow.session.commit()


def xp(user: int = ADA, guild: int = HERE) -> int:
    return (standing(guild, user) or (0, 1))[0]


def test_a_message_brings_something_and_so_does_the_next_after_a_minute(hand_in, events, when):
    ids = [when(0), when(0.5), when(0.99), when(1), when(1.9), when(2)]
    hand_in.both(*(events.seen(id=one) for one in ids[:3]))
    hand_in.both(*(events.seen(id=one) for one in ids[3:]))
    assert xp() == drawn(ids[0]) + drawn(ids[3]) + drawn(ids[5])


def test_what_is_delivered_again_brings_nothing(hand_in, events, when, rows):
    batch = [events.seen(id=when(0)), events.seen(id=when(1)), events.reacted(when(0), user_id=BEN)]
    name = hand_in.both(*batch)
    before = rows("SELECT * FROM member_levels")
    hand_in.both(*batch, entry_id=name)
    hand_in.both(*batch)
    hand_in.both(*reversed(batch))
    assert rows("SELECT * FROM member_levels") == before
    assert xp() == drawn(when(0)) + drawn(when(1)) + 2


def test_time_moves_forward_only(hand_in, events, when):
    hand_in.both(events.seen(id=when(5)))
    hand_in.both(events.seen(id=when(0)), events.seen(id=when(4)))
    assert xp() == drawn(when(5))
    hand_in.both(events.seen(id=when(6)))
    assert xp() == drawn(when(5)) + drawn(when(6))


def test_every_guild_and_member_has_a_pause_of_their_own(hand_in, events, when):
    hand_in.both(
        events.seen(id=when(0)), events.seen(id=when(0, 1), author_id=BEN), events.seen(id=when(0, 2), guild_id=1001)
    )
    assert (xp(), xp(BEN), xp(ADA, 1001)) == (drawn(when(0)), drawn(when(0, 1)), drawn(when(0, 2)))


def test_direct_messages_bring_nothing(hand_in, events, when, rows):
    hand_in.both(events.seen(id=when(0), guild_id=0), events.reacted(when(0), guild_id=0, user_id=BEN))
    assert rows("SELECT count(*) FROM member_levels") == [(0,)]


def test_edits_and_deletions_bring_nothing(hand_in, events, when):
    hand_in.both(events.seen(id=when(0)))
    hand_in.both(events.edited(when(0), "other"), events.deleted(when(0)))
    assert xp() == drawn(when(0))


def react(events, message, *users, **values):
    return [events.reacted(message, user_id=user, **values) for user in users]


def test_a_reaction_brings_two_to_the_author_once_for_each_reactor(hand_in, events, when):
    hand_in.both(events.seen(id=when(0)))
    hand_in.both(*react(events, when(0), 11, 12), *react(events, when(0), 11, emoji="🎉"))
    assert xp() - drawn(when(0)) == 4
    hand_in.both(events.unreacted(when(0), user_id=11), events.reacted(when(0), user_id=11))
    hand_in.both(events.cleared(when(0)))
    hand_in.both(*react(events, when(0), 11, 12))
    assert xp() - drawn(when(0)) == 4


def test_a_message_brings_ten_at_most_by_reactions_in_one_batch_and_in_many(hand_in, events, when):
    hand_in.both(events.seen(id=when(0)), events.seen(id=when(1)))
    hand_in.both(*react(events, when(0), *range(11, 24)))
    for user in range(11, 24):
        hand_in.both(*react(events, when(1), user))
    assert xp() - drawn(when(0)) - drawn(when(1)) == 20


def test_nobody_gains_by_reacting_to_themselves_or_to_a_bot(hand_in, events, when):
    hand_in.both(events.seen(id=when(0)), events.reacted(when(0)), events.reacted(when(9), user_id=BEN))
    sweep()
    assert xp() == drawn(when(0))
    assert standing(HERE, BEN) is None


def test_a_reaction_that_comes_before_its_message_counts_once_the_message_is_there(hand_in, events, when, rows):
    hand_in.both(*react(events, when(0), *range(11, 15)))
    sweep()
    assert rows("SELECT count(*) FROM reaction_xp WHERE author_id IS NULL") == [(4,)]
    hand_in.both(events.seen(id=when(0)))
    hand_in.both(*react(events, when(0), *range(13, 24)))
    sweep()
    sweep()
    assert xp() == drawn(when(0)) + 10
    assert rows("SELECT count(*), sum(xp)::int FROM reaction_xp WHERE author_id = 3000") == [(13, 10)]


def test_a_level_is_owed_with_its_place(hand_in, events, when, execute, sent):
    execute("INSERT INTO member_levels (guild_id, user_id, xp) VALUES (1000, 3000, 98), (1000, 3001, 99)")
    hand_in.both(*(events.seen(id=when(n)) for n in range(2)), events.seen(id=when(0, 1), author_id=BEN))
    assert sorted(task for task in sent if task[0] == "leveling.settle") == [
        ("leveling.settle", (HERE, ADA)),
        ("leveling.settle", (HERE, BEN)),
    ]
    owed = stored("SELECT user_id, level, channel_id, is_silent, paid_at FROM level_rewards ORDER BY 1")
    assert owed == [(ADA, 2, PLACE, False, None), (BEN, 2, PLACE, False, None)]
    assert standing(HERE, ADA)[1] == 2


def test_what_a_backfill_found_is_given_silently(hand_in, events, when, rows, execute):
    execute("INSERT INTO member_levels (guild_id, user_id, xp) VALUES (1000, 3000, 99), (1000, 3001, 99)")
    hand_in.both(events.seen(id=when(0), is_late=True))
    late = events.seen(id=when(0, 7), author_id=BEN, is_late=True)
    execute("UPDATE member_levels SET message_ms = :ms WHERE user_id = 3001", ms=created_ms(when(5)))
    hand_in.both(late, events.reacted(late.id, user_id=11, at=created_ms(late.id)))
    assert rows("SELECT user_id, is_silent FROM level_rewards ORDER BY 1") == [(ADA, True), (BEN, True)]


def test_switched_off_levels_and_the_content_mode_off_bring_nothing(hand_in, events, when, execute, rows):
    execute("""INSERT INTO guild_settings (guild_id, features) VALUES (1000, '{"leveling": false, "search": true}')""")
    execute("INSERT INTO guild_settings (guild_id, content_mode) VALUES (1001, 'off'), (1002, 'counts')")
    for guild in (1000, 1001, 1002):
        hand_in.both(events.seen(id=when(0, guild), guild_id=guild))
    hand_in.both(events.reacted(when(0, 1000), user_id=BEN), events.reacted(when(0, 1002), user_id=BEN, guild_id=1002))
    assert rows("SELECT guild_id, xp FROM member_levels") == [(1002, drawn(when(0, 1002)) + 2)]
    assert rows("SELECT guild_id FROM reaction_xp") == [(1002,)]


def test_whoever_opted_out_neither_gets_nor_is_counted(hand_in, events, when, execute, rows):
    hand_in.both(events.seen(id=when(0)))
    execute("INSERT INTO opt_outs (guild_id, user_id) VALUES (1000, 3000), (1000, 3001)")
    execute("DELETE FROM member_levels")
    hand_in.both(events.seen(id=when(3)), events.reacted(when(0), user_id=11), events.reacted(when(0), user_id=BEN))
    assert rows("SELECT count(*) FROM member_levels") == rows("SELECT count(*) FROM reaction_xp") == [(0,)]


def test_channels_and_roles_multiply(hand_in, events, when, execute):
    execute(
        "INSERT INTO xp_multipliers (guild_id, target_id, kind, percent) VALUES (1000, 2000, 'channel', 200),"
        " (1000, 2001, 'channel', 0), (1000, 50, 'role', 300), (1000, 51, 'role', 150), (1001, 2000, 'channel', 1000)"
    )
    execute("INSERT INTO members (guild_id, user_id, roles) VALUES (1000, 3000, '{50, 51, 52}'), (1000, 3001, '{}')")
    execute("INSERT INTO channels (id, guild_id, kind, parent_id) VALUES (2009, 1000, 11, 2001)")
    hand_in.both(events.seen(id=when(0)), events.seen(id=when(0, 1), author_id=BEN))
    assert (xp(), xp(BEN)) == (6 * drawn(when(0)), 2 * drawn(when(0, 1)))
    hand_in.both(events.seen(id=when(1), channel_id=2001), events.seen(id=when(1, 1), channel_id=2009))
    hand_in.both(events.reacted(when(1), user_id=11, channel_id=2001))
    assert xp() == 6 * drawn(when(0))
    hand_in.both(events.seen(id=when(1, 2), channel_id=2002), events.reacted(when(0), user_id=11))
    assert xp() == 6 * drawn(when(0)) + 3 * drawn(when(1, 2)) + 12


def test_very_short_messages_bring_nothing_where_text_is_kept(hand_in, events, when, execute):
    hand_in.both(events.seen("a", id=when(0)), events.seen("a", id=when(0, 1), author_id=BEN, attachments=1))
    assert (xp(), xp(BEN)) == (0, drawn(when(0, 1)))
    execute("""INSERT INTO guild_settings (guild_id, options) VALUES (1000, '{"xp-shortest": 6}')""")
    hand_in.both(events.seen("hello", id=when(1)))
    assert xp() == 0
    hand_in.both(events.seen("hello!", id=when(2)), events.seen("hello", id=when(2, 1), guild_id=1001))
    assert (xp(), xp(ADA, 1001)) == (drawn(when(2)), drawn(when(2, 1)))


def test_the_same_text_brings_something_three_times_in_a_row(hand_in, events, when):
    for minute in range(5):
        hand_in.both(events.seen("Good evening", id=when(minute)))
    assert xp() == sum(drawn(when(minute)) for minute in range(3))
    hand_in.both(events.seen("Farewell", id=when(5)), events.seen("good evening", id=when(6)))
    assert xp() == sum(drawn(when(minute)) for minute in (0, 1, 2, 5, 6))


def test_a_text_that_was_deleted_meanwhile_is_not_compared_with(hand_in, events, when, execute):
    execute("""INSERT INTO guild_settings (guild_id, options) VALUES (1000, '{"xp-repeats": 1}')""")
    hand_in.both(events.seen("Good evening", id=when(0)))
    hand_in.both(events.seen("Good evening", id=when(1)))
    assert xp() == drawn(when(0))
    hand_in.both(events.deleted(when(0)))
    hand_in.both(events.seen("Good evening", id=when(2)))
    assert xp() == drawn(when(0)) + drawn(when(2))


def test_a_day_brings_so_much_at_most_and_the_next_day_as_much_again(hand_in, events, execute, rows):
    noon = snowflake_at(now().replace(hour=12, minute=0) - timedelta(days=3))
    execute("""INSERT INTO guild_settings (guild_id, options) VALUES (1000, '{"xp-daily": 4}')""")
    for minute in range(6):
        hand_in.both(events.seen(f"{minute} o'clock", id=noon + minute * MINUTE))
    assert xp() == 4
    hand_in.both(events.seen("the next day", id=noon + 24 * 60 * MINUTE))
    assert xp() == 4 + drawn(noon + 24 * 60 * MINUTE)
    # What a reaction brings is earned now, which is another day again.
    hand_in.both(*react(events, noon, *range(11, 16)))
    assert xp() == 8 + drawn(noon + 24 * 60 * MINUTE)
    for minute in range(6):
        hand_in.both(events.seen(f"{minute} o'clock", id=noon + minute * MINUTE + 1, guild_id=1001))
    assert xp(ADA, 1001) == sum(drawn(noon + minute * MINUTE + 1) for minute in range(6))


def test_a_day_ends_by_the_guilds_own_clock_and_may_bring_anything(hand_in, events, execute):
    execute(
        "INSERT INTO guild_settings (guild_id, options, timezone) VALUES (1000, '{\"xp-daily\": 1}', 'Pacific/Auckland'),"
        " (1001, '{\"xp-daily\": 1}', 'UTC'), (1002, '{\"xp-daily\": 0}', 'UTC')"
    )
    # Auckland's midnight in winter lies between these two.
    moments = [datetime(2026, 6, 10, hour, 30, tzinfo=UTC) for hour in (11, 12)]
    for guild, moment in itertools.product((1000, 1001, 1002), moments):
        with unit_of_work() as uow:
            service.add(uow, [Gain(guild, ADA, 5, at_ms=int(moment.timestamp() * 1000))])
            uow.session.commit()
    assert (xp(ADA, 1000), xp(ADA, 1001), xp(ADA, 1002)) == (2, 1, 10)


def test_what_admins_give_is_no_part_of_a_day(database, execute):
    execute("""INSERT INTO guild_settings (guild_id, options) VALUES (1000, '{"xp-daily": 1}')""")
    with unit_of_work() as uow:
        service.add(uow, [Gain(HERE, ADA, 500)])
        service.grant(uow, HERE, {ADA: 15})
        service.grant(uow, HERE, {ADA: 15})
        uow.session.commit()
    assert xp() == 501


def test_any_order_of_batches_gives_what_a_recount_of_the_rows_gives(hand_in, events, when, execute, rows):
    """Messages of one member are in one batch each; reactions come before and after them."""
    users = range(31, 36)
    messages = [[events.seen(id=when(n, user), author_id=user) for n in (0, 0.7, 1, 2.5)] for user in users]
    reactions = [react(events, when(0, user), *range(31, 38)) for user in users]
    found = set()
    for order in itertools.islice(itertools.permutations(range(10)), 0, 3_628_800, 400_000):
        for index in order:
            hand_in.both(*[*messages, *reactions][index])
        sweep()
        found.add(tuple(rows("SELECT user_id, xp FROM member_levels ORDER BY 1")))
        for table in ("messages", "reactions", "member_levels", "reaction_xp", "members", "ingest_batches"):
            execute(f"DELETE FROM {table}")
        # What a process remembers of pauses belongs to the rows that are gone.
        reset_process_state()
    worth = [(user, drawn(when(0, user)) + drawn(when(1, user)) + drawn(when(2.5, user)) + 10) for user in users]
    assert found == {tuple(worth)}
