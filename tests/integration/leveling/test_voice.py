"""Time in voice, from the events that tell of it to experience: by slot, once, up to what is known for certain."""

import pytest

from app.community.leveling import voice
from app.community.leveling.rules import SLOT_MS
from app.core.clock import now
from app.core.db import unit_of_work
from tests.factories.levels import standing

HERE, THERE, HALL, YARD = 1000, 1001, 2000, 2001
ADA, BEN, CAT = 3000, 3001, 3002


@pytest.fixture
def moment():
    """Moments by slots, of which the last whole one lies just behind."""
    first = int(now().timestamp() * 1000) // SLOT_MS * SLOT_MS - 100 * SLOT_MS
    return lambda slots: first + int(slots * SLOT_MS)


@pytest.fixture
def hear(hand_in, events, moment):
    """Stamp guilds as heard up to that moment, and count."""

    def run(slots: float, *guilds: int) -> None:
        from app.activity.voice.messages import VoiceHeard

        hand_in.both(events._make(VoiceHeard, {"at": moment(slots), "guild_id": 0}, guild_ids=guilds or (HERE,)))
        count()

    return run


def count() -> None:
    with unit_of_work() as uow:
        guilds = voice.behind(uow.session)
    for guild in guilds:
        with unit_of_work() as uow:
            voice.count(uow, guild)
            uow.session.commit()


def xp(user: int, guild: int = HERE) -> int:
    return (standing(guild, user) or (0, 1))[0]


def enter(events, moment, slots, *users, channel: int | None = HALL, **more):
    return [events.voice(channel, user_id=user, at=moment(slots), **more) for user in users]


def test_two_in_company_earn_one_a_slot_and_three_earn_three(hand_in, events, moment, hear):
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN))
    hear(2.5)
    assert (xp(ADA), xp(BEN)) == (2, 2)
    hand_in.both(*enter(events, moment, 2.6, CAT))
    hear(4.2)
    assert (xp(ADA), xp(BEN), xp(CAT)) == (8, 8, 6)
    hand_in.both(*enter(events, moment, 4.5, BEN, CAT, channel=None))
    hear(9)
    assert (xp(ADA), xp(BEN), xp(CAT)) == (8, 8, 6)


def test_counting_again_counts_nothing(hand_in, events, moment, hear, execute):
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN))
    hear(3)
    hear(3)
    hear(2)
    count()
    assert xp(ADA) == 3
    execute("DELETE FROM level_voice")
    count()
    assert xp(ADA) == 3


def test_nothing_is_counted_beyond_what_was_heard(hand_in, events, moment, hear):
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN))
    count()
    assert xp(ADA) == 0
    hear(1.9)
    assert xp(ADA) == 1


def test_muted_deaf_and_away_members_do_not_count(hand_in, events, moment, hear):
    hand_in.both(events.guild_seen(afk_channel_id=YARD))
    hand_in.both(*enter(events, moment, 0, ADA, BEN), *enter(events, moment, 0, CAT, 3003, channel=YARD))
    hear(1)
    hand_in.both(*enter(events, moment, 1.5, BEN, self_mute=True))
    hear(3)
    hand_in.both(*enter(events, moment, 3.5, BEN, mute=True))
    hear(4)
    assert (xp(ADA), xp(BEN), xp(CAT)) == (3, 3, 0)


def test_after_a_crash_whoever_is_still_there_goes_on_and_the_others_left_at_the_last_stamp(
    hand_in, events, moment, hear, rows
):
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN, CAT))
    hear(2.5)
    assert xp(ADA) == 6
    # The bot was away from 2.5 to 10, and nothing was stamped meanwhile; it does not know when it last heard.
    count()
    assert xp(ADA) == 6
    hand_in.both(events.voice_listed(ADA, BEN, at=moment(10)), *enter(events, moment, 10, ADA, BEN))
    hear(11.5)
    assert xp(CAT) == 6
    assert xp(ADA) == xp(BEN) == 6 + 9
    assert rows("SELECT voice_seconds FROM members WHERE user_id = 3002") == [(240,)]


def test_an_hour_brings_twenty_five_once_and_leaving_begins_it_anew(hand_in, events, moment, hear):
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN))
    hear(20)
    hear(29.5)
    assert xp(ADA) == 29
    hand_in.both(*enter(events, moment, 29.6, BEN, channel=None))
    hand_in.both(*enter(events, moment, 29.7, BEN))
    hear(31.5)
    assert (xp(ADA), xp(BEN)) == (31 + 25, 31)
    hear(60)
    assert (xp(ADA), xp(BEN)) == (60 + 50, 60 + 25)


def test_guilds_are_counted_apart(hand_in, events, moment, hear):
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN), *enter(events, moment, 0.5, ADA, guild_id=THERE))
    hear(3, HERE, THERE)
    assert (xp(ADA), xp(ADA, THERE)) == (3, 0)
    hand_in.both(*enter(events, moment, 3.5, BEN, guild_id=THERE))
    hear(4.5, THERE)
    assert (xp(ADA), xp(ADA, THERE)) == (3, 1)


def test_switched_off_levels_and_opted_out_members_count_for_nothing(hand_in, events, moment, hear, execute):
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN, CAT), *enter(events, moment, 0.5, ADA, BEN, guild_id=THERE))
    execute("""INSERT INTO guild_settings (guild_id, features) VALUES (1001, '{"leveling": false}')""")
    execute("INSERT INTO opt_outs (guild_id, user_id) VALUES (1000, 3002)")
    hear(2, HERE, THERE)
    assert (xp(ADA), xp(CAT), xp(ADA, THERE)) == (2, 0, 0)
    execute("DELETE FROM guild_settings")
    hear(2.9, HERE, THERE)
    assert xp(ADA, THERE) == 0


def test_a_level_reached_in_voice_is_told_where_it_was_and_an_old_one_is_silent(hand_in, events, moment, hear, execute):
    execute("INSERT INTO member_levels (guild_id, user_id, xp) VALUES (1000, 3000, 99)")
    hand_in.both(*enter(events, moment, 0.5, ADA, BEN))
    hear(1)
    from tests.factories.hall import rows as stored

    reached = "SELECT user_id, level, channel_id, is_silent FROM level_rewards"
    assert stored(reached) == [(ADA, 2, HALL, True)]
    execute("UPDATE member_levels SET xp = 99 WHERE user_id = 3001")
    hear(100)
    assert (BEN, 2, HALL, False) in stored(reached)


def test_any_order_of_states_gives_the_same(hand_in, events, moment, hear, execute):
    told = [
        *enter(events, moment, 0.5, ADA, BEN),
        *enter(events, moment, 1.5, BEN, self_deaf=True),
        *enter(events, moment, 2.5, BEN),
        *enter(events, moment, 4.5, ADA, channel=None),
    ]
    found = set()
    for order in (told, told[::-1], told[1::2] + told[::2]):
        for event in order:
            hand_in.both(event)
        hear(8)
        found.add((xp(ADA), xp(BEN)))
        for table in ("voice_sessions", "member_levels", "level_voice", "voice_stamps", "members", "ingest_batches"):
            execute(f"DELETE FROM {table}")
    assert found == {(3, 3)}
