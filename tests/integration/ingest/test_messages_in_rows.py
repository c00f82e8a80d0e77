from datetime import UTC, datetime, timedelta

from app.core.clock import now, snowflake_at

MESSAGES = "SELECT content, deleted_at IS NOT NULL FROM messages ORDER BY id"
COUNT = "SELECT message_count FROM members"


def test_a_message_becomes_a_row_a_count_and_everyone_it_names(hand_in, events, rows):
    message = events.seen("hello", reply_to=5, attachments=2, kind=19)
    hand_in.both(message)
    assert rows(
        "SELECT id, guild_id, channel_id, author_id, content, kind, reply_to, attachments, deleted_at FROM messages"
    ) == [(message.id, 1000, 2000, 3000, "hello", 19, 5, 2, None)]
    assert rows("SELECT guild_id, user_id, message_count FROM members") == [(1000, 3000, 1)]
    assert rows("SELECT messages FROM daily_activity") == [(1,)]
    assert rows("SELECT id, name, display_name FROM users") == [(3000, "ada", "Ada")]
    assert rows("SELECT id, guild_id FROM channels") == [(2000, 1000)]
    assert rows("SELECT id FROM guilds") == [(1000,)]
    assert rows("SELECT embedding_stale_at IS NOT NULL FROM messages") == [(True,)]
    assert hand_in.left() == []


def test_a_batch_delivered_twice_counts_once(hand_in, events, rows):
    batch = (events.seen(), events.seen())
    name = hand_in.both(*batch)
    hand_in.both(*batch, entry_id=name)
    hand_in.both(*batch)
    assert rows(COUNT) == [(2,)]
    assert rows("SELECT sum(messages) FROM daily_activity") == [(2,)]


def test_when_a_member_last_wrote_is_the_newest_in_any_order_and_whatever_comes_twice(hand_in, events, rows):
    moments = [now().replace(microsecond=0) - timedelta(minutes=left) for left in (4, 3, 2, 1)]
    first, second, third, elsewhere = (
        events.seen(id=snowflake_at(moment), guild_id=guild)
        for moment, guild in zip(moments, (1000, 1000, 1000, 1001), strict=True)
    )
    written = "SELECT message_count, last_message_at FROM members WHERE guild_id = 1000"
    hand_in.both(events.joined())
    assert rows(written) == [(0, None)]
    hand_in.both(second)
    assert rows(written) == [(1, moments[1])]
    hand_in.both(first, events.voice(9), second)
    assert rows(written) == [(2, moments[1])], "one that comes late is not the last"
    name = hand_in.both(third, first)
    hand_in.both(third, first, entry_id=name)
    hand_in.both(third)
    hand_in.both(events.edited(first.id, "later", edited_at=events.at + 1), events.deleted(third.id), elsewhere)
    assert rows(written) == [(3, moments[2])], "neither edits nor deletions change what was written when"
    assert rows("SELECT last_message_at FROM members WHERE guild_id = 1001") == [(moments[3],)]


def test_a_missing_entry_is_done(hand_in, rows):
    hand_in.run("7:nothing")
    assert rows("SELECT count(*) FROM ingest_batches") == [(0,)]


def test_an_edit_keeps_the_version_before_it(hand_in, events, rows):
    message = events.seen("one")
    hand_in.both(message)
    hand_in.both(events.edited(message.id, "two", edited_at=events.at + 1))
    hand_in.both(events.edited(message.id, "three", edited_at=events.at + 2))
    assert rows(MESSAGES) == [("three", False)]
    assert rows("SELECT content FROM message_revisions ORDER BY written_at") == [("one",), ("two",)]
    assert rows(COUNT) == [(1,)]


def test_an_edit_before_its_create_makes_the_row_and_the_create_becomes_a_revision(hand_in, events, rows):
    message = events.seen("one")
    hand_in.both(events.edited(message.id, "two"))
    hand_in.both(message)
    assert rows(MESSAGES) == [("two", False)]
    assert rows("SELECT content FROM message_revisions") == [("one",)]
    assert rows(COUNT) == [(1,)]


