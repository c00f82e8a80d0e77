"""What the sandbox answers, and what discord.py asks it, fits Discord's official document."""

import asyncio
import contextlib
import datetime as dt
import io

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from app.sandbox.box import BOX, Tuning
from app.sandbox.server import create_app, start
from tests.contract.sandbox.openapi import Exchanges, load
from tests.integration.sandbox.clients import Heard, Local


@pytest.fixture(scope="module")
def spec(shared_dir):
    return load(shared_dir)


@pytest.fixture
async def checked(spec, monkeypatch):
    """A sandbox whose every exchange is checked, and a client that is logged in."""
    checker = Exchanges(spec)
    app = create_app(tuning=Tuning(hidden_channel=True), recorder=checker.record)
    runner, port = await start("127.0.0.1", 0, app)
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{port}/api/v10")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://127.0.0.1:{port}/gateway"))
    client = Heard()
    async with aiohttp.ClientSession() as http:
        local = Local(app[BOX], port, http)
        task = asyncio.create_task(client.start("sandbox"))
        await client.next("ready")
        yield local, client, checker
        await client.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await runner.cleanup()
    checker.raise_if_wrong()


async def test_messages_of_every_kind(checked):
    local, client, checker = checked
    channel = client.get_channel(local.channel())
    embed = discord.Embed(
        title="t", description="d", url="https://example.org", colour=1, timestamp=dt.datetime.now(dt.UTC)
    )
    embed.set_footer(text="f").set_author(name="a").add_field(name="n", value="v").set_image(url="attachment://x.txt")
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="b", custom_id="b", emoji="\U0001f44d"))
    view.add_item(discord.ui.Button(label="l", url="https://example.org"))
    view.add_item(
        discord.ui.Select(custom_id="s", options=[discord.SelectOption(label="o", value="v", description="d")])
    )
    view.add_item(discord.ui.UserSelect(custom_id="u"))
    view.add_item(discord.ui.ChannelSelect(custom_id="c", channel_types=[discord.ChannelType.text]))
    file = discord.File(io.BytesIO(b"x"), "x.txt", description="a file")
    rich = await channel.send("rich", embed=embed, view=view, file=file, nonce=7)
    await channel.send(file=discord.File(io.BytesIO(b"1"), "one.bin"))
    reply = await rich.reply(f"<@{local.user()}> plain")
    await reply.edit(content="edited", suppress=True)
    await rich.edit(attachments=[discord.File(io.BytesIO(b"y"), "y.txt")], view=None, embed=None)
    await rich.add_reaction("\U0001f44d")
    await channel.fetch_message(rich.id)
    assert [m async for m in channel.history(limit=10, around=rich)]
    assert [m async for m in channel.history(limit=10, before=reply)]
    assert [m async for m in channel.history(limit=10, after=rich)]
    assert [u async for u in (await channel.fetch_message(rich.id)).reactions[0].users()]
    await rich.remove_reaction("\U0001f44d", client.user)
    await rich.clear_reaction("\U0001f44d")
    await rich.clear_reactions()
    await rich.pin()
    assert [m async for m in channel.pins()]
    await rich.unpin()
    async with channel.typing():
        pass
    await reply.delete()
    rows = [await channel.send(str(n)) for n in range(3)]
    await channel.delete_messages(rows)
    user = await client.fetch_user(local.user())
    await user.send("directly")
    assert checker.seen >= {
        ("POST", "/channels/{channel_id}/messages", 200),
        ("POST", "/channels/{channel_id}/messages/bulk-delete", 204),
        ("POST", "/users/@me/channels", 200),
    }


async def test_guilds_channels_threads_roles_members_and_invites(checked):
    local, client, _ = checked
    hall = await client.fetch_guild(local.guild().id)
    assert await hall.fetch_channels()
    await client.fetch_channel(local.channel())
    await client.application_info()
    assert [g async for g in client.fetch_guilds()]
    assert [m async for m in hall.fetch_members(limit=None)]
    hall = client.get_guild(hall.id)
    member = await hall.fetch_member(local.user())
    await local.rest("GET", f"/guilds/{hall.id}/members/search?query=beo&limit=5")
    local.guild().roles[hall.id + 1].position = 5
    role = await hall.create_role(name="Bard", permissions=discord.Permissions(64))
    await hall.fetch_roles()
    await member.add_roles(role)
    await member.edit(nick="B", roles=[role])
    await member.timeout(dt.timedelta(minutes=1))
    await member.timeout(None)
    await member.remove_roles(role)
    await role.edit(colour=discord.Colour.red())
    await role.delete()
    await hall.me.edit(nick="H")
    for kind in (hall.create_text_channel, hall.create_voice_channel, hall.create_category, hall.create_forum):
        made = await kind("made")
        await made.edit(name="changed")
    await made.set_permissions(hall.default_role, send_messages=False)
    await made.set_permissions(hall.default_role, overwrite=None)
    post = await made.create_thread(name="post", content="c")
    await post.thread.edit(archived=True, locked=True)
    assert [t async for t in made.archived_threads()]
    general = client.get_channel(local.channel())
    thread = await general.create_thread(name="t", type=discord.ChannelType.public_thread)
    await (await general.send("x")).create_thread(name="from")
    await thread.add_user(member)
    await thread.fetch_members()
    await thread.remove_user(member)
    await thread.leave()
    await thread.join()
    await hall.active_threads()
    await made.delete()
    invite = await general.create_invite(max_age=60)
    await hall.invites()
    await general.invites()
    await client.fetch_invite(invite.code, with_counts=False)
    await invite.delete()
    await local.post("voice", {"user": str(local.user()), "channel": str(local.channel("Hearth"))})
    await member.fetch_voice()
    await member.kick()
    await hall.ban(member)
    assert [b async for b in hall.bans()]
    await hall.fetch_ban(member)
    await hall.unban(member)


