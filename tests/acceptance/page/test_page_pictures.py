"""The page at a glance, in light and dark: the pictures of the documentation, and what must be on them."""

import io

import discord
import pytest
from playwright.async_api import expect

from tests.acceptance.page.bot import picture

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="module")]


async def tell_a_story(local, bot) -> None:
    """An evening in the hall."""
    await local.say("Good evening! Is there any mead left?", author="wiglaf")
    asked = await local.say(
        "Plenty, <@" + str(local.user("wiglaf")) + ">. The games start <t:1795203600:t>.", author="wealhtheow"
    )
    await local.say("I will **not** miss that ||like last year||", author="beowulf", reply_to=asked["id"])
    for name, emoji in (("hrothgar", "🎉"), ("wiglaf", "🎉"), ("margaux", "🍯")):
        body = {"channel": str(local.channel()), "message": asked["id"], "user": str(local.user(name)), "emoji": emoji}
        await local.post("reactions", {**body, "action": "add"})
    embed = discord.Embed(title="Tonight in the hall", description="Everyone with a story is welcome.", colour=0xD98A3A)
    for name, value in (("Host", "Hrothgar"), ("Seats", "300"), ("Stories", "12")):
        embed.add_field(name=name, value=value)
    embed.set_image(url="attachment://hall.png").set_footer(text="Kept by Heorot")
    channel = await bot.fetch_channel(local.channel())
    await channel.send(embed=embed, file=discord.File(io.BytesIO(picture(440, 110)), "hall.png"))


async def listeners(local) -> None:
    hearth = str(local.channel("Hearth"))
    for name in ("hrothgar", "margaux"):
        await local.post("voice", {"user": str(local.user(name)), "channel": hearth})


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_an_evening_in_the_hall_shows_everything_in_its_place(visit, bot, local, scheme):
    await tell_a_story(local, bot)
    await listeners(local)
    screen = await visit(color_scheme=scheme, viewport={"width": 1180, "height": 820})
    await expect(screen.page.locator(".message")).to_have_count(4)
    await expect(screen.page.locator(".embed-image")).to_have_js_property("complete", value=True)
    await expect(screen.page.locator("#messages .chip .emoji")).to_have_text(["🎉", "🍯"])
    await expect(screen.page.get_by_label("In Hearth").get_by_role("listitem")).to_have_count(2)
    await screen.shoot(f"chat-{scheme}")
    ground = await screen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(253, 252, 250)") == (scheme == "light")


async def test_components_and_an_ephemeral_answer_stand_in_the_conversation(visit, bot):
    screen = await visit()
    await screen.command("panel")
    await expect(screen.message("What shall it be?")).to_be_visible()
    await screen.command("secret")
    await expect(screen.message("Between you and me.")).to_be_visible()
    await screen.command("slow")
    await expect(screen.page.locator(".thinking")).to_be_visible()
    await screen.shoot("components")
    heights = await screen.page.locator(".select").evaluate_all("nodes => nodes.map((node) => node.offsetHeight)")
    assert heights == [38, 38]
