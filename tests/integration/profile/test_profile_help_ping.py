"""/profile, /help and /ping through the real bot."""

import asyncio
import time
from datetime import UTC, datetime

from app.core import ledger
from app.core.redis import broker_redis
from tests.factories.hall import rows
from tests.integration.privacy.people import person


def fields(answer) -> dict[str, str]:
    return {field["name"]: field["value"] for field in answer["messages"][0]["embeds"][0]["fields"]}


async def test_a_profile_shows_the_totals_of_this_guild(hall, bot):
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    other = next(g.id for g in hall.local.box.world.guilds.values() if g.id != guild)
    person(user, guild, messages=4)
    person(user, other, messages=1)
    wrote = {guild: datetime(2026, 11, 20, 12, tzinfo=UTC), other: datetime(2026, 11, 21, 12, tzinfo=UTC)}
    for where, moment in wrote.items():
        rows("UPDATE members SET last_message_at = %s WHERE guild_id = %s AND user_id = %s", moment, where, user)
    answer = await hall.use("profile", user="beowulf")
    found = fields(answer)
    assert (found["Messages"], found["Active days"], found["Voice time"]) == ("4", "2", "1 h 2 min")
    assert found["First seen"].startswith("<t:")
    assert found["Last message"] == f"<t:{wrote[guild].timestamp():.0f}:R>"
    assert fields(await hall.use("profile", user="wiglaf", member=str(user)))["Messages"] == "4"


async def test_a_profile_of_who_never_wrote_tells_of_no_last_message(hall, bot):
    rows("INSERT INTO members (guild_id, user_id) VALUES (%s, %s)", hall.local.guild().id, hall.local.user("beowulf"))
    found = fields(await hall.use("profile", user="beowulf"))
    assert found["Messages"] == "0"
    assert "Last message" not in found


async def test_a_profile_in_french(hall, bot):
    guild, user = hall.local.guild().id, hall.local.user("margaux")
    rows("INSERT INTO members (guild_id, user_id, last_message_at) VALUES (%s, %s, now())", guild, user)
    found = fields(await hall.use("profile", user="margaux"))
    assert found["Dernier message"].endswith(":R>")


async def test_a_profile_of_a_stranger_says_so(hall, bot):
    assert "I know nothing of Wiglaf here yet." in await hall.text("profile", user="wiglaf")


async def test_the_prefix_form_finds_members_and_names_who_it_does_not_find(hall, bot):
    assert "I found nobody called “grendel”" in await hall.say("!profile grendel")
    assert "I know nothing of Wiglaf" in await hall.say(f"!profile {hall.local.user('wiglaf')}")


def written(message) -> str:
    """All that one message of help says."""
    embed = message["embeds"][0]
    fields = [f"{field['name']}: {field['value']}" for field in embed.get("fields", [])]
    return "\n".join([embed["title"], embed.get("description", ""), *fields])


async def helped(hall, **options) -> str:
    (message,) = (await hall.use("help", **options))["messages"]
    return written(message)


def menu(message):
    return message["components"][0]["components"][0]


async def test_help_shows_only_what_the_reader_may_use(hall, bot):
    admin, member = await helped(hall), await helped(hall, user="beowulf")
    assert "`/settings set`" in admin
    assert "/settings" not in member
    assert "/setup" not in member
    assert "`/privacy erase`" in member


async def test_help_opens_a_topic_in_the_same_message(hall, bot):
    (message,) = (await hall.use("help", user="beowulf"))["messages"]
    topics = [option["label"] for option in menu(message)["options"]]
    assert topics[0] == "Everything"
    assert topics[1:] == sorted(topics[1:])
    assert {"Games", "Levels", "Privacy"} <= set(topics)

    async def opened(topic, *, user="beowulf"):
        found = await hall.click(menu(message)["custom_id"], message["id"], user=user, values=[topic])
        return found["messages"][-1]

    privacy = await opened("Privacy")
    assert privacy["id"] == message["id"]
    assert "**/privacy erase** - " in written(privacy)
    assert "/level" not in written(privacy)
    assert [option["label"] for option in menu(privacy)["options"] if option.get("default")] == ["Privacy"]
    assert "`/level`" in written(await opened("*"))