def test_a_deletion_blanks_text_versions_and_index(hand_in, events, rows, execute):
    message = events.seen("one")
    hand_in.both(message)
    hand_in.both(events.edited(message.id, "two"))
    execute(
        "INSERT INTO message_terms (message_id, guild_id, channel_id, author_id, language, terms)"
        " VALUES (:id, 1000, 2000, 3000, 'simple', to_tsvector('simple', 'two'))",
        id=message.id,
    )
    hand_in.both(events.deleted(message.id))
    assert rows(MESSAGES) == [(None, True)]
    assert rows("SELECT count(*) FROM message_revisions") == [(0,)]
    assert rows("SELECT count(*) FROM message_terms") == [(0,)]
    assert rows("SELECT embedding_stale_at FROM messages") == [(None,)]
    assert rows(COUNT) == [(1,)]


def test_a_deletion_before_its_create_wins_and_the_message_still_counts(hand_in, events, rows):
    message = events.seen("secret")
    hand_in.both(events.deleted(message.id))
    assert rows("SELECT author_id FROM messages") == [(None,)]
    hand_in.both(message)
    hand_in.both(message)
    assert rows("SELECT author_id, content FROM messages") == [(3000, None)]
    assert rows(COUNT) == [(1,)]


def test_an_edit_of_a_deleted_message_brings_nothing_back(hand_in, events, rows):
    message = events.seen("one")
    hand_in.both(message, events.deleted(message.id))
    hand_in.both(events.edited(message.id, "two"))
    assert rows(MESSAGES) == [(None, True)]
    assert rows("SELECT count(*) FROM message_revisions") == [(0,)]


def test_a_listing_deletes_what_it_does_not_show(hand_in, events, rows):
    kept, gone, later = events.seen("kept"), events.seen("gone"), events.seen("later")
    hand_in.both(kept, gone, later)
    hand_in.both(events.listed(after_id=kept.id - 1, up_to_id=gone.id, ids=(kept.id,)))
    assert rows(MESSAGES) == [("kept", False), (None, True), ("later", False)]


def test_content_modes_are_checked_again(hand_in, events, rows, execute):
    execute("INSERT INTO guild_settings (guild_id, content_mode) VALUES (1000, 'counts'), (1001, 'off')")
    hand_in.both(events.seen("a"), events.seen("b", guild_id=1001), events.seen("c", guild_id=1002))
    assert rows("SELECT guild_id, content FROM messages ORDER BY guild_id") == [(1000, None), (1002, "c")]
    assert rows("SELECT guild_id, message_count, last_message_at IS NOT NULL FROM members ORDER BY 1") == [
        (1000, 1, True),
        (1002, 1, True),
    ]


def test_a_guild_that_has_not_chosen_only_counts_outside_the_sandbox(hand_in, events, rows, monkeypatch):
    from app.core.settings import settings

    monkeypatch.setenv("DISCORD_API_URL", "https://discord.com/api/v10")
    settings.cache_clear()
    hand_in.both(events.seen("guild"), events.seen("direct", guild_id=0))
    assert rows("SELECT guild_id, content FROM messages ORDER BY 1") == [(0, "direct"), (1000, None)]


