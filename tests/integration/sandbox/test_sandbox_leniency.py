"""The control API understands a stranger who knows Discord and the names of the calls, not every field."""

import base64

import pytest


async def test_fields_may_carry_discords_names(local):
    guild = await local.post("guilds", {"name": "Heath"})
    channel = await local.post("channels", {"guild_id": guild["id"], "name": "talk", "type": 0})
    user = await local.post("users", {"username": "stranger", "guild_id": guild["id"]})
    said = {"channel_id": channel["id"], "author_id": user["id"], "content": "here I am"}
    sent = await local.post("messages", said)
    bulk = await local.post("messages", {"messages": [said, said]})
    assert (sent["channel_id"], len(bulk["ids"])) == (channel["id"], 2)
    members = next(g for g in (await local.get("state"))["guilds"] if g["id"] == guild["id"])["members"]
    assert user["id"] in {member["id"] for member in members}
    assert all(member["id"] == member["user"]["id"] for member in members)


async def test_two_names_for_one_field_are_refused(local):
    channel = str(local.channel())
    body = {"channel": channel, "channel_id": channel, "author": str(local.user()), "content": "x"}
    assert "unknown field 'channel_id'" in (await local.post("messages", body, 400))["error"]


@pytest.mark.parametrize("asked", [{"type": "dm"}, {"type": 1}, {}])
@pytest.mark.parametrize("name", ["user", "user_id", "recipient", "recipient_id"])
async def test_direct_messages_are_opened_with_a_user_alone(local, asked, name):
    opened = await local.post("channels", {**asked, name: str(local.user())})
    assert (opened["type"], opened["user"]) == (1, str(local.user()))
    assert opened["id"] in {c["id"] for c in (await local.get("state"))["direct"]}


async def test_half_a_surrogate_pair_becomes_the_replacement_character(local):
    body = f'{{"channel": "{local.channel()}", "author": "{local.user()}", "content": "a\\ud800b \\ud83d\\ude00"}}'
    async with local.http.post(f"{local.base}/sandbox/messages", data=body) as response:
        assert (await response.json())["content"] == "a\ufffdb \U0001f600"


@pytest.mark.parametrize("body", ["{", "\ud800", '{"channel": NaN', "[" * 5000])
async def test_what_is_no_json_is_refused_in_one_line(local, body):
    sent = local.http.post(f"{local.base}/sandbox/messages", data=body.encode(errors="surrogatepass"))
    async with sent as response:
        assert response.status == 400
        assert "the body is not valid JSON" in (await response.json())["error"]


@pytest.mark.parametrize(
    ("attachment", "text"),
    [
        ({"filename": "a.txt", "data": base64.b64encode(b"mead").decode()}, "mead"),
        ({"filename": "a.txt", "text": "mead"}, "mead"),
        ({"name": "a.txt", "content": "mead"}, "mead"),
        ({"filename": "a.txt"}, ""),
        ("a.txt", ""),
    ],
)
async def test_attachments_may_be_described_in_several_ways(local, attachment, text):
    (file,) = (await local.say("look", attachments=[attachment]))["attachments"]
    async with local.http.get(file["url"]) as response:
        assert (file["filename"], await response.text()) == ("a.txt", text)


async def test_people_may_write_as_much_as_a_subscriber_and_bots_half_of_it(local):
    sent = await local.say("x" * 4000)
    assert len(sent["content"]) == 4000
    edited = {"channel": sent["channel_id"], "message": sent["id"], "content": "y" * 4000}
    assert len((await local.post("messages/edit", edited))["content"]) == 4000
    robot = await local.post("users", {"name": "robot", "bot": True, "guild": str(local.guild().id)})
    body = {"channel": sent["channel_id"], "author": robot["id"], "content": "x" * 2001}
    assert "Discord refuses" in (await local.post("messages", body, 400))["error"]


async def test_joining_twice_changes_nothing(local):
    user = (await local.post("users", {"name": "newcomer"}))["id"]
    joining = {"guild": str(local.guild().id), "user": user, "action": "join"}
    answers = [await local.post("members", joining) for _ in range(2)]
    assert [answer["changed"] for answer in answers] == [True, False]
