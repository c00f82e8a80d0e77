"""Levels as people see and change them, through the real bot, a worker and the sandbox."""

import io
import itertools

import pytest
from PIL import Image

from app.community.leveling.rules import MOST_XP
from tests.factories.hall import rows as stored
from tests.factories.levels import grant, news, standing


def guild(hall) -> int:
    return next(iter(hall.local.box.world.guilds.values())).id


def user(hall, name: str) -> int:
    return int(hall.local.user(name))


@pytest.fixture
async def level_hall(hall, workers, bot):
    workers.start("commands,outbound,maintenance")
    return hall


async def posts_in(hall, channel: str) -> list[str]:
    found = await hall.local.get(f"channels/{hall.local.channel(channel)}/messages")
    return [message["content"] for message in found if message["author"].get("bot")]


async def test_a_card_shows_the_level_and_the_text_says_the_same(hall, bot):
    grant(guild(hall), user(hall, "beowulf"), 150)
    shown = await hall.use("level", member=str(user(hall, "beowulf")))
    (message,) = shown["messages"]
    (embed,) = message["embeds"]
    assert embed["description"].startswith("**Level 2, rank 1, 50 of 200 XP**\n`█████░")
    (file,) = message["attachments"]
    assert "Level 2, rank 1, 50 of 200 XP" in file["description"]
    async with hall.local.http.get(file["url"]) as answer:
        picture = Image.open(io.BytesIO(await answer.read()))
    assert picture.size == (934, 282)
    assert not shown["ephemeral"]


async def test_the_french_name_works_after_the_prefix_and_nobody_is_at_level_one(hall, bot):
    await hall.local.say("!niveau", author="beowulf")

    async def answer():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return next((message for message in found if message["author"].get("bot")), None)

    shown = await hall.until_async(answer, "the card is shown")
    assert shown["embeds"][0]["description"].startswith("**Level 1, 0 of 100 XP**")
    assert len(shown["attachments"]) == 1


async def test_admins_change_experience_with_a_record_and_a_line_in_the_log_channel(level_hall):
    hall, here = level_hall, guild(level_hall)
    log = hall.local.channel("mead-hall") if "mead-hall" in str(await hall.local.get("state")) else hall.local.channel()
    stored("INSERT INTO guild_settings (guild_id, log_channel_id) VALUES (%s, %s)", here, int(log))
    who = user(hall, "beowulf")
    text = await hall.text("xp add", member=str(who), amount=320)
    assert text == f"✅ <@{who}> had 0 XP, and has 320: level 3."
    assert "has 20: level 1" in await hall.text("xp remove", member=str(who), amount=300)
    assert "has 0: level 1" in await hall.text("xp remove", member=str(who), amount=300)
    assert "has 600: level 4" in await hall.text("xp set", member=str(who), amount=600)
    assert standing(here, who) == (600, 4)
    recorded = stored("SELECT action, before, after, actor_id FROM xp_changes ORDER BY id")
    admin = user(hall, "hrothgar")
    assert recorded == [
        ("add", 0, 320, admin),
        ("remove", 320, 20, admin),
        ("remove", 20, 0, admin),
        ("set", 0, 600, admin),
    ]
    history = await hall.text("xp history", member=str(who))
    assert f"`add`: <@{who}>, 0 → 320 XP, by <@{admin}>" in history
    await hall.until(
        lambda: len(stored("SELECT 1 FROM outbound_posts WHERE kind = 'leveling' AND sent_at IS NOT NULL")) == 4,
        "the log",
    )
    # Levels 2, 3 and 4 were paid once although 2 and 3 were reached twice.
    await hall.until(lambda: not stored("SELECT 1 FROM level_rewards WHERE paid_at IS NULL"), "the rewards")
    assert stored("SELECT sum(amount)::int FROM coin_entries WHERE type = 'level_up'") == [(150,)]


@pytest.mark.parametrize(
    ("action", "amount", "words"),
    [
        ("add", 0, f"Allowed: 1 to {MOST_XP}"),
        ("add", -5, f"Allowed: 1 to {MOST_XP}"),
        ("remove", 0, f"Allowed: 1 to {MOST_XP}"),
        ("set", -1, f"Allowed: 0 to {MOST_XP}"),
        ("set", MOST_XP + 1, f"Allowed: 0 to {MOST_XP}"),
        ("add", 2**53, "Allowed"),
    ],
)
async def test_unusable_amounts_are_refused_and_change_nothing(level_hall, action, amount, words):
    who = str(user(level_hall, "beowulf"))
    assert words in await level_hall.text(f"xp {action}", member=who, amount=amount)
    assert stored("SELECT count(*) FROM member_levels") == stored("SELECT count(*) FROM xp_changes") == [(0,)]


async def test_text_bots_and_opted_out_members_are_refused(level_hall):
    hall = level_hall
    who = user(hall, "beowulf")
    stored("INSERT INTO opt_outs (guild_id, user_id) VALUES (%s, %s)", guild(hall), who)
    me = str(hall.local.box.world.application.id)
    assert "is a bot" in await hall.text("xp add", member=me, amount=5)
    assert "is a bot" in await hall.text("level", member=me)
    assert "opted out" in await hall.text("xp add", member=str(who), amount=5)
    assert "opted out" in await hall.text("levelnews", user="beowulf", direct=True)
    for amount in ("lots", "1.5"):
        assert "⚠️" in await hall.say(f"!xp add <@{user(hall, 'hrothgar')}> {amount}")
    assert "Manage Server" in await hall.say(f"!xp add <@{user(hall, 'hrothgar')}> 5", user="wiglaf")
    assert stored("SELECT count(*) FROM member_levels") == [(0,)]


