"""Settings through the real bot, the sandbox and a real worker."""

import psycopg2
import pytest

from app.bot.checks import is_off
from app.core import ledger
from app.core.cache.runtime import Listener, runtime
from app.core.features import FEATURES
from app.core.redis import broker_redis
from app.core.settings import settings
from tests.factories.hall import rows
from tests.integration.profile.test_profile_help_ping import helped


def stored(column: str, guild: int):
    found = rows(f"SELECT {column} FROM guild_settings WHERE guild_id = %s", guild)
    return found[0][0] if found else None


def other_guild(hall) -> int:
    return next(guild.id for guild in hall.local.box.world.guilds.values() if guild.name != "Mead Hall")


async def test_every_setting_is_shown_with_what_it_is_for(hall, bot):
    text = await hall.text("settings show")
    for key in ("language", "timezone", "content", "prefix", "log-channel", "retention-days", "feature-search"):
        assert f"**{key}**" in text


async def test_a_change_touches_its_guild_alone(hall, workers, bot):
    workers.start()
    here, there = hall.local.guild().id, other_guild(hall)
    assert (await hall.text("settings set", key="content", value="off")).startswith("✅")
    assert stored("content_mode", here) == "off"
    assert rows("SELECT count(*) FROM guild_settings WHERE guild_id = %s", there) == [(0,)]
    await hall.until(lambda: bot.policy.content_mode(here) == "off", "the bot obeys", 3)
    assert bot.policy.content_mode(there) == "store"


async def test_a_bad_value_is_named_with_what_is_allowed_and_changes_nothing(hall, workers, bot):
    workers.start()
    assert (
        await hall.text("settings set", key="content", value="everything")
        == "⚠️ “everything” is no content. Allowed: off, counts, store."
    )
    assert "There is no setting “colour”. There are: language," in await hall.text(
        "settings set", key="colour", value="x"
    )
    assert rows("SELECT count(*) FROM guild_settings") == [(0,)]
    assert rows("SELECT count(*) FROM outcomes") == [(0,)]


async def test_who_may_not_manage_the_guild_is_refused_in_both_forms(hall, bot):
    refusal = "⚠️ You need the permission: Manage Server."
    slash = await hall.answered(
        await hall.begin(user="beowulf", name="settings set", options={"key": "prefix", "value": "?"}, force=True)
    )
    assert slash["messages"][0]["content"] == refusal
    assert slash["ephemeral"]
    assert await hall.say("!settings set prefix ?", user="beowulf") == refusal
    assert rows("SELECT count(*) FROM guild_settings") == [(0,)]


async def test_the_prefix_form_does_the_same(hall, workers, bot):
    workers.start()
    assert await hall.say("!settings set timezone europe/paris") == "✅ **timezone** is now `Europe/Paris`."
    assert stored("timezone", hall.local.guild().id) == "Europe/Paris"
    assert "for example: `settings set timezone" in await hall.say("!settings set timezone")


async def test_a_log_channel_of_another_guild_is_no_channel_here(hall, bot):
    there = next(c for c in hall.local.box.world.channels.values() if c.guild_id == other_guild(hall) and c.kind == 0)
    text = await hall.text("settings set", key="log-channel", value=f"<#{there.id}>")
    assert text.startswith(f"⚠️ “<#{there.id}>” is no text channel of this server.")


async def test_the_log_channel_hears_of_changes(hall, workers, bot):
    workers.start()
    channel = hall.local.channel()
    assert "✅ **log-channel**" in await hall.text("settings set", key="log-channel", value="general")
    assert (await hall.text("settings set", key="retention-days", value="30")).startswith("✅")

    async def posts():
        found = await hall.local.get(f"channels/{channel}/messages")
        mine = [m["content"] for m in found if m["content"].startswith("⚙️")]
        return mine if len(mine) == 2 else None

    said = await hall.until_async(posts, "both changes are posted")
    assert f"<@{hall.local.user('hrothgar')}> set **retention-days** to `30`." in "\n".join(said)
    assert rows("SELECT count(*) FROM outbound_posts WHERE sent_at IS NOT NULL AND message_id IS NOT NULL") == [(2,)]


async def test_keys_and_values_are_suggested(hall, bot):
    async def choices(**options):
        interaction = await hall.begin("autocomplete", name="settings set", options=options, focused=list(options)[-1])
        return [choice["value"] for choice in (await hall.answered(interaction))["choices"]]

    assert "timezone" in await choices(key="zone")
    assert await choices(key="content", value="") == ["off", "counts", "store"]
    assert "Europe/Paris" in await choices(key="timezone", value="paris")
    assert str(hall.local.channel()) in await choices(key="log-channel", value="gen")
    assert await choices(key="nonsense", value="") == []


async def test_without_a_value_a_window_asks_for_it(hall, workers, bot):
    workers.start()
    opened = await hall.use("settings set", key="prefix")
    assert opened["modal"]["custom_id"] == "setting:prefix"
    sent = await hall.begin("modal", custom_id="setting:prefix", fields={"value": "+"})
    assert (await hall.answered(sent))["messages"][0]["content"] == "✅ **prefix** is now `+`."
    await hall.use("settings set", key="prefix")
    bad = await hall.begin("modal", custom_id="setting:prefix", fields={"value": "abc"})
    assert "is no prefix" in (await hall.answered(bad))["messages"][0]["content"]
    assert stored("prefix", hall.local.guild().id) == "+"


