"""/search through the sandbox and the real bot."""

import pytest

from app.clients import minilm
from app.core.errors import Unavailable
from tests.factories import knowledge
from tests.factories.knowledge import delete, edit, embed_all, write


@pytest.fixture
def told(hall):
    """Write an indexed message in one of the sandbox's channels; the model is at hand."""
    knowledge.use_local_model()

    def tell(content, *, channel="general", author="beowulf", guild="Mead Hall"):
        message = write(
            content,
            guild=hall.local.guild(guild).id,
            channel=hall.local.channel(channel),
            author=hall.local.user(author),
        )
        embed_all()
        return message

    return tell


async def search(hall, question, *, user="beowulf", channel="general"):
    """The answer, and what its embed says."""
    answer = await hall.use("search", user=user, channel=channel, **{"for": question})
    (message,) = answer["messages"]
    shown = message["embeds"][0]["description"] if message["embeds"] else ""
    return answer, message, shown


async def test_a_result_shows_where_who_when_and_the_way_there(hall, told, bot):
    found = told("The **mead** is [free](https://evil.example) tonight, @everyone")
    answer, message, shown = await search(hall, "free drinks")
    assert answer["ephemeral"]
    guild, channel = hall.local.guild().id, hall.local.channel()
    assert f"https://discord.com/channels/{guild}/{channel}/{found}" in shown
    assert f"<#{channel}>" in shown
    assert f"<@{hall.local.user('beowulf')}>" in shown
    assert "<t:" in shown
    # What somebody wrote is shown as it was written, and is no link of ours.
    assert r"\*\*mead\*\*" in shown
    assert r"\[free](https" in shown
    assert message["embeds"][0]["footer"]["text"] == "Page 1 of 1"


async def test_nobody_finds_what_they_may_not_read(hall, told, bot):
    told("the treasure lies under the old oak", channel="staff", author="hrothgar")
    told("the treasure is a rumour")
    _, _, seen_by_member = await search(hall, "treasure", user="beowulf")
    _, _, seen_by_admin = await search(hall, "treasure", user="hrothgar")
    assert "rumour" in seen_by_member
    assert "old oak" not in seen_by_member
    assert "old oak" in seen_by_admin


async def thread_in(hall, bot, channel, *, kind=11, members=()):
    """A thread in that channel, with these members beside the bot, as soon as the bot knows of it."""
    place = f"/channels/{hall.local.channel(channel)}/threads"
    _, made = await hall.local.rest("POST", place, {"name": f"about {channel} {kind}", "type": kind})
    thread = int(made["id"])
    for name in members:
        await hall.local.rest("PUT", f"/channels/{thread}/thread-members/{hall.local.user(name)}")
    guild = bot.bot.get_guild(hall.local.guild().id)

    def is_known():
        found = guild.get_thread(thread)
        return found and {hall.local.user(name) for name in members} <= {member.id for member in found.members}

    await hall.until(is_known, "the bot knows the thread and its members")
    return thread


def wrote(hall, content, thread):
    guild, author = hall.local.guild().id, hall.local.user("hrothgar")
    message = write(content, guild=guild, channel=thread, author=author)
    embed_all()
    return message


async def test_a_public_thread_is_found_by_who_may_read_its_channel(hall, told, bot):
    found = wrote(hall, "the dragon wakes at dusk", await thread_in(hall, bot, "general"))
    wrote(hall, "the dragon is a secret of the staff", await thread_in(hall, bot, "staff"))
    _, _, seen_by_member = await search(hall, "dragon", user="beowulf")
    _, _, seen_by_admin = await search(hall, "dragon", user="hrothgar")
    assert str(found) in seen_by_member
    assert "secret of the staff" not in seen_by_member
    assert "secret of the staff" in seen_by_admin


async def test_a_private_thread_is_found_by_its_members_and_by_moderators_of_threads(hall, told, bot):
    thread = await thread_in(hall, bot, "general", kind=12, members=["beowulf"])
    wrote(hall, "the plan against the dragon", thread)
    seen = {user: (await search(hall, "dragon", user=user))[2] for user in ("beowulf", "wiglaf", "hrothgar")}
    assert {user for user, shown in seen.items() if "the plan" in shown} == {"beowulf", "hrothgar"}
    await hall.local.rest("DELETE", f"/channels/{thread}/thread-members/{hall.local.user('beowulf')}")
    known = bot.bot.get_guild(hall.local.guild().id).get_thread(thread)
    await hall.until(lambda: len(known.members) == 1, "the bot hears that he left")
    assert "the plan" not in (await search(hall, "dragon", user="beowulf"))[2]


async def test_an_archived_thread_is_still_found_if_it_was_public(hall, told, workers, bot):
    workers.start("ingest")
    guild = bot.bot.get_guild(hall.local.guild().id)
    places = {
        "everybody's": await thread_in(hall, bot, "general"),
        "the members'": await thread_in(hall, bot, "general", kind=12, members=["beowulf"]),
        "the staff's": await thread_in(hall, bot, "staff"),
    }
    for whose, thread in places.items():
        wrote(hall, f"{whose} dragon", thread)
        await hall.local.rest("PATCH", f"/channels/{thread}", {"archived": True})
    archived = "SELECT count(*) FROM channels WHERE id = ANY(:ids) AND is_archived"
    await hall.until(lambda: knowledge.rows(archived, ids=list(places.values())) == [(3,)], "that is stored")
    await hall.until(lambda: not any(map(guild.get_thread, places.values())), "the bot forgets archived threads")
    # Who was in an archived private thread nobody tells the bot.
    _, _, shown = await search(hall, "dragon", user="beowulf")
    assert [whose for whose in places if f"{whose} dragon" in shown] == ["everybody's"]


