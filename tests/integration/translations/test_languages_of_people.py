"""English and French through the real bot."""

from tests.factories.hall import rows
from tests.integration.profile.test_profile_help_ping import written

REFUSAL = "⚠️ Il vous faut la permission : Gérer le serveur."


async def use(hall, user: str, name: str, **options):
    return await hall.answered(await hall.begin(user=user, name=name, options=options, force=True))


async def test_a_french_discord_reads_french(hall, bot):
    answer = await use(hall, "margaux", "settings show")
    assert answer["messages"][0]["content"] == REFUSAL


async def test_a_persons_own_choice_beats_their_discord(hall, workers, bot):
    workers.start()
    chosen = await use(hall, "margaux", "language", language="en")
    assert chosen["messages"][0]["content"] == "✅ I will speak English to you."
    await hall.until(lambda: hall.local.user("margaux") in bot.policy.data.languages, "the bot knows", 3)
    answer = await use(hall, "margaux", "settings show")
    assert answer["messages"][0]["content"] == "⚠️ You need the permission: Manage Server."
    await use(hall, "margaux", "language", language="auto")
    await hall.until(lambda: not bot.policy.data.languages, "the bot knows", 3)
    assert (await use(hall, "margaux", "settings show"))["messages"][0]["content"] == REFUSAL


async def test_the_guilds_language_serves_the_prefix_form(hall, workers, bot):
    workers.start()
    assert (await hall.text("settings set", key="language", value="français")).startswith("✅")
    await hall.until(lambda: bot.policy.data.locales, "the bot knows", 3)
    assert await hall.say("!settings show", user="beowulf") == REFUSAL


async def test_an_unknown_language_is_refused(hall, workers, bot):
    workers.start()
    answer = await hall.text("language", language="klingon")
    assert answer == "⚠️ “klingon” is no language of mine. Allowed: en, fr, auto."
    assert rows("SELECT count(*) FROM user_preferences") == [(0,)]


SAME_IN_FRENCH = {"xp", "duel", "quiz", "ping", "quizduo", "c21", "007", "cache", "audit"}


async def test_slash_commands_have_french_names_and_descriptions(hall, bot):
    found = await hall.local.get(f"commands?user={hall.local.user('margaux')}&channel={hall.local.channel()}")
    names = {command["name"]: command["name_localized"] for command in found}
    assert names["profile"] == "profil"
    assert names["privacy"] == "confidentialité"
    for command in found:
        assert command["name_localized"] != command["name"] or command["name"] in SAME_IN_FRENCH, command["name"]
        assert command["description_localized"] != command["description"]


async def test_french_names_serve_everybody_by_slash_and_by_prefix(hall, bot):
    for user in ("margaux", "beowulf"):
        assert (await use(hall, user, "aide", command="confidentialité voir"))["state"] == "answered"
    assert "I have of you here" in await hall.text("confidentialité voir", user="beowulf")
    assert "I have of you here" in await hall.say("!confidentialité voir", user="beowulf")
    assert "I have of you here" in await hall.say("!privacy show", user="beowulf")


async def test_help_writes_a_command_as_its_reader_does(hall, bot):
    (message,) = (await use(hall, "margaux", "help"))["messages"]
    assert "`/confidentialité voir`" in written(message)
    assert "Confidentialité: " in written(message)
    assert "`!privacy show`" in written(await hall.said("!aide", user="beowulf"))