async def test_a_switched_off_feature_says_so_and_leaves_the_help(hall, workers, bot):
    workers.start()
    assert "/profile" in await helped(hall)
    await hall.text("settings set", key="feature-profile", value="off")
    await hall.until(lambda: bot.policy.data.switched_off, "the bot knows the switch", 3)
    assert await hall.text("profile") == "⚠️ This server has switched “profile” off."
    assert await hall.say("!profile") == "⚠️ This server has switched “profile” off."
    assert "/profile" not in await helped(hall)


@pytest.mark.timeout(120)
async def test_the_panel_sets_a_guild_up(hall, workers, bot):
    workers.start()
    guild = hall.local.guild().id
    panel = await hall.use("setup")
    assert panel["ephemeral"]
    message = panel["messages"][0]
    assert "I also keep the text of messages" in message["content"]

    async def shown(words: str):
        async def look():
            found = await hall.local.get(f"interactions/{panel['id']}")
            return words in found["messages"][0]["content"]

        await hall.until_async(look, f"the panel says {words}")

    await hall.begin("select", custom_id="setup:content", message=message["id"], values=["counts"])
    await shown("but not what")
    await hall.begin("select", custom_id="setup:log-channel", message=message["id"], values=[str(hall.local.channel())])
    await shown(f"<#{hall.local.channel()}>")
    await hall.begin("select", custom_id="setup:features", message=message["id"], values=["profile"])
    await shown("**features**: profile")
    await hall.begin("select", custom_id="setup:language", message=message["id"], values=["fr"])
    await shown("Français")
    await hall.begin("button", custom_id="setup:done", message=message["id"])
    await shown("Setup is finished")
    columns = "content_mode, locale, log_channel_id, set_up, features"
    assert rows(f"SELECT {columns} FROM guild_settings WHERE guild_id = %s", guild) == [
        ("counts", "fr", hall.local.channel(), True, {**dict.fromkeys(FEATURES, False), "profile": True})
    ]


async def test_every_click_on_the_panel_is_checked_anew(hall, workers, bot):
    workers.start()
    said = await hall.local.say("!setup", author="hrothgar")

    async def posted():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return next((m for m in found if m.get("components") and int(m["id"]) > int(said["id"])), None)

    message = await hall.until_async(posted, "the panel is posted")
    clicked = await hall.begin(
        "select", user="beowulf", custom_id="setup:content", message=message["id"], values=["off"]
    )
    answer = await hall.answered(clicked)
    assert answer["messages"][-1]["content"] == "⚠️ You need the permission: Manage Server."
    assert rows("SELECT count(*) FROM guild_settings") == [(0,)]


async def test_an_old_panel_works_after_a_restart(hall, workers, bot):
    workers.start()
    panel = await hall.use("setup")
    await hall.stop_bot()
    # No worker takes events here, and a starting bot would wait for those of before.
    broker_redis().delete(ledger.key("ingest"))
    await hall.start_bot()
    await hall.begin("select", custom_id="setup:content", message=panel["messages"][0]["id"], values=["off"])

    async def changed():
        return stored("content_mode", hall.local.guild().id) == "off"

    await hall.until_async(changed, "the click counted")


@pytest.mark.alone
async def test_a_database_that_hangs_is_told_before_discord_gives_up(hall, bot):
    connection = psycopg2.connect(settings().database_url)
    connection.cursor().execute("LOCK TABLE guild_settings IN ACCESS EXCLUSIVE MODE")
    try:
        answer = await hall.use("settings show")
    finally:
        connection.close()
    assert answer["state"] == "answered"
    assert answer["messages"][0]["content"].startswith("⚠️ My memory is out of reach at the moment.")


async def test_options_of_a_feature_are_shown_and_set_like_settings(hall, workers, bot):
    workers.start()
    guild = hall.local.guild().id
    assert "/settings show with one of `economy`" in await hall.text("settings show")
    assert "**start-coins**: the default (`25`) - Coins that a member begins with" in await hall.text(
        "settings show", group="economy"
    )
    assert await hall.text("settings set", key="start-coins", value="40") == "✅ **start-coins** is now `40`."
    assert stored("options", guild) == {"start-coins": 40}
    assert "**start-coins**: `40`" in await hall.say("!settings show economy")
    assert await hall.text("settings set", key="start-coins", value="-1") == (
        "⚠️ “-1” is no start-coins. Allowed: 0-1000000, default."
    )
    await hall.text("settings set", key="start-coins", value="default")
    assert stored("options", guild) == {}
    assert rows("SELECT count(*) FROM guild_settings WHERE guild_id = %s", other_guild(hall)) == [(0,)]


async def test_a_part_is_refused_where_the_whole_is_switched_off(hall, workers, bot):
    workers.start()
    guild = hall.local.guild().id
    await hall.text("settings set", key="feature-economy", value="off")
    await hall.until(lambda: is_off(bot, guild, "games"), "the bot knows the switch", 3)
    assert is_off(bot, guild, "economy")
    assert not is_off(bot, other_guild(hall), "games")


async def test_who_changed_something_reads_the_change_before_the_cache_is_told(hall, workers, bot, monkeypatch):
    workers.start("commands")
    await hall.text("settings show")
    await hall.until(lambda: runtime().listener.is_live, "this process remembers settings")
    await hall.text("settings show")
    monkeypatch.setattr(Listener, "_hear", lambda *_: None)
    assert await hall.text("settings set", key="prefix", value="?") == "✅ **prefix** is now `?`."
    assert "**prefix**: `?`" in await hall.text("settings show")
