"""Payloads become events of scalars; what is not wanted or not understood becomes nothing."""

import itertools

import pytest

from app.activity.guilds import cog as guilds
from app.activity.guilds.messages import ChannelSeen, Tag
from app.activity.ingest.messages import Batch, decode, encode
from app.activity.invites import cog as invites
from app.activity.members import cog as members
from app.activity.messages import cog as messages
from app.activity.messages.messages import MessageSeen, OwnPostSeen
from app.activity.reactions import cog as reactions
from app.activity.voice import cog as voice
from app.bot.policy import Policy
from app.core.policy import PolicyData
from app.core.translate import MALFORMED, Context, snowflake

ME = 999
GUILD = 7


@pytest.fixture
def context():
    return context_for(PolicyData(default_mode="store"))


def context_for(data: PolicyData) -> Context:
    numbers = itertools.count(1)
    context = Context(lambda: next(numbers), Policy(data))
    context.me = ME
    return context


def message(**more):
    author = {"id": "5", "username": "ann", "global_name": "Ann"}
    base = {"id": "100", "channel_id": "20", "guild_id": str(GUILD), "author": author, "content": "hi", "type": 0}
    return {**base, "attachments": [], "mentions": [], **more}


def test_a_message_passes_the_workers_check(context):
    event = messages.seen(message(), context)
    assert decode(encode(Batch(id="1", events=(event,)))).events == (event,)


def test_text_is_cleaned_of_what_cannot_be_stored(context):
    event = messages.seen(message(content="a\x00b\ud800c"), context)
    assert event.content == "a\ufffdb\ufffdc"


def test_without_permission_to_store_the_text_stays_out():
    context = context_for(PolicyData(default_mode="counts"))
    assert messages.seen(message(content="private"), context).content is None


def test_direct_messages_belong_to_guild_zero_and_keep_their_text():
    context = context_for(PolicyData(default_mode="counts"))
    data = message()
    del data["guild_id"]
    event = messages.seen(data, context)
    assert (event.guild_id, event.content) == (0, "hi")


@pytest.mark.parametrize(
    "data",
    [
        message(author={"id": "5", "username": "robot", "bot": True}),
        message(webhook_id="77"),
        message(type=7),
        message(author={"id": str(ME), "username": "me", "bot": True}),
    ],
    ids=["a bot", "a webhook", "a notice of Discord", "ourselves without a nonce"],
)
def test_what_no_person_wrote_is_no_message(context, data):
    assert messages.seen(data, context) is None


def test_our_own_nonce_confirms_a_post(context):
    data = message(author={"id": str(ME), "username": "me", "bot": True}, nonce="abc")
    event = messages.seen(data, context)
    assert isinstance(event, OwnPostSeen)
    assert (event.nonce, event.message_id) == ("abc", 100)


def test_an_update_that_edits_nothing_is_no_edit(context):
    assert messages.edited(message(edited_timestamp=None), context) is None
    assert messages.edited({"id": "1", "channel_id": "2", "embeds": []}, context) is None


def test_an_edit_of_what_was_written_before_the_bot_joined_is_left_out(context):
    data = message(edited_timestamp="2026-01-01T00:00:00+00:00")
    context.joined[GUILD] = 101
    assert messages.edited(data, context) is None
    context.joined[GUILD] = 100
    assert messages.edited(data, context).edited_at == 1_767_225_600_000


def test_a_reply_names_what_it_answers(context):
    event = messages.seen(message(type=19, message_reference={"message_id": "50"}), context)
    assert event.reply_to == 50


def test_a_bulk_deletion_of_many_is_told_in_events_that_a_worker_takes(context):
    events = messages.deleted({"ids": [str(i) for i in range(1, 2502)], "channel_id": "20", "guild_id": "7"}, context)
    assert [len(event.ids) for event in events] == [1000, 1000, 501]


