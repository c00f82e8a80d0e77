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