async def test_forums_with_tags_and_tagged_posts(checked):
    local, client, checker = checked
    hall = await client.fetch_guild(local.guild().id)
    offered = [discord.ForumTag(name="bug", emoji="🐛", moderated=True), discord.ForumTag(name="idea")]
    forum = await hall.create_forum("made", available_tags=offered)
    forum = await forum.edit(available_tags=[*forum.available_tags, discord.ForumTag(name="third")])
    post = await forum.create_thread(name="post", content="c", applied_tags=forum.available_tags[:2])
    await post.thread.edit(applied_tags=[])
    await client.fetch_channel(forum.id)
    await client.fetch_channel(post.thread.id)
    # What the sandbox's own people make is shown to the bot as well.
    body = {"guild": str(hall.id), "name": "asked", "type": "forum", "tags": ["bug", "idea"]}
    forum = await local.post("channels", body)
    for tag in ("bug", "idea"):
        post = {"type": "thread", "parent": forum["id"], "user": str(local.user()), "name": tag, "tags": [tag]}
        await client.fetch_channel((await local.post("channels", post))["id"])
    assert len(await hall.active_threads()) >= 3
    assert await hall.fetch_channels()
    assert checker.seen >= {("PATCH", "/channels/{channel_id}", 200), ("POST", "/channels/{channel_id}/threads", 201)}


async def test_errors_have_the_documented_form(checked):
    local, client, checker = checked
    channel = client.get_channel(local.channel())
    for attempt in (
        channel.send("x" * 2001),
        channel.fetch_message(1),
        client.fetch_channel(2),
        client.get_channel(local.channel("council")).send("x"),
        client.fetch_guild(3),
    ):
        with pytest.raises(discord.HTTPException):
            await attempt
    await local.rest("GET", "/users/@me", token="wrong")
    await local.post("faults", {"kind": "429", "count": 1, "seconds": 0.01})
    await local.rest("GET", "/users/@me")
    assert {status for _, _, status in checker.seen} >= {400, 401, 403, 404, 429}


async def test_commands_and_every_way_to_answer(checked):
    local, client, checker = checked
    tree = app_commands.CommandTree(client)

    @tree.command(name="all", description="Everything")
    @app_commands.choices(pick=[app_commands.Choice(name="One", value=1)])
    async def everything(  # noqa: PLR0917
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, 10],
        number: app_commands.Range[float, 0.0, 9.5] | None,
        who: discord.User | None,
        where: discord.TextChannel | None,
        role: discord.Role | None,
        file: discord.Attachment | None,
        pick: int = 1,
    ) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content="filled")
        sent = await interaction.followup.send(
            "more", ephemeral=True, wait=True, file=discord.File(io.BytesIO(b"1"), "a")
        )
        await interaction.followup.edit_message(sent.id, content="changed")
        await interaction.followup.delete_message(sent.id)
        await interaction.original_response()
        client.dispatch("done", interaction)

    @everything.autocomplete("text")
    async def complete(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=current, value=current)]

    group = app_commands.Group(name="set", description="Group", default_permissions=discord.Permissions(8))

    @group.command(name="it", description="Sub")
    async def it(interaction: discord.Interaction) -> None:
        view = discord.ui.View()
        button = discord.ui.Button(label="x", custom_id="x")
        button.callback = pressed
        view.add_item(button)
        await interaction.response.send_message("s", view=view)
        client.dispatch("done", interaction)

    async def pressed(interaction: discord.Interaction) -> None:
        modal = discord.ui.Modal(title="T", custom_id="m")
        modal.add_item(discord.ui.TextInput(label="L", custom_id="t"))

        async def submitted(inner: discord.Interaction) -> None:
            await inner.response.edit_message(content="changed")
            client.dispatch("done", inner)

        modal.on_submit = submitted
        await interaction.response.send_modal(modal)
        client.dispatch("done", interaction)

    tree.add_command(group)
    await tree.sync()
    hall = client.get_guild(local.guild().id)
    tree.copy_global_to(guild=hall)
    await tree.sync(guild=hall)
    await tree.fetch_commands()
    await tree.fetch_commands(guild=hall)

    async def act(**fields):
        body = {"user": str(local.user("hrothgar")), "channel": str(local.channel()), **fields}
        return (await local.post("interactions", body))["id"]

    options = {
        "text": "t", "number": 1.5, "who": str(local.user()), "where": str(local.channel()),
        "role": str(hall.roles[1].id), "file": {"filename": "f.txt", "text": "x"}, "pick": 1,
    }  # fmt: skip
    await act(type="autocomplete", name="all", options={"text": "t"})
    await act(type="command", name="all", options=options)
    await client.next("done")
    interaction = await act(type="command", name="set it")
    await client.next("done")
    message = (await local.get(f"interactions/{interaction}"))["messages"][0]["id"]
    await act(type="button", message=message, custom_id="x")
    await client.next("done")
    await act(type="modal", custom_id="m", fields={"t": "text"})
    await client.next("done")
    assert checker.seen >= {
        ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", 200),
        ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", 200),
        ("POST", "/webhooks/{webhook_id}/{webhook_token}", 200),
        ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands", 200),
    }