async def test_nothing_comes_out_of_another_guild(hall, told, bot):
    told("le trésor est sous le chêne", guild="L'Atelier", channel="accueil", author="hrothgar")
    answer, message, _ = await search(hall, "trésor", user="hrothgar")
    assert message["content"] == "I found nothing in the channels that you may read."
    assert answer["ephemeral"]


async def test_pages_turn_and_show_messages_as_they_are_when_opened(hall, told, bot):
    written = [told(f"a song about the sea, verse {n}") for n in range(12)]
    _, message, shown = await search(hall, "song about the sea")
    assert message["embeds"][0]["footer"]["text"] == "Page 1 of 3"
    assert shown.count("verse") == 5
    first = [found for found in written if str(found) in shown]
    delete(first[0], guild=hall.local.guild().id)
    edit(first[1], "quite another text", guild=hall.local.guild().id)
    back, forward = message["components"][0]["components"]
    assert (back["disabled"], forward.get("disabled", False)) == (True, False)
    turned = await hall.click(forward["custom_id"], message["id"], user="beowulf")
    page_two = turned["messages"][0]
    assert page_two["embeds"][0]["footer"]["text"] == "Page 2 of 3"
    turned = await hall.click(page_two["components"][0]["components"][0]["custom_id"], message["id"], user="beowulf")
    description = turned["messages"][0]["embeds"][0]["description"]
    assert str(first[0]) not in description
    assert "quite another text" in description


async def test_a_click_checks_anew_what_may_be_read(hall, told, bot):
    for n in range(6):
        told(f"plans for the feast, part {n}", channel="tavern")
    _, message, shown = await search(hall, "plans for the feast")
    assert "part" in shown
    tavern = hall.local.channel("tavern")
    guild = bot.bot.get_guild(hall.local.guild().id)
    overwrite = {"id": str(guild.default_role.id), "type": 0, "allow": "0", "deny": str(1 << 10)}
    await hall.local.rest("PATCH", f"/channels/{tavern}", {"permission_overwrites": [overwrite]})
    await hall.until(lambda: guild.get_channel(tavern).overwrites, "the bot hears of it")
    forward = message["components"][0]["components"][1]
    turned = await hall.click(forward["custom_id"], message["id"], user="beowulf")
    description = turned["messages"][0]["embeds"][0]["description"]
    assert description == "These messages are gone, or you may not read them any more."


async def test_nobody_turns_the_pages_of_another(hall, told, bot):
    for n in range(6):
        told(f"plans for the feast, part {n}")
    await hall.local.say("!search plans for the feast", author="beowulf")

    async def reply():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return next((one for one in found if one["components"]), None)

    message = await hall.until_async(reply, "the prefix form is answered")
    forward = message["components"][0]["components"][1]
    refused = await hall.click(forward["custom_id"], message["id"], user="hrothgar")
    assert "belong to somebody else" in refused["messages"][0]["content"]
    turned = await hall.click(forward["custom_id"], message["id"], user="beowulf")
    assert turned["state"] == "answered"


async def test_the_prefix_form_shows_only_what_its_channel_may_see(hall, told, bot):
    told("the treasure lies under the old oak", channel="staff", author="hrothgar")
    told("the treasure is a rumour", channel="tavern")
    answer = await hall.say("!search treasure", user="hrothgar", channel="general")
    assert answer.startswith("I found nothing in this channel.")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("   ", "⚠️ The question is empty. Write what you are looking for."),
        ("x" * 501, "⚠️ The question has 501 characters; at most 500 are allowed."),
    ],
)
async def test_a_question_that_cannot_be_asked_is_named(hall, bot, question, answer):
    assert await hall.text("search", **{"for": question}) == answer


async def test_without_the_model_the_words_answer_and_the_page_says_so(hall, told, bot, monkeypatch):
    told("the harp is out of tune")

    def away(texts):
        raise Unavailable("away")

    monkeypatch.setattr(minilm, "embed", away)
    _, message, shown = await search(hall, "harp")
    assert "out of tune" in shown
    assert "Searched by words alone" in message["embeds"][0]["footer"]["text"]


async def test_a_direct_conversation_is_searched_alone(hall, told, bot):
    told("the password of the feast is mead")
    user = hall.local.user("beowulf")
    opened = await hall.local.rest("POST", "/users/@me/channels", {"recipient_id": str(user)})
    channel = int(opened[1]["id"])
    write("remind me of the feast", guild=0, channel=channel, author=user)
    write("remind me of the feast, says another", guild=0, channel=channel + 1, author=1)
    embed_all()
    answer = await hall.answered(
        (
            await hall.local.post(
                "interactions",
                {
                    "type": "command",
                    "user": str(user),
                    "channel": str(channel),
                    "name": "search",
                    "options": {"for": "feast"},
                },
            )
        )["id"]
    )
    shown = answer["messages"][0]["embeds"][0]["description"]
    assert "remind me of the feast" in shown
    assert "says another" not in shown
    assert "password" not in shown