async def test_nothing_of_help_is_cut_off_for_those_who_may_use_everything(hall, bot):
    message = await hall.said("!help")
    shown = [written(message)]
    for option in menu(message)["options"]:
        found = await hall.click(menu(message)["custom_id"], message["id"], values=[option["value"]])
        shown.append(written(found["messages"][-1]))
    assert len(shown) > 8
    assert not [text for text in shown if "…" in text]


async def test_the_menu_of_help_is_the_readers_own_and_asks_for_rights_anew(hall, bot):
    guild = hall.local.guild()
    admin = next(role for role in guild.roles.values() if role.name == "Admin")

    async def has_roles(*roles):
        body = {"guild": str(guild.id), "user": str(hall.local.user("wiglaf")), "action": "update"}
        await hall.local.post("members", {**body, "roles": [str(role) for role in roles]})

    await has_roles(admin.id)
    message = await hall.said("!help", user="wiglaf")
    assert "`!settings set`" in written(message)

    async def opened(user):
        chosen = {"message": message["id"], "values": ["Settings"]}
        return (await hall.click(menu(message)["custom_id"], user=user, **chosen))["messages"][-1]

    assert (await opened("beowulf"))["content"].startswith("⚠️ These buttons belong to somebody else.")
    assert "**!settings set <key>" in written(await opened("wiglaf"))
    await has_roles()
    assert "!settings" not in written(await opened("wiglaf"))


async def test_an_old_menu_of_help_works_after_a_restart(hall, bot):
    (message,) = (await hall.use("help", user="beowulf"))["messages"]
    await hall.stop_bot()
    # No worker takes events here, and a starting bot would wait for those of before.
    broker_redis().delete(ledger.key("ingest"))
    await hall.start_bot()
    found = await hall.click(menu(message)["custom_id"], message["id"], user="beowulf", values=["Games"])
    assert "**/slots** - " in written(found["messages"][-1])


async def test_help_explains_one_command_and_names_those_there_are(hall, bot):
    text = await hall.text("help", command="profile", user="beowulf")
    assert "/profile" in text
    assert "`member`" in text
    refused = await hall.text("help", command="settings set", user="beowulf")
    assert refused.startswith("⚠️ There is no command “settings set” for you here.")
    assert "privacy show" in refused


async def test_ping_measures_gateway_queue_and_database(hall, workers, bot):
    workers.start()
    await hall.until(lambda: " ready." in workers.log(), "the worker takes tasks")
    text = await hall.text("ping")
    assert text.startswith("🏓 Gateway: **")
    assert "no answer" not in text
    assert rows("SELECT command, state FROM outcomes") == [("commands.ping", "done")]


async def test_ping_without_workers_says_which_part_is_silent(hall, bot):
    text = await hall.text("ping")
    assert "Queue: **no answer**" in text
    assert "Database: **no answer**" not in text


async def test_reads_are_answered_while_redis_hangs(hall, bot):
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    person(user, guild, messages=4)
    seconds = 8
    start = time.monotonic()
    broker_redis().execute_command("CLIENT", "PAUSE", seconds * 1000, "ALL")
    assert fields(await hall.use("profile", user="beowulf"))["Messages"] == "4"
    assert "messages: 4" in await hall.text("privacy show", user="beowulf")
    assert "**prefix**" in await hall.text("settings show")
    assert (await hall.text("search", user="beowulf", **{"for": "nothing of the kind"})).startswith("I found nothing")
    assert time.monotonic() - start < seconds, "all of it while Redis was silent"
    await asyncio.sleep(seconds + 0.2 - (time.monotonic() - start))  # Valkey itself ends the pause by the clock.


async def test_a_cooldown_is_told(hall, bot):
    for _ in range(5):
        await hall.text("help")
    assert "Please wait" in await hall.text("help")
    assert "Please wait" not in await hall.text("help", user="beowulf")
