"""Taking over levels from another bot's file, and giving them out, through the real bot, a worker and the sandbox."""

import base64
import json

import pytest

from app.community.leveling.rules import total_for
from tests.factories.hall import rows as stored
from tests.factories.levels import grant, news, settle, standing

ELSEWHERE = 999


@pytest.fixture
async def level_hall(hall, workers, bot):
    workers.start("commands,outbound,maintenance")
    return hall


def guild(hall) -> int:
    return hall.local.guild().id


def user(hall, name: str) -> int:
    return int(hall.local.user(name))


def attached(content, name: str = "levels.json") -> dict[str, str]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return {"filename": name, "data": base64.b64encode(data).decode()}


async def show(hall, content, **options):
    """The first message of the answer to an import, with the interaction that it answers."""
    begun = await hall.begin(name="leveling import", options={"file": attached(content), **options})
    return {**(await hall.answered(begun))["messages"][0], "interaction": begun}


def button(message, choice: str) -> str:
    found = [item["custom_id"] for row in message["components"] for item in row["components"]]
    return next(name for name in found if f":{choice}:" in name)


async def press(hall, message, choice: str) -> str:
    """What is said after a click: beside the buttons, or in their place."""
    clicked = await hall.begin("button", custom_id=button(message, choice), message=message["id"])
    before = (await hall.answered(message["interaction"]))["messages"][0]["content"]

    async def said() -> str | None:
        beside = (await hall.answered(clicked))["messages"]
        now = (await hall.answered(message["interaction"]))["messages"][0]["content"]
        return beside[-1]["content"] if beside else (now if now != before else None)

    return await hall.until_async(said, "an answer to the click", 15)


async def test_levels_are_shown_applied_silently_with_roles_and_undone(level_hall):
    from tasks.leveling import sweep

    hall, here = level_hall, guild(level_hall)
    ann, ben = user(hall, "beowulf"), user(hall, "wiglaf")
    grant(here, ben, 700)
    stored("INSERT INTO member_levels (guild_id, user_id, xp, level) VALUES (%s, %s, 5, 1)", ELSEWHERE, ann)
    role = (await hall.runtime.bot.get_guild(here).create_role(name="thane")).id
    stored("INSERT INTO level_roles (guild_id, role_id, level) VALUES (%s, %s, 10)", here, role)
    stored("INSERT INTO members (guild_id, user_id) SELECT %s, unnest(%s)", here, [ann, ben])
    coins = stored("SELECT count(*) FROM coin_entries")
    players = [{"id": str(ann), "level": 12, "xp": 9}, {"id": str(ben), "level": 2}, {"id": "77", "level": 3}]
    shown = await show(hall, {"players": players})
    assert (
        "3 members are in the file.\n2 would rise, 1 have as much already, 1 left or are unknown to me."
        in shown["content"]
    )
    assert f"<@{ann}>: level 1 → 12" in shown["content"]
    assert standing(here, ann) is None
    assert "2 members rose" in await press(hall, shown, "apply")
    assert (standing(here, ann), standing(here, ben)) == ((total_for(12), 12), (700, 4))
    member = hall.local.box.world.guilds[here].members[ann]
    sweep()
    await hall.until(lambda: role in member.roles, "the role is given")
    # Nothing is paid or told, also when the member goes on.
    assert news(here) == []
    assert stored("SELECT count(*) FROM coin_entries") == coins
    grant(here, ann, 1200)
    paid = "SELECT reference FROM coin_entries WHERE type = 'level_up' AND target_id = %s"
    assert stored(paid, ann) == [("13",)]

    assert "import of 2 members is undone" in await hall.text("leveling undo")
    assert standing(here, ann) == (1200, 5)
    assert standing(here, ben) == (700, 4)
    assert stored("SELECT xp FROM member_levels WHERE guild_id = %s", ELSEWHERE) == [(5,)]
    sweep()
    await hall.until(lambda: role not in member.roles, "the role is taken")
    # What the member earned themselves is paid now, once.
    settle(here, ann)
    assert sorted(stored(paid, ann)) == [("13",), ("2",), ("3",), ("4",)]
    assert "no import to undo" in await hall.text("leveling undo")
    recorded = stored("SELECT action, before, after FROM xp_changes WHERE user_id = %s ORDER BY id", ann)
    assert recorded == [("import", 0, 6600), ("undo", 7800, 1200)]