def test_a_mention_flood_is_an_ordinary_message(context):
    crowd = [{"id": str(i), "username": f"u{i}"} for i in range(1, 2000)]
    event = messages.seen(message(content="<@1>" * 1000, mentions=crowd), context)
    assert isinstance(event, MessageSeen)


def test_the_longest_message_stays_whole(context):
    assert len(messages.seen(message(content="x" * 4000), context).content) == 4000


def test_an_unavailable_guild_is_neither_found_nor_left(context):
    assert list(guilds.found({"id": "7", "unavailable": True}, context)) == []
    assert guilds.left({"id": "7", "unavailable": True}, context) is None
    assert guilds.left({"id": "7"}, context).guild_id == 7


def test_a_forum_tells_of_its_tags_and_a_post_of_those_it_bears(context):
    tags = [{"id": "11", "name": "bug\x00", "moderated": False, "emoji_id": None, "emoji_name": "🐛"}]
    forum = {"id": "20", "type": 15, "guild_id": str(GUILD), "name": "ideas", "available_tags": tags}
    post = {"id": "21", "type": 11, "guild_id": str(GUILD), "parent_id": "20", "applied_tags": ["11", "12"]}
    guild = {"id": str(GUILD), "name": "Hall", "channels": [forum], "threads": [post]}
    listed = {"guild_id": str(GUILD), "threads": [post]}
    found = [event for event in guilds.found(guild, context) if isinstance(event, ChannelSeen)]
    found += [guilds.channel_seen(forum, context), *guilds.threads_listed(listed, context)]
    assert decode(encode(Batch(id="1", events=tuple(found)))).events == tuple(found)
    assert [event.available_tags for event in found] == [(Tag(11, "bug\ufffd"),), (), (Tag(11, "bug\ufffd"),), ()]
    assert [event.applied_tags for event in found] == [(), (11, 12), (), (11, 12)]
    for name in ("available_tags", "applied_tags"):
        assert not getattr(guilds.channel_seen({**forum, "available_tags": None}, context), name)


@pytest.mark.parametrize("tags", [{"available_tags": [{"name": "no id"}]}, {"applied_tags": ["no id"]}])
def test_a_tag_without_an_id_is_malformed(context, tags):
    with pytest.raises(MALFORMED):
        guilds.channel_seen({"id": "20", "type": 15, "guild_id": str(GUILD), **tags}, context)


def test_bots_neither_join_react_nor_speak(context):
    robot = {"user": {"id": "5", "username": "robot", "bot": True}}
    assert members.joined({**robot, "guild_id": "7"}, context) is None
    reaction = {"user_id": "5", "channel_id": "2", "message_id": "3", "emoji": {"name": "x"}, "guild_id": "7"}
    assert reactions.added({**reaction, "member": robot}, context) is None
    assert voice.changed({"user_id": "5", "channel_id": "2", "guild_id": "7", "member": robot}, context) is None


def test_whoever_opted_out_is_not_listed_with_the_guild():
    context = context_for(PolicyData(default_mode="store", opted_out=frozenset({(GUILD, 5)})))
    people = [{"user": {"id": str(i), "username": f"u{i}"}} for i in (5, 6)]
    states = [{"user_id": str(i), "channel_id": "2", "session_id": "s"} for i in (5, 6)]
    data = {"id": str(GUILD), "members": people, "voice_states": states}
    assert [event.user_id for event in members.found(data, context)] == [6]
    listed, state = voice.listed(data, context)
    assert (listed.user_ids, state.user_id) == ((6,), 6)


def test_an_invite_forgets_an_inviter_who_opted_out():
    context = context_for(PolicyData(default_mode="store", opted_out=frozenset({(GUILD, 5)})))
    data = {"code": "abc", "guild_id": str(GUILD), "channel_id": "2", "inviter": {"id": "5", "username": "u"}}
    assert invites.created(data, context).inviter_id is None


@pytest.mark.parametrize("value", [0, -1, 2**63, "x", "", None, "1.5", [], {}])
def test_what_is_no_id_is_malformed(value):
    with pytest.raises(MALFORMED):
        snowflake(value)
