"""A giveaway as people see it: the sandbox, the real bot and real workers."""

import asyncio

from tasks.giveaways import show
from tests.factories.hall import rows

QUEUES = "commands,ingest,outbound,maintenance"


async def begun(hall, workers) -> dict:
    workers.start(QUEUES)
    await hall.until(lambda: " ready." in workers.log(), "the worker is ready")
    answer = await hall.text("giveaway create", duration="1h", winners=1, prize="40 coins", title="*Mead* for all")
    assert answer.startswith("✅ The giveaway has begun. Its id is `"), answer

    async def posted():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return next((m for m in found if m["embeds"] and "Mead" in m["embeds"][0]["title"]), None)

    return await hall.until_async(posted, "the giveaway is posted")


async def shown(hall, message: dict, words: str) -> dict:
    async def look():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        mine = next(m for m in found if m["id"] == message["id"])
        return mine if words in str(mine) else None

    return await hall.until_async(look, f"the message shows {words!r}")


async def told_after_click(hall, button: str, message: dict, words: str, user: str = "wiglaf") -> None:
    """Click, and wait until the person alone is told this."""
    clicked = await hall.begin("button", user=user, custom_id=button, message=message["id"])

    async def look():
        found = await hall.local.get(f"interactions/{clicked}")
        return words in str(found["messages"])

    await hall.until_async(look, f"the click is answered by {words!r}")


async def test_people_join_by_the_button_and_the_message_follows(hall, workers, bot):
    message = await begun(hall, workers)
    assert message["embeds"][0]["title"] == "🎁 \\*Mead\\* for all"
    button = message["components"][0]["components"][0]["custom_id"]
    await told_after_click(hall, button, message, "You take part. Good luck!")
    await told_after_click(hall, button, message, "You take part already.")
    await hall.until(lambda: rows("SELECT changes FROM giveaways") == [(1,)], "one joined")
    await asyncio.to_thread(show)
    await shown(hall, message, "Join (1)")


async def test_the_button_works_after_a_restart_of_the_bot_and_the_winner_is_told(hall, workers, bot):
    message = await begun(hall, workers)
    await hall.stop_bot()
    await hall.start_bot()
    button = message["components"][0]["components"][0]["custom_id"]
    await told_after_click(hall, button, message, "You take part. Good luck!")
    number = button.rpartition(":")[2]
    refused = await hall.answered(
        await hall.begin(user="beowulf", name="giveaway end", options={"giveaway": number}, force=True)
    )
    assert refused["messages"][0]["content"] == "⚠️ You need the permission: Manage Server."
    assert await hall.text("giveaway end", giveaway=number) == "✅ The giveaway has ended."
    winner = f"<@{hall.local.user('wiglaf')}>"

    async def told():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return any(m["content"] == f"🎉 {winner} won 40 coins in **\\*Mead\\* for all**!" for m in found)

    await hall.until_async(told, "the winner is told")
    ended = await shown(hall, message, f"Won by: {winner}")
    assert ended["components"][0]["components"][0]["disabled"]
    proof = await hall.text("giveaway verify", giveaway=number)
    assert "✅ The winners follow from the seed." in proof
    assert message["embeds"][0]["footer"]["text"].removeprefix("Fair draw: ") in proof
    assert "✅" in await hall.text("concours vérifier", giveaway=number)
