"""/search with its filters and over many pages, through the sandbox and the real bot."""

import itertools
from datetime import timedelta

import numpy as np
import pytest

from app.clients import minilm
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.errors import ConfigurationError, Unavailable
from app.knowledge.embeddings import pipeline, providers
from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.vectors.pgvector import DOCUMENTS
from tests.factories import knowledge
from tests.factories.knowledge import delete, embed_all, write


@pytest.fixture
def told(hall):
    """Write messages in the sandbox's channels without indexing them yet; the model is at hand."""
    knowledge.use_local_model()

    def tell(content, *, channel="general", author="beowulf", guild="Mead Hall", message_id=None):
        return write(
            content,
            guild=hall.local.guild(guild).id,
            channel=hall.local.channel(channel),
            author=hall.local.user(author),
            message_id=message_id,
        )

    return tell


def change(statement, *values):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(statement, values)
        uow.commit()


def make_documents():
    embed_all()
    change("UPDATE documents SET claimed_until = NULL, stale_at = '-infinity' WHERE stale_at IS NOT NULL")
    while pipeline.refresh(sources=(MESSAGES, DOCUMENTS)):
        pass


async def search(hall, question="dragon", *, user="beowulf", **filters):
    """What the answer says, or its embed shows."""
    options = {"for": question, **filters}
    answer = await hall.answered(await hall.begin(user=user, name="search", options=options))
    assert answer["ephemeral"]
    (message,) = answer["messages"]
    return message["embeds"][0]["description"] if message["embeds"] else message["content"]


async def turn(hall, button, message):
    """Click, and wait for the page that is then shown: the click itself is answered before."""
    click = await hall.begin("button", user="beowulf", custom_id=button["custom_id"], message=message["id"])

    async def shown():
        return (await hall.local.get(f"interactions/{click}"))["messages"]

    (turned,) = await hall.until_async(shown, "the page is turned")
    return turned


NOTHING = "I found nothing with these filters in the channels that you may read."


async def test_filters_limit_what_is_found_and_add_up(hall, told, bot):
    a_day = timedelta(days=1)
    told("the dragon sleeps")
    told("the dragon wakes", author="wiglaf")
    told("the dragon flies", channel="tavern", author="wiglaf")
    told("the dragon was small then", message_id=snowflake_at(now() - a_day) + 1)
    change("UPDATE messages SET attachments = 1 WHERE content LIKE '%%flies'")
    embed_all()

    # Nobody may search more than five times in ten seconds.
    users = itertools.cycle(("beowulf", "wiglaf", "wealhtheow"))

    async def found(**filters):
        shown = await search(hall, user=next(users), **filters)
        return {word for word in ("sleeps", "wakes", "flies", "small") if word in shown}

    assert await found() == {"sleeps", "wakes", "flies", "small"}
    wiglaf, tavern = str(hall.local.user("wiglaf")), str(hall.local.channel("tavern"))
    assert await found(author=wiglaf) == {"wakes", "flies"}
    assert await found(channel=tavern) == {"flies"}
    assert await found(author=wiglaf, channel=str(hall.local.channel())) == {"wakes"}
    assert await found(file=True) == {"flies"}
    assert await found(file=False) == {"sleeps", "wakes", "small"}
    assert await found(when="hier") == {"small"}
    assert await found(when="since today") == {"sleeps", "wakes", "flies"}
    assert await found(when=f"{now():%-d %B %Y}", author=wiglaf, file=True, source="messages") == {"flies"}
    assert await search(hall, when="2019") == NOTHING


async def test_days_are_those_of_the_guilds_clock(hall, told, bot):
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    told("the dragon came just before midnight", message_id=snowflake_at(midnight - timedelta(hours=1)) + 1)
    embed_all()
    day = f"{midnight - timedelta(hours=1):%Y-%m-%d}"
    assert "just before midnight" in await search(hall, when=day)
    statement = "INSERT INTO guild_settings (guild_id, timezone) VALUES (%s, 'Asia/Tokyo')"
    change(statement, hall.local.guild().id)
    assert await search(hall, when=day) == NOTHING
    assert "just before midnight" in await search(hall, when=f"{midnight:%Y-%m-%d}")


@pytest.mark.parametrize("when", ["soon", "31 February 2023", "💥", "between 10 May 2023 and 1 May 2023"])
async def test_days_that_nobody_can_name_are_refused(hall, bot, when):
    shown = await search(hall, when=when)
    assert shown.startswith("⚠️")
    assert "3 May 2023" in shown or "ends before it begins" in shown