def test_nothing_is_kept_of_somebody_who_opted_out(hand_in, events, rows, execute):
    execute("INSERT INTO opt_outs (guild_id, user_id) VALUES (1000, 3000)")
    message = events.seen("secret")
    everything = (message, events.edited(message.id, "x"), events.reacted(message.id), events.voice(9), events.joined())
    hand_in.both(*everything, events.seen("other", author_id=3001))
    for table, column in (("messages", "author_id"), ("members", "user_id"), ("users", "id")):
        assert rows(f"SELECT {column} FROM {table}") == [(3001,)]
    for table in ("reactions", "voice_sessions", "message_revisions"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_what_was_erased_stays_out(hand_in, events, rows, execute):
    old = events.seen("old")
    border = old.id + 1
    execute(
        "INSERT INTO erasures (guild_id, user_id, erased_at, below_id) VALUES (1000, 3000, :at, :below)",
        at=datetime.fromtimestamp(events.at / 1000, UTC),
        below=border,
    )
    hand_in.both(old, events.voice(9, at=events.at - 1), events.seen("new", id=border))
    assert rows(MESSAGES) == [("new", False)]
    assert rows("SELECT count(*) FROM voice_sessions") == [(0,)]


def test_an_id_from_the_far_past_is_counted_as_expired(hand_in, events, rows):
    hand_in.both(events.seen(id=5), events.deleted(6), events.reacted(7), events.seen("now"))
    assert rows(MESSAGES) == [("now", False)]
    assert rows("SELECT guild_id, outcome, events FROM event_outcomes") == [(1000, "expired", 3)]
    assert rows("SELECT count(*) FROM dead_letters") == [(0,)]


def test_an_id_from_the_future_is_a_dead_letter(hand_in, events, rows):
    future = snowflake_at(now() + timedelta(minutes=20))
    near = snowflake_at(now() + timedelta(minutes=5))
    hand_in.both(events.seen("far", id=future), events.seen("near", id=near))
    assert rows(MESSAGES) == [("near", False)]
    ((kind, guild, user, reason),) = rows("SELECT event_type, guild_id, user_id, reason FROM dead_letters")
    assert (kind, guild, user) == ("message_seen", 1000, 3000)
    assert "future" in reason


def test_texts_that_are_hard_to_store(hand_in, events, rows):
    texts = [
        "",
        "x" * 4000,
        "'; DROP TABLE messages; --",
        "\\",
        "\x00nul",
        "<@1> " * 700,
        "𝔘nicode 🦊",
        ":x %s {} \\u0000",
    ]
    hand_in.both(*(events.seen(content) for content in texts))
    stored = [row[0] for row in rows("SELECT content FROM messages ORDER BY id")]
    assert stored == [content.replace("\x00", "\ufffd") for content in texts]
    assert rows("SELECT count(*) FROM messages WHERE embedding_stale_at IS NULL") == [(1,)]


def test_direct_messages_belong_to_guild_0(hand_in, events, rows):
    hand_in.both(events.seen("hi", guild_id=0))
    assert rows("SELECT guild_id, content FROM messages") == [(0, "hi")]
    assert rows("SELECT guild_id, message_count FROM members") == [(0, 1)]


def test_partitions_that_are_missing_are_made_when_a_message_needs_them(hand_in, events, rows, execute):
    newest = rows(
        "SELECT relname FROM pg_class WHERE relname LIKE 'messages_p%' AND relkind = 'r' ORDER BY 1 DESC LIMIT 5"
    )
    for (name,) in newest:
        execute(f"DROP TABLE {name}")
    hand_in.both(events.seen("now", id=snowflake_at(now())))
    assert rows(MESSAGES) == [("now", False)]


def test_a_deleted_channel_takes_its_messages(hand_in, events, rows, sent, execute):
    from tasks.channels import BLANK, blank, sweep

    hand_in.both(events.seen("gone"), events.seen("stays", channel_id=2001))
    hand_in.both(events.channel_deleted())
    assert (BLANK, (2000,)) in sent
    blank(2000)
    assert rows(MESSAGES) == [(None, True), ("stays", False)]
    sent.clear()
    sweep()
    assert sent == [(BLANK, (2000,))], "a batch under way might still bring a message"
    execute("UPDATE channels SET deleted_at = deleted_at - interval '1 hour'")
    blank(2000)
    sent.clear()
    sweep()
    assert sent == []
    hand_in.both(events.seen("late"))
    sweep()
    assert sent[-1] == (BLANK, (2000,))


def test_a_deleted_channel_takes_the_messages_of_its_threads(hand_in, events, rows, sent):
    """Discord tells of active threads alone; the archived ones go with their channel too."""
    from tasks.channels import BLANK, blank

    thread = {"kind": 11, "is_archived": True}
    hand_in.both(
        events.channel_seen(),
        events.channel_seen(id=2100, parent_id=2000, **thread),
        events.channel_seen(id=2200, parent_id=2001, **thread),
        events.channel_seen(id=2300, parent_id=2000, kind=0),
    )
    hand_in.both(*(events.seen(str(channel), channel_id=channel) for channel in (2100, 2200, 2300)))
    hand_in.both(events.channel_deleted())
    sent.clear()
    blank(2000)
    assert sent == [(BLANK, (2100,))]
    blank(2100)
    assert rows(MESSAGES) == [(None, True), ("2200", False), ("2300", False)]
    sent.clear()
    blank(2000)
    assert sent == []
