"""Whatever people write, the page shows it as text and runs nothing of it."""

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="module")]

ATTACKS = (
    "<script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "[click](javascript:window.hurt=1)",
    "<javascript:window.hurt=1>",
    "```html\n<iframe src=javascript:window.hurt=1></iframe>\n```",
    "||<svg onload=window.hurt=1>||",
    "# <b onclick=window.hurt=1>heading</b>",
    '<@1" onmouseover="window.hurt=1>',
)


async def test_markup_in_messages_stays_text(visit, local):
    for text in ATTACKS:
        await local.say(text, author="wiglaf")
    screen = await visit()
    bodies = screen.page.locator(".message .text")
    await expect(bodies).to_have_count(len(ATTACKS))
    strange = "nodes => nodes.flatMap((n) => [...n.querySelectorAll('script, img, iframe, svg, b, [onclick], [onmouseover], a')]).length"
    assert await bodies.evaluate_all(strange) == 0
    assert await screen.page.evaluate("window.hurt") is None


async def test_markup_in_names_stays_text(visit, local):
    evil = "<img src=x onerror=hurt()>"
    await local.post("users", {"name": evil, "guild": str(local.guild().id)})
    await local.post("channels", {"guild": str(local.guild().id), "name": evil, "topic": evil})
    await local.say("hi", author=evil)
    screen = await visit()
    await expect(screen.last.locator(".author")).to_have_text(evil)
    await expect(screen.page.locator("#members").get_by_role("button", name=evil)).to_be_visible()
    await screen.channel(evil)
    await expect(screen.page.locator(".topic")).to_have_text(evil)
    assert await screen.page.locator("img").count() == 0


async def test_the_page_may_load_and_run_only_what_is_its_own(visit, local):
    screen = await visit()
    response = await screen.page.request.get(local.base)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    hosts = await screen.page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)"
    )
    assert set(hosts) == {local.base}


async def test_pictures_from_elsewhere_are_named_but_never_fetched(visit, bot, local):
    import discord

    asked = []
    screen = await visit()
    screen.page.on("request", lambda request: asked.append(request.url))
    channel = await bot.fetch_channel(local.channel())
    await channel.send(embed=discord.Embed(title="Far away").set_image(url="https://example.org/far.png"))
    await expect(screen.last.get_by_role("link", name="Picture elsewhere")).to_have_attribute(
        "href", "https://example.org/far.png"
    )
    assert not [url for url in asked if "example.org" in url]


MARKDOWN = {
    "**bold** and *slanted* and __under__ and ~~gone~~": [
        ["strong", "bold"],
        ["em", "slanted"],
        ["u", "under"],
        ["s", "gone"],
    ],
    "***both***": [["strong", "both"], ["em", "both"]],
    "snake_case_name and 2 * 3 * 4": [],
    "`a *b*` and ``c ` d``": [["code", "a *b*"], ["code", "c ` d"]],
    "> wise\n> words\nand mine": [["blockquote", "wise\nwords"]],
    "# Title\n- one\n- two": [["li", "one"], ["li", "two"]],
    "```py\nx = '**1**'\n```": [["pre", "x = '**1**'"], ["code", "x = '**1**'"]],
    "see https://example.org/a_b_c.": [["a", "https://example.org/a_b_c"]],
    "[a *masked* link](https://example.org)": [["a", "a masked link"], ["em", "masked"]],
    "<t:0:d> or <t:9999999999999>": [["time", "01/01/1970"]],
    r"\*not slanted\*": [],
}
TAGS = "strong, em, u, s, pre, code, blockquote, li, a, time"


async def test_markdown_is_shown_as_discord_shows_it(visit, local):
    for text in MARKDOWN:
        await local.say(text, author="wiglaf")
    screen = await visit()
    await expect(screen.page.locator(".message")).to_have_count(len(MARKDOWN))
    found = await screen.page.locator(".message .text").evaluate_all(
        f"nodes => nodes.map((n) => [...n.querySelectorAll('{TAGS}')].map((x) => [x.tagName.toLowerCase(), x.textContent]))",
    )
    assert dict(zip(MARKDOWN, found, strict=True)) == MARKDOWN


HOSTILE = (
    "*" * 2000,
    "_a" * 1000,
    "[" * 2000,
    "||" * 1000,
    "**a " * 500,
    "> " * 1000,
    "`" * 1999,
    "<@" * 1000,
    "~~|| " * 400,
)


async def test_text_made_to_be_slow_is_shown_like_any_other(visit, local):
    for text in HOSTILE:
        await local.say(text, author="wiglaf")
    screen = await visit()
    await expect(screen.page.locator(".message")).to_have_count(len(HOSTILE))
    slowest = await screen.page.evaluate(
        """async (texts) => {
            const { markdown } = await import("/page/blocks.js");
            const names = { user: String, role: String, channel: String };
            return Math.max(...texts.map((text) => {
                const begin = performance.now();
                markdown(text, names);
                return performance.now() - begin;
            }));
        }""",
        list(HOSTILE),
    )
    assert slowest < 500


async def test_a_spoiler_is_hidden_until_it_is_clicked_and_in_quotes_always(visit, local):
    secret = await local.say("He ||dies|| in the end", author="wiglaf")
    await local.say("Oh no", reply_to=secret["id"])
    screen = await visit()
    await expect(screen.last.locator(".quote")).to_contain_text("He ▇▇▇ in the end")
    inside = screen.page.locator(".spoiler > span")
    await expect(inside).to_be_hidden()
    await screen.page.get_by_role("button", name="Spoiler, show it").click()
    await expect(inside).to_be_visible()
