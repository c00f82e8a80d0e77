"""/search limited to the posts of forums that bear a tag: from the gateway to the answer."""

import itertools

import pytest

from app.knowledge.embeddings import pipeline
from app.knowledge.embeddings.index import MESSAGES
from app.knowledge.search import queries, tags
from app.knowledge.search.filters import Filters
from app.knowledge.search.queries import Viewer
from app.knowledge.vectors.pgvector import DOCUMENTS
from tests.factories import knowledge
from tests.factories.hall import rows
from tests.factories.knowledge import embed_all, write

# Nobody may search more than five times in ten seconds.
MEMBERS = itertools.cycle(("beowulf", "wiglaf", "wealhtheow"))
NOTHING = "I found nothing with these filters in the channels that you may read."


class Wishes:
    """Forums in the sandbox, and what is written in their posts."""

    def __init__(self, hall):
        self.hall = hall

    async def forum(self, name, *offered, guild="Mead Hall", for_staff=False):
        home = self.hall.local.guild(guild).id
        body = {"guild": str(home), "name": name, "type": "forum", "tags": list(offered)}
        if for_staff:
            body |= {"private": True, "roles": [str(home + 1)]}
        made = await self.hall.local.post("channels", body)
        await self.stored(f"SELECT 1 FROM channels WHERE id = {made['id']} AND kind = 15")
        return made

    async def post(self, forum, name, *borne, author="hrothgar"):
        """A post about the dragon; its name stands in its message."""
        body = {"type": "thread", "parent": forum["id"], "name": name, "tags": list(borne)}
        made = await self.hall.local.post("channels", {**body, "user": str(self.hall.local.user(author))})
        said = {"channel": made["id"], "author": str(self.hall.local.user(author)), "content": f"a dragon {name}"}
        message = (await self.hall.local.post("messages", said))["id"]
        await self.stored(
            f"SELECT 1 FROM channels WHERE id = {made['id']} AND cardinality(applied_tags) = {len(borne)}"
        )
        await self.stored(f"SELECT 1 FROM messages WHERE id = {message}")
        embed_all()
        return made

    async def retag(self, place, given):
        """Change the tags of a forum or post, as soon as that is stored."""
        changed = await self.hall.local.post("channels/tags", {"channel": place["id"], "tags": given})
        seq = rows("SELECT seq FROM channels WHERE id = %s", place["id"])[0][0]
        await self.stored(f"SELECT 1 FROM channels WHERE id = {place['id']} AND seq > {seq}")
        return changed

    async def stored(self, statement):
        await self.hall.until(lambda: rows(statement), "that is stored")

    async def search(self, *, user=None, guild="Mead Hall", **filters):
        """What the answer says, or its embed shows."""
        place = "general" if guild == "Mead Hall" else "accueil"
        options = {"for": "dragon", **filters}
        (message,) = (await self.hall.use("search", user=user or next(MEMBERS), channel=place, **options))["messages"]
        return message["embeds"][0]["description"] if message["embeds"] else message["content"]

    async def suggested(self, typed, *, user="beowulf"):
        options = {"for": "dragon", "tag": typed}
        asked = await self.hall.begin("autocomplete", user=user, name="search", options=options, focused="tag")
        return [choice["value"] for choice in (await self.hall.answered(asked))["choices"]]


@pytest.fixture
async def wishes(workers, hall, bot):
    knowledge.use_local_model()
    workers.start("ingest")
    rows("DELETE FROM messages")
    return Wishes(hall)


async def test_a_tag_limits_a_search_to_the_posts_that_bear_it(wishes, hall):
    forum = await wishes.forum("wishes", "Bug", "idea")
    other = await wishes.forum("faults", "bug", "Idée neuve")
    await wishes.post(forum, "creaks", "Bug")
    await wishes.post(forum, "sings", "idea")
    await wishes.post(forum, "does both", "idea", "Bug")
    await wishes.post(forum, "idles")
    await wishes.post(other, "burns", "bug")

    async def found(**filters):
        shown = await wishes.search(**filters)
        return {word for word in ("creaks", "sings", "both", "idles", "burns") if word in shown}

    assert await found() == {"creaks", "sings", "both", "idles", "burns"}
    assert await found(tag="BUG") == {"creaks", "both", "burns"}
    assert await found(tag=" idea ") == {"sings", "both"}
    assert await found(tag="bug", when="since today", author=str(hall.local.user("hrothgar")), file=False) == {
        "creaks",
        "both",
        "burns",
    }
    assert await found(tag="idée  NEUVE") == set()
    assert await wishes.search(tag="bug", when="2019") == NOTHING
    assert await wishes.suggested("") == ["Bug", "building", "feast", "idea", "Idée neuve", "voyage"]
    assert await wishes.suggested("ID") == ["idea", "Idée neuve"]


async def test_a_tag_that_is_renamed_given_taken_or_removed_counts_at_once(wishes):
    forum = await wishes.forum("wishes", "bug", "idea")
    first, second = await wishes.post(forum, "creaks", "bug"), await wishes.post(forum, "sings", "idea")
    assert "sings" not in await wishes.search(tag="bug", user="beowulf")
    bug, idea = forum["available_tags"]

    # The same search, which is kept for two minutes.
    await wishes.retag(second, ["bug"])
    assert "sings" in await wishes.search(tag="bug", user="beowulf")
    await wishes.retag(first, [])
    assert "creaks" not in await wishes.search(tag="bug", user="beowulf")

    await wishes.retag(forum, [{**bug, "name": "fault"}, idea])
    assert "sings" in await wishes.search(tag="fault")
    assert await wishes.search(tag="bug") == (
        "⚠️ There is no tag “bug” in the forums that you may read here; there are: building, fault, feast, idea, voyage."
    )
    await wishes.retag(forum, [idea])
    assert "“fault”" in await wishes.search(tag="fault")
    # The post still bears the tag that is gone.
    assert rows("SELECT applied_tags FROM channels WHERE id = %s", second["id"]) == [([int(bug["id"])],)]


