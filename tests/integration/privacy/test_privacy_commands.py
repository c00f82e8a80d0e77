"""/privacy through the real bot and a real worker."""

from app.bot.context import Context
from app.core.answers import Answer
from tests.factories.hall import rows
from tests.integration.privacy.people import person


async def test_what_is_kept_is_shown(hall, bot):
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    person(user, guild)
    text = await hall.text("privacy show", user="beowulf")
    assert "I also keep the text of messages" in text
    assert "messages: 3" in text
    assert "voice sessions: 1" in text
    assert "nothing" in await hall.text("privacy show", user="wiglaf")


async def test_off_is_obeyed_here_and_at_once_and_on_takes_it_back(hall, workers, bot):
    workers.start()
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    rows(
        "INSERT INTO voice_sessions (guild_id, user_id, seq, channel_id, started_at) VALUES (%s, %s, 1, 5, now())",
        guild,
        user,
    )
    assert (await hall.text("privacy off", user="beowulf")).startswith("✅ From now on I record nothing of you here.")
    assert bot.policy.is_opted_out(guild, user)
    assert rows("SELECT guild_id, user_id FROM opt_outs") == [(guild, user)]
    assert rows("SELECT count(*) FROM voice_sessions") == [(0,)], "its end would never be recorded"
    assert "and I obey" in await hall.text("privacy show", user="beowulf")
    assert "does not want to be recorded" in await hall.text("profile", member=str(user))
    assert (await hall.text("privacy on", user="beowulf")).startswith("✅")
    assert rows("SELECT count(*) FROM opt_outs") == [(0,)]
    await hall.until(lambda: not bot.policy.is_opted_out(guild, user), "the bot knows", 3)


async def test_erasing_asks_first_and_only_its_owner_may_confirm(hall, workers, bot):
    workers.start()
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    person(user, guild)
    asked = await hall.use("privacy erase", user="beowulf")
    message = asked["messages"][0]
    assert "cannot be undone" in message["content"]
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s", user) == [(3,)]
    await hall.begin("button", user="beowulf", custom_id="privacy:here", message=message["id"])

    async def told():
        found = (await hall.local.get(f"interactions/{asked['id']}"))["messages"][0]
        return found if "is erased" in found["content"] else None

    shown = await hall.until_async(told, "the erasure is told")
    assert shown["components"] == []
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s", user) == [(0,)]
    assert rows("SELECT guild_id FROM erasures WHERE user_id = %s", user) == [(guild,)]


async def test_cancelling_erases_nothing(hall, bot):
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    person(user, guild)
    asked = await hall.use("privacy erase", user="beowulf")
    await hall.begin("button", user="beowulf", custom_id="privacy:cancel", message=asked["messages"][0]["id"])

    async def told():
        return (await hall.local.get(f"interactions/{asked['id']}"))["messages"][0]["content"] == "Nothing was erased."

    await hall.until_async(told, "it is told")
    assert rows("SELECT count(*) FROM erasures") == [(0,)]


async def test_somebody_elses_button_is_refused(hall, workers, bot):
    workers.start()
    user = hall.local.user("beowulf")
    person(user, hall.local.guild().id)
    said = await hall.local.say("!privacy erase", author="beowulf")

    async def posted():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return next((m for m in found if m.get("components") and int(m["id"]) > int(said["id"])), None)

    message = await hall.until_async(posted, "the question is posted")
    assert "`!privacy erase confirm`" in message["content"]
    clicked = await hall.answered(
        await hall.begin("button", user="wiglaf", custom_id="privacy:everywhere", message=message["id"])
    )
    assert clicked["messages"][-1]["content"].startswith("⚠️ These buttons belong to somebody else")
    assert rows("SELECT count(*) FROM erasures") == [(0,)]


async def test_the_prefix_form_confirms_with_a_word(hall, workers, bot):
    workers.start()
    user = hall.local.user("beowulf")
    person(user, hall.local.guild().id)
    assert "“perhaps” confirms nothing" in await hall.say("!privacy erase perhaps", user="beowulf")
    assert rows("SELECT count(*) FROM erasures") == [(0,)]
    assert (await hall.say("!privacy erase confirm everywhere", user="beowulf")).startswith(
        "✅ What I had of you is erased."
    )
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s", user) == [(0,)]
    assert rows("SELECT count(*) FROM users WHERE id = %s", user) == [(0,)]


async def test_french_people_read_it_in_french(hall, workers, bot):
    workers.start()
    text = await hall.text("privacy off", user="margaux")
    assert text.startswith("✅ Désormais je n’enregistre plus rien de vous ici.")


async def test_direct_messages_have_a_choice_of_their_own(hall, workers, bot):
    workers.start()
    user = hall.local.user("beowulf")
    _, channel = await hall.local.rest("POST", "/users/@me/channels", {"recipient_id": str(user)})
    body = {"type": "command", "user": str(user), "channel": channel["id"], "name": "privacy off", "options": {}}
    answer = await hall.answered((await hall.local.post("interactions", body))["id"])
    assert answer["messages"][0]["content"].startswith("✅ From now on I record nothing of you here.")
    assert rows("SELECT guild_id, user_id FROM opt_outs") == [(0, user)]
    assert bot.policy.is_opted_out(0, user)
    assert not bot.policy.is_opted_out(hall.local.guild().id, user)


async def test_settings_do_not_belong_to_direct_messages(hall, bot):
    user = hall.local.user("hrothgar")
    _, channel = await hall.local.rest("POST", "/users/@me/channels", {"recipient_id": str(user)})
    said = await hall.local.post(
        "messages", {"channel": channel["id"], "author": str(user), "content": "!settings show"}
    )

    async def replied():
        found = await hall.local.get(f"channels/{channel['id']}/messages")
        return next((m["content"] for m in found if int(m["id"]) > int(said["id"])), None)

    assert await hall.until_async(replied, "the bot replies") == "⚠️ This command works only in a server."


async def test_an_opt_out_that_was_refused_changes_nothing(hall, bot, monkeypatch):
    guild, user = hall.local.guild().id, hall.local.user("beowulf")
    blocked = []

    async def refuse(context: Context, _task: str, **_: object) -> Answer:
        blocked.append(context.bot.policy.is_opted_out(guild, user))
        return Answer("Nothing was changed.", "refused")

    monkeypatch.setattr(Context, "ask", refuse)
    assert "Nothing was changed" in await hall.text("privacy off", user="beowulf")
    assert (blocked, bot.policy.is_opted_out(guild, user)) == ([True], False)