async def in_channel(hall, place: str, factor: str) -> str:
    options = {"channel": place, "factor": factor}
    answer = await hall.answered(await hall.begin(name="leveling multiplier channel", options=options))
    return answer["messages"][0]["content"]


async def test_multipliers_are_set_shown_and_taken_back(level_hall):
    hall = level_hall
    place = str(hall.local.channel())
    assert await in_channel(hall, place, "1,5") == (f"✅ Experience in <#{place}> is now worth 1.5 times as much.")
    assert "no experience in" in await in_channel(hall, place, "0")
    assert f"<#{place}>: no experience" in await hall.text("leveling show")
    assert "1 times" in await in_channel(hall, place, "1")
    assert stored("SELECT count(*) FROM xp_multipliers") == [(0,)]
    assert "Allowed: 0 to 10" in await in_channel(hall, place, "11")
    assert stored("SELECT count(*) FROM xp_multipliers") == [(0,)]


def role_named(hall, name: str, *, position: int = 1) -> int:
    found = [r for r in hall.local.box.world.guilds[guild(hall)].roles.values() if r.name == name]
    return found[0].id


async def make_role(hall, name: str) -> str:
    made = await hall.runtime.bot.get_guild(guild(hall)).create_role(name=name)
    return str(made.id)


async def test_roles_come_with_levels_and_go_with_them(level_hall):
    hall, here = level_hall, guild(level_hall)
    who = user(hall, "beowulf")
    role = await make_role(hall, "thane")
    grant(here, who, 350)
    assert "1 member gets it now" in await hall.text("leveling role add", level=3, role=role)
    member = hall.local.box.world.guilds[here].members[who]
    from tasks.leveling import sweep

    sweep()
    await hall.until(lambda: int(role) in member.roles, "the role is given")
    await hall.text("xp set", member=str(who), amount=100)
    await hall.until(lambda: int(role) not in member.roles, "the role is taken")
    await hall.text("xp set", member=str(who), amount=400)
    await hall.until(lambda: int(role) in member.roles, "the role is given again")
    assert f"<@&{role}>: from level 3 on" in await hall.text("leveling role list")
    assert "Whoever has it keeps it" in await hall.text("leveling role remove", role=role)
    assert "belongs to no level" in await hall.text("leveling role remove", role=role)
    for level in (1, 0, 1001):
        assert "Allowed: 2 to 1000" in await hall.text("leveling role add", level=level, role=role)


async def test_a_role_that_cannot_be_given_is_refused_at_once_and_told_once_when_it_fails_later(level_hall):
    hall, here = level_hall, guild(level_hall)
    everyone = str(here)
    assert "cannot be given" in await hall.text("leveling role add", level=2, role=everyone)
    stored("INSERT INTO guild_settings (guild_id, log_channel_id) VALUES (%s, %s)", here, int(hall.local.channel()))
    stored("INSERT INTO level_roles (guild_id, role_id, level) VALUES (%s, 12345, 2)", here)
    for name in ("beowulf", "wiglaf"):
        grant(here, user(hall, name), 100)
    from tasks.leveling import sweep

    sweep()
    failed = "SELECT count(*) FROM level_role_changes WHERE failed_at IS NOT NULL"
    await hall.until(lambda: stored(failed) == [(2,)], "both are refused")
    assert stored("SELECT count(*) FROM outbound_posts WHERE kind = 'leveling'") == [(1,)]


async def test_people_chat_react_and_reach_a_level_that_is_told(hall, workers, bot):
    workers.start("ingest,commands,outbound,maintenance")
    here, who = guild(hall), user(hall, "beowulf")
    stored("INSERT INTO member_levels (guild_id, user_id, xp) VALUES (%s, %s, 98)", here, who)
    said = await hall.local.say("hwæt", author="beowulf")
    await hall.until(lambda: (standing(here, who) or (0, 0))[0] > 98, "the message counts")
    for name in itertools.islice(("wiglaf", "hrothgar", "beowulf"), 3):
        reaction = {"channel": str(hall.local.channel()), "message": said["id"], "user": str(user(hall, name))}
        await hall.local.post("reactions", {**reaction, "emoji": "👍", "action": "add"})
    await hall.until(lambda: standing(here, who)[1] == 2, "the level rises")
    await hall.until(
        lambda: stored("SELECT xp > 100 AND xp <= 98 + 3 + 4 FROM member_levels WHERE xp > 98") == [(True,)], "xp"
    )

    async def told():
        return [text for text in await posts_in(hall, "general") if f"<@{who}> reached level 2!" in text]

    await hall.until_async(told, "the level is told")
    assert len(news(here)) == 1


async def test_whoever_asked_for_it_hears_of_levels_by_direct_message(level_hall):
    hall = level_hall
    who = user(hall, "beowulf")
    assert "I will write you" in await hall.text("levelnews", user="beowulf", direct=True)
    await hall.text("xp add", member=str(who), amount=100)
    sent = "SELECT user_id, channel_id FROM outbound_posts WHERE kind = 'level' AND sent_at IS NOT NULL"
    await hall.until(lambda: stored(sent) == [(who, None)], "the direct message")
    assert "no longer" in await hall.text("levelnews", user="beowulf", direct=False)