async def test_experience_may_be_kept_instead_and_whoever_opted_out_is_left_out(level_hall):
    hall, here = level_hall, guild(level_hall)
    ann, ben = user(hall, "beowulf"), user(hall, "wiglaf")
    stored("INSERT INTO opt_outs (guild_id, user_id) VALUES (%s, %s)", here, ben)
    content = f"user_id,level,xp\n{ann},50,320\n{ben},50,320\n".encode()
    shown = await show(hall, content, keep="xp")
    assert "1 member is in the file" in shown["content"]
    await press(hall, shown, "apply")
    assert stored("SELECT user_id, xp, level FROM member_levels") == [(ann, 320, 3)]


async def test_a_file_can_be_dropped(level_hall):
    hall = level_hall
    shown = await show(hall, [{"id": "5", "level": 9}])
    assert "forgotten" in await press(hall, shown, "drop")
    assert stored("SELECT count(*) FROM level_import_rows") == stored("SELECT count(*) FROM member_levels") == [(0,)]


async def test_a_double_click_applies_once(level_hall):
    hall = level_hall
    shown = await show(hall, [{"id": "5", "xp": 320}], keep="xp")
    click = {"custom_id": button(shown, "apply"), "message": shown["id"]}
    clicks = [await hall.begin("button", **click) for _ in range(2)]

    async def refused() -> list[str]:
        said = [message["content"] for one in clicks for message in (await hall.answered(one))["messages"]]
        return [text for text in said if "no longer there" in text]

    assert len(await hall.until_async(refused, "one of the clicks is refused", 15)) == 1
    assert stored("SELECT xp, level FROM member_levels") == [(320, 3)]
    assert stored("SELECT action, after FROM xp_changes") == [("import", 320)]


async def test_another_file_takes_the_place_of_one_that_was_only_shown(level_hall):
    hall = level_hall
    first = await show(hall, [{"id": "5", "level": 9}])
    second = await show(hall, [{"id": "6", "level": 9}])
    assert "no longer there" in await press(hall, first, "apply")
    assert "1 member rose" in await press(hall, second, "apply")
    assert stored("SELECT user_id FROM member_levels") == [(6,)]


async def test_a_wrong_file_changes_nothing(level_hall):
    hall = level_hall
    for content, words in ((b"\x89PNG", "UTF-8"), ([{"id": "5", "level": "many"}], "row 1"), ([], "no member")):
        shown = await show(hall, content)
        assert words in shown["content"]
        assert not shown.get("components")
    assert stored("SELECT count(*) FROM level_imports") == [(0,)]


async def test_an_import_of_another_guild_cannot_be_applied_here(level_hall):
    hall = level_hall
    shown = await show(hall, [{"id": "5", "level": 9}])
    stored("UPDATE level_imports SET guild_id = %s", ELSEWHERE)
    assert "no longer there" in await press(hall, shown, "apply")
    assert stored("SELECT count(*) FROM member_levels") == [(0,)]


async def test_everybody_is_exported_and_the_file_can_be_imported(level_hall):
    hall, here = level_hall, guild(level_hall)
    ann, ben, cat = (user(hall, name) for name in ("beowulf", "wiglaf", "hrothgar"))
    for who, xp in ((ann, 320), (ben, 100), (cat, 5)):
        grant(here, who, xp)
    grant(ELSEWHERE, ann, 10)
    stored("INSERT INTO opt_outs (guild_id, user_id) VALUES (%s, %s)", here, cat)
    (message,) = (await hall.use("leveling export"))["messages"]
    assert "2 members have experience." in message["content"]
    async with hall.local.http.get(message["attachments"][0]["url"]) as answer:
        data = await answer.read()
    lines = data.decode("utf-8-sig").splitlines()
    assert lines[0] == "user_id,name,level,xp,messages,voice_seconds"
    assert lines[1].startswith(f"{ann},")
    assert ",3,320," in lines[1]
    stored("DELETE FROM member_levels")
    await press(hall, await show(hall, data, keep="xp"), "apply")
    assert stored("SELECT user_id, xp FROM member_levels ORDER BY xp") == [(ben, 100), (ann, 320)]