async def test_a_filter_opens_no_channel_and_no_server(hall, told, bot):
    told("the dragon is a secret", channel="staff", author="hrothgar")
    told("le dragon, tout là-bas", channel="accueil", guild="L'Atelier", author="hrothgar")
    embed_all()
    author = str(hall.local.user("hrothgar"))
    assert await search(hall, author=author) == NOTHING
    assert "secret" in await search(hall, author=author, user="hrothgar")
    assert "là-bas" not in await search(hall, author=author, user="hrothgar")


async def test_logs_and_summaries_are_found_where_their_channel_may_be_read(hall, told, bot):
    for n in range(4):
        told(f"the dragon burnt the mill, says witness number {n}")
        told(f"the dragon sits on the staff's gold, says treasurer {n}", channel="staff", author="hrothgar")
    make_documents()
    shown = await search(hall, source="logs")
    assert f"<#{hall.local.channel()}>" in shown
    assert "witness" in shown
    assert "treasurer" not in shown
    assert "treasurer" in await search(hall, source="logs", user="hrothgar")
    assert "dragon" in await search(hall, source="summaries")
    assert await search(hall, source="logs", when="2019") == NOTHING
    assert await search(hall, source="logs", channel=str(hall.local.channel("tavern"))) == NOTHING


@pytest.mark.parametrize("wrong", [{"file": True}, {"author": "wiglaf"}])
async def test_days_have_no_author_and_no_file(hall, bot, wrong):
    if "author" in wrong:
        wrong = {"author": str(hall.local.user("wiglaf"))}
    shown = await search(hall, source="summaries", **wrong)
    assert shown == (
        "⚠️ A channel's day has no author and no file. Leave those out, or search messages instead of summaries."
    )


def refused(_texts):
    raise ConfigurationError("OPENAI_API_KEY is refused (HTTP 401).")


def away(_texts):
    raise Unavailable("the model is away")


def no_vector(texts):
    return np.full((len(texts), 384), np.nan, np.float32)


@pytest.mark.parametrize("embed", [refused, away, no_vector])
async def test_days_that_no_model_can_search_now_say_so_and_nothing_of_the_inside(hall, told, bot, monkeypatch, embed):
    told("the dragon burnt the mill")
    make_documents()
    with monkeypatch.context() as patched:
        patched.setattr(minilm, "embed", embed)
        shown = await search(hall, source="logs")
        assert shown.startswith("⚠️ A part of me is out of reach at the moment.")
    providers.provider.cache_clear()
    assert "burnt the mill" in await search(hall, source="logs")


async def test_pages_go_on_past_what_was_found_at_first_and_lose_and_double_nothing(hall, told, bot):
    written = [told(f"a song about the sea, verse {n}", author="wiglaf") for n in range(33)]
    told("a song about the sea, not his", author="beowulf")
    embed_all()
    options = {"for": "song about the sea", "author": str(hall.local.user("wiglaf"))}
    (message,) = (await hall.use("search", user="beowulf", **options))["messages"]
    assert message["embeds"][0]["footer"]["text"] == "Page 1 of 7"
    seen = []

    def look(message):
        shown = message["embeds"][0]["description"]
        seen.extend(one for one in [*written, *late] if f"/{one})" in shown)

    late = []
    look(message)
    first, gone = list(seen), next(one for one in written if one not in seen)
    delete(gone, guild=hall.local.guild().id)
    late.append(told("a song about the sea, written while somebody read", author="wiglaf"))
    embed_all()
    while not (forward := message["components"][0]["components"][1]).get("disabled"):
        message = await turn(hall, forward, message)
        look(message)
    assert len(seen) == len(set(seen))
    # What came meanwhile may stand on a page that was turned already.
    assert set(written) - {gone} <= set(seen) <= {*written, *late}
    assert message["embeds"][0]["footer"]["text"].startswith("Page 7 of 7")
    assert seen[:5] == first


async def test_the_prefix_form_takes_everything_as_its_question(hall, told, bot):
    told("author wiglaf sings of the dragon")
    embed_all()
    await hall.local.say("!search author:wiglaf dragon", author="beowulf")

    async def reply():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return next((one for one in found if one["embeds"]), None)

    message = await hall.until_async(reply, "the prefix form is answered")
    assert "wiglaf sings" in message["embeds"][0]["description"]