async def test_a_forum_that_may_not_be_read_shows_neither_its_tags_nor_its_posts(wishes):
    await wishes.post(await wishes.forum("wishes", "bug"), "creaks", "bug")
    closed = await wishes.forum("council", "bug", "treason", for_staff=True)
    await wishes.post(closed, "betrays", "treason", "bug")
    shown = {user: await wishes.search(user=user, tag="bug") for user in ("beowulf", "hrothgar")}
    assert {user: "betrays" in one for user, one in shown.items()} == {"beowulf": False, "hrothgar": True}
    assert all("creaks" in one for one in shown.values())
    refused = await wishes.search(user="beowulf", tag="treason")
    assert refused.endswith("there are: bug, building, feast, voyage.")
    assert "betrays" in await wishes.search(user="hrothgar", tag="treason")
    assert "treason" not in await wishes.suggested("")
    assert "treason" in await wishes.suggested("", user="hrothgar")


async def test_a_tag_reaches_into_no_other_server(wishes, hall):
    here, there = await wishes.forum("wishes", "bug"), await wishes.forum("idées", "bug", "neuf", guild="L'Atelier")
    await wishes.post(here, "creaks", "bug")
    await wishes.post(there, "vole", "bug", "neuf")
    assert "vole" not in await wishes.search(tag="bug", user="hrothgar")
    assert "creaks" not in await wishes.search(tag="bug", user="hrothgar", guild="L'Atelier")
    assert "vole" in await wishes.search(tag="bug", user="hrothgar", guild="L'Atelier")
    assert "neuf" not in await wishes.suggested("", user="hrothgar")
    assert await wishes.search(tag="fête", user="margaux", guild="L'Atelier") == (
        "⚠️ Il n’y a pas d’étiquette « fête » dans les forums que vous pouvez lire ici ; il y a : bug, neuf."
    )
    # Nor do another server's ids, whoever gives them.
    ids = frozenset(int(tag["id"]) for tag in there["available_tags"])
    home, channels = hall.local.guild().id, tuple(hall.local.box.world.channels)
    assert not queries.find(home, Viewer(1, channels), "dragon", Filters(tags=ids)).message_ids
    assert queries.find(home, Viewer(1, channels), "dragon").message_ids
    assert {tag.id for tag in tags.offered(home, channels)}.isdisjoint(ids)


async def test_days_of_tagged_posts_are_found_also_once_a_post_is_archived(wishes, hall):
    forum, closed = await wishes.forum("wishes", "bug"), await wishes.forum("council", "bug", for_staff=True)
    made = [await wishes.post(forum, "creaks", "bug"), await wishes.post(forum, "sings")]
    made.append(await wishes.post(closed, "betrays", "bug"))
    for post in made:
        for number in range(3):
            author = hall.local.user("hrothgar")
            content = f"the dragon of {post['name']} again, for the {number}. time"
            write(content, guild=hall.local.guild().id, channel=int(post["id"]), author=author)
    embed_all()
    rows("UPDATE documents SET claimed_until = NULL, stale_at = '-infinity' WHERE stale_at IS NOT NULL")
    while pipeline.refresh(sources=(MESSAGES, DOCUMENTS)):
        pass
    for post in made:
        await hall.local.rest("PATCH", f"/channels/{post['id']}", {"archived": True})
    await hall.until(lambda: rows("SELECT count(*) FROM channels WHERE is_archived") == [(3,)], "that is stored")

    async def found(user, **filters):
        shown = await wishes.search(user=user, **filters)
        return {word for word in ("creaks", "sings", "betrays") if word in shown}

    for source in ("logs", "summaries"):
        assert await found("beowulf", source=source, tag="bug") == {"creaks"}
    assert await found("beowulf", source="logs") == {"creaks", "sings"}
    assert await found("hrothgar", source="logs", tag="bug") == {"creaks", "betrays"}
    assert await found("beowulf", tag="bug") == {"creaks"}


@pytest.mark.parametrize("given", ["", "   ", "*", "%", "' OR 1=1 --", "@everyone", "x" * 80, "💥", "11"])
def test_a_tag_that_nobody_offers_is_refused_by_name(database, given):
    rows(
        "INSERT INTO channels (id, guild_id, kind, available_tags) VALUES (20, 7, 15, %s), (21, 7, 15, %s)",
        '{"11": "bug", "12": "  "}',
        '{"13": "bug", "14": "big *bug*"}',
    )
    with pytest.raises(tags.BadInput) as refused:
        tags.tagged(7, [20, 21], Filters(), given)
    assert str(refused.value).endswith(r"there are: big \*bug\*, bug.")
    with pytest.raises(tags.BadInput, match="no forum that you may read here offers any"):
        tags.tagged(7, [22], Filters(), given)
    assert tags.tagged(7, [20, 21], Filters(), "Bug").tags == {11, 13}
    assert tags.names(7, [20, 21], "") == ["big *bug*", "bug"]
