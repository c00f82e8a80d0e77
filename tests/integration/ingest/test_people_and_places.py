"""Reactions, voice, members, guilds, channels, roles and invites as rows."""

import itertools

from app.activity.guilds.messages import Tag
from app.knowledge.embeddings import generations


def test_a_reaction_taken_back_stays_as_a_tombstone(hand_in, events, rows):
    message = events.new_id()
    added, removed, again = events.reacted(message), events.unreacted(message), events.reacted(message)
    hand_in.both(removed)
    hand_in.both(added)
    assert rows("SELECT removed_at IS NULL, seq FROM reactions") == [(False, removed.seq)]
    hand_in.both(again)
    assert rows("SELECT removed_at IS NULL, emoji, user_id FROM reactions") == [(True, "👍", 3000)]


def test_a_clearing_catches_what_was_there_and_what_comes_late(hand_in, events, rows):
    message = events.new_id()
    there, late = events.reacted(message, user_id=1), events.reacted(message, user_id=2)
    other = events.reacted(message, emoji="77", user_id=1)
    cleared, after = events.cleared(message, "👍"), events.reacted(message, user_id=3)
    hand_in.both(there, other)
    hand_in.both(cleared)
    hand_in.both(late, after)
    assert rows("SELECT user_id, emoji FROM reactions WHERE removed_at IS NULL ORDER BY 1") == [(1, "77"), (3, "👍")]
    hand_in.both(events.cleared(message))
    assert rows("SELECT count(*) FROM reactions WHERE removed_at IS NULL") == [(0,)]


def test_time_in_voice_is_counted_once_on_the_days_it_was_spent(hand_in, events, rows):
    midnight = 1_790_035_200_000
    entered = events.voice(71, at=midnight - 60_000, self_mute=True)
    moved, left = events.voice(72, at=midnight + 30_000), events.voice(None, at=midnight + 90_000)
    hand_in.both(entered)
    assert rows("SELECT voice_seconds FROM members") == [(0,)]
    hand_in.both(left)
    hand_in.both(moved)
    hand_in.both(moved, entered)
    assert rows("SELECT voice_seconds FROM members") == [(150,)]
    assert rows("SELECT voice_seconds FROM daily_activity ORDER BY day") == [(60,), (90,)]
    assert rows(
        "SELECT channel_id, flags, extract(epoch FROM ended_at - started_at)::int FROM voice_sessions"
        " WHERE channel_id IS NOT NULL ORDER BY seq"
    ) == [(71, 1, 90), (72, 0, 60)]
    assert rows("SELECT count(*) FROM voice_sessions WHERE channel_id IS NULL") == [(1,)]


def test_who_is_missing_from_the_list_left_when_the_bot_last_heard(hand_in, events, rows):
    start = events.at - 1_000_000
    hand_in.both(events.voice(71, at=start, user_id=1), events.voice(71, at=start, user_id=2))
    hand_in.both(events.voice_listed(2, last_heard=start + 20_000))
    assert rows("SELECT user_id, voice_seconds FROM members ORDER BY 1") == [(1, 20), (2, 0)]
    assert rows("SELECT user_id FROM voice_sessions WHERE ended_at IS NULL AND channel_id IS NOT NULL") == [(2,)]


def test_members_join_change_and_leave_in_any_order(hand_in, events, rows):
    joined = events.joined(nick="old", invite_code="abc")
    updated, left = events.updated(nick="new", roles=(5, 6)), events.left()
    hand_in.both(left)
    hand_in.both(updated)
    hand_in.both(joined)
    assert rows("SELECT nick, roles, invite_code, left_at IS NOT NULL, message_count FROM members") == [
        ("new", [5, 6], "abc", True, 0)
    ]
    hand_in.both(events.joined())
    assert rows("SELECT nick, invite_code, left_at FROM members") == [(None, None, None)]


def test_a_guild_that_the_bot_left_is_stamped_and_coming_back_clears_it(hand_in, events, rows):
    hand_in.both(events.guild_seen(name="Hall", locale="fr", member_count=3))
    hand_in.both(events.guild_left())
    assert rows("SELECT name, locale, left_at IS NOT NULL FROM guilds") == [("Hall", "fr", True)]
    hand_in.both(events.guild_seen(name="Mead hall"))
    assert rows("SELECT name, left_at FROM guilds") == [("Mead hall", None)]


def test_channels_threads_roles_and_invites(hand_in, events, rows):
    hand_in.both(
        events.channel_seen(),
        events.channel_seen(id=2001, kind=11, parent_id=2000, name="thread"),
        events.role_seen(permissions=2**52),
        events.invited(max_uses=3),
    )
    assert rows("SELECT id, kind, name, parent_id FROM channels ORDER BY 1") == [
        (2000, 0, "general", None),
        (2001, 11, "thread", 2000),
    ]
    hand_in.both(events.channel_deleted(id=2001), events.role_deleted(), events.uninvited())
    for table in ("channels", "roles", "invites"):
        assert rows(f"SELECT count(*) FROM {table} WHERE deleted_at IS NOT NULL") == [(1,)]


def test_tags_of_forums_and_posts_follow_the_newest_event_in_any_order(hand_in, events, rows, execute):
    forum, post = events.channel, events.channel + 1

    def offer(*tags):
        return events.channel_seen(kind=15, available_tags=tags)

    def bear(*ids):
        return events.channel_seen(id=post, kind=11, parent_id=forum, applied_tags=ids)

    told = [offer(Tag(11, "bug"), Tag(12, "idea")), bear(11, 12), offer(Tag(11, "fault")), bear(12, 11, 11)]
    for order in itertools.permutations(told):
        execute("DELETE FROM channels")
        for event in order:
            hand_in.both(event)
        hand_in.both(*order)
        assert rows("SELECT available_tags, applied_tags FROM channels ORDER BY id") == [
            ({"11": "fault"}, []),
            ({}, [11, 12]),
        ]
    hand_in.both(bear(), events.channel_deleted(id=post), events.channel_deleted(id=post + 1))
    assert rows("SELECT applied_tags, deleted_at IS NULL FROM channels ORDER BY id") == [
        ([], True),
        ([], False),
        ([], False),
    ]


def test_results_that_are_kept_are_forgotten_where_channels_or_roles_change(hand_in, events):
    other = events.guild + 1
    before = {guild: generations.current(guild) for guild in (events.guild, other)}
    hand_in.both(events.seen())
    assert generations.current(events.guild) == before[events.guild]
    hand_in.both(events.channel_seen(applied_tags=(11,)))
    assert generations.current(events.guild) > before[events.guild]
    assert generations.current(other) == before[other]


def test_names_follow_the_newest_event(hand_in, events, rows):
    older, newer = events.seen(author_name="old"), events.seen(author_name="new")
    hand_in.both(newer)
    hand_in.both(older)
    assert rows("SELECT name FROM users") == [("new",)]


def test_an_inviter_who_opted_out_is_not_named(hand_in, events, rows, execute):
    execute("INSERT INTO opt_outs (guild_id, user_id) VALUES (1000, 3000)")
    hand_in.both(events.invited())
    assert rows("SELECT code, inviter_id FROM invites") == [("abc", None)]
