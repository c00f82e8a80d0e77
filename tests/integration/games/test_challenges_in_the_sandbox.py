"""Every game between members from end to end: the sandbox, the real bot, real workers, and clicks on visible buttons."""

import pytest

from app.core import ledger
from app.core.redis import broker_redis
from tests.factories.hall import rows
from tests.factories.tables import Player, board, overdue, shown, sound, swept, whisper

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def pair(hall, workers, bot):
    workers.start("commands,outbound")
    workers.start("commands,outbound")
    return Player(hall, "hrothgar"), Player(hall, "beowulf")


async def accepted(pair, game: str, **options) -> None:
    """Ann challenges Ben, who accepts."""
    ann, ben = pair
    said = await ann.use(game, member=str(ben.id), **options)
    assert said["content"].startswith("✅"), said["content"]
    await ben.click("Accept")


async def is_posted(hall) -> None:
    """Wait until it is noted that the messages of games are there."""
    await hall.until(lambda: rows("SELECT count(*) FROM outbound_posts WHERE sent_at IS NULL") == [(0,)], "it is noted")


async def test_challenges_are_accepted_refused_and_withdrawn_by_those_they_concern(hall, pair):
    ann, ben = pair
    await accepted(pair, "duel", bet=100)
    await shown(hall, "wins the pot of **200** coins!")
    assert sorted([ann.coins, ben.coins]) == [900, 1100]
    before = ann.coins
    await ann.use("duel", member=str(ben.id), bet=100)
    assert (await whisper(hall, await ann.click("Accept"))).startswith("⚠️ These buttons belong to somebody else.")
    await ben.click("Refuse")
    await shown(hall, "The challenge was refused.")
    await ann.use("duel", member=str(ben.id), bet=100)
    await ann.click("Withdraw")
    await shown(hall, "The challenge was withdrawn.")
    assert ann.coins == before
    assert sound()


async def test_impossible_opponents_are_named(hall, pair):
    ann, _ = pair
    me = hall.local.box.world.application.id
    assert (await ann.use("duel", member=str(ann.id), bet=10))["content"] == "⚠️ You cannot play against yourself."
    assert "bots do not play" in (await ann.use("duel", member=str(me), bet=10))["content"]
    assert "I found nobody called" in await hall.say("!duel 1 10")
    leaver = hall.local.user("margaux")
    await hall.local.post("members", {"guild": str(ann.guild), "user": str(leaver), "action": "leave"})
    assert (await hall.say(f"!duel <@{leaver}> 10")).startswith("⚠️ I found nobody called")
    assert rows("SELECT count(*) FROM games") == [(0,)]


async def test_rock_paper_scissors_and_007_keep_choices_to_the_chooser(hall, pair):
    ann, ben = pair
    await accepted(pair, "pfc", bet=100)
    assert await whisper(hall, await ann.click("Rock")) == "✅ You chose 🪨 Rock."
    await shown(hall, f"<@{ann.id}> has chosen.")
    await ben.click("Paper")
    await shown(hall, f"<@{ben.id}> wins the pot of **200** coins!")
    assert (ann.coins, ben.coins) == (900, 1100)
    await accepted(pair, "007", bet=100)
    await ann.click("Ready")
    await ben.click("Ready")
    assert await whisper(hall, await ann.click("Shoot")) == "✅ You chose 🔫 Shoot."
    await ben.click("Reload")
    await shown(hall, f"<@{ann.id}> wins the pot of **200** coins!")
    assert (ann.coins, ben.coins) == (1000, 1000)
    assert sound()


async def test_c21_goes_on_after_a_restart_of_the_bot(hall, pair):
    ann, ben = pair
    await accepted(pair, "c21", bet=100)
    await board(hall, "+3")
    players = {0: ann, 1: ben}

    def state():
        return rows("SELECT state FROM games")[0][0]

    for number in range(7):
        if number == 3:
            # It may stop before it has shown what the click before brought.
            await hall.until(lambda: state()["number"] == 9, "the click counted")
            await hall.stop_bot()
            # No worker takes events here, and a starting bot would wait for those of before.
            broker_redis().delete(ledger.key("ingest"))
            await hall.start_bot()
            assert rows("SELECT show_at > now() - interval '1 minute' FROM games") == [(True,)]
            rows("UPDATE games SET show_at = now()")
            async with swept():
                await shown(hall, "# 9\n")
        await shown(hall, f"# {3 * number}\n")
        await players[state()["turn"]].click("+3")
    await shown(hall, "had to say 21.")
    assert sorted([ann.coins, ben.coins]) == [900, 1100]
    assert sound()


async def test_quick_typing_hears_the_first_message_in_every_content_mode(hall, pair):
    ann, ben = pair
    rows("INSERT INTO guild_settings (guild_id, content_mode) VALUES (%s, 'off')", ann.guild)
    await accepted(pair, "rapide", bet=100)
    await ann.click("Ready")
    await ben.click("Ready")
    await shown(hall, "Hands on the keys")
    ((word,),) = rows("SELECT state ->> 'word' FROM games")
    await is_posted(hall)
    overdue()
    async with swept():
        await shown(hall, "Write:")
        await hall.local.say("not this", author="hrothgar")
        await hall.local.say(word, author="wiglaf")
        await hall.local.say(f" {word.upper()} ", author="beowulf")
        await hall.local.say(word, author="hrothgar")
        await shown(hall, f"The word was **{word}**.")
    assert (ann.coins, ben.coins) == (900, 1100)
    assert rows("SELECT count(*) FROM messages") == [(0,)], "nothing of what was written is kept"
    assert sound()


async def test_quizzes_ask_until_the_end(hall, pair):
    ann, ben = pair

    async def answer_all(questions: int) -> None:
        for number in range(questions):
            await shown(hall, f"Question {number + 1} of {questions}")
            state = rows("SELECT state FROM games ORDER BY id DESC LIMIT 1")[0][0]
            right = "ABCD"[state["orders"][number].index(0)]
            wrong = "ABCD"[state["orders"][number].index(1)]
            assert await whisper(hall, await ann.click(right)) == f"✅ Your answer: {right}"
            await ben.click(wrong)

    await accepted(pair, "quiz", bet=100)
    await answer_all(5)
    await shown(hall, f"<@{ann.id}> wins the pot of **200** coins!")
    assert (ann.coins, ben.coins) == (1100, 900)
    await accepted(pair, "quizduo")
    await answer_all(7)
    await shown(hall, f"<@{ann.id}> wins!")
    assert (ann.coins, ben.coins) == (1100, 900)
    assert sound()


async def test_the_wheel_of_a_group_turns_at_its_time(hall, pair):
    ann, ben = pair
    cat = Player(hall, "wiglaf")
    await ann.use("pot", bet=100)
    await board(hall, "Join with 100")
    assert await whisper(hall, await ben.click("Join with 100")) == "✅ You are in with 100 coins."
    assert (await cat.use("pot", bet=200))["content"] == "✅ You are in with 200 coins."
    async with swept():
        await shown(hall, f"<@{cat.id}> · **200** · 50.00 %")
        await is_posted(hall)
        overdue()
        await shown(hall, "wins the pot of **400** coins!")
    assert sum(player.coins for player in (ann, ben, cat)) == 3000
    assert sound()
