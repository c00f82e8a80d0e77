"""Commands, components and modals between the page's users and the real client's command tree."""

import asyncio

import discord
import pytest
from discord import app_commands

from tests.integration.sandbox.clients import Heard


class French(app_commands.Translator):
    async def translate(self, string, locale, context):
        # The French of one command is the English of another.
        words = {"ping": "pouls", "settings": "réglages", "show": "voir", "key": "clé", "slow": "silent"}
        return words.get(string.message) if locale is discord.Locale.french else None


class Panel(discord.ui.View):
    @discord.ui.button(label="Press", custom_id="press")
    async def press(self, interaction, button):
        await interaction.response.edit_message(content="pressed", view=None)

    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction, button):
        await interaction.response.send_modal(Question())

    @discord.ui.select(
        custom_id="pick",
        options=[discord.SelectOption(label="A", value="a"), discord.SelectOption(label="B", value="b")],
    )
    async def pick(self, interaction, select):
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"picked {select.values[0]}")


class Question(discord.ui.Modal, title="A question"):
    name = discord.ui.TextInput(label="Name", custom_id="name", max_length=20)

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"hello {self.name.value}", ephemeral=True)


class Bot(Heard):
    def __init__(self) -> None:
        super().__init__()
        self.tree = app_commands.CommandTree(self)
        self.add()

    async def setup_hook(self) -> None:
        await self.tree.set_translator(French())
        await self.tree.sync()

    def add(self) -> None:
        tree = self.tree

        @tree.command(name=app_commands.locale_str("ping"), description="Answers")
        async def ping(interaction: discord.Interaction, times: int = 1, loud: bool = False) -> None:  # noqa: FBT002
            await interaction.response.send_message(f"pong {times} {loud}", view=Panel())

        @tree.command(name="slow", description="Answers late")
        async def slow(interaction: discord.Interaction, who: discord.Member) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            self.dispatch("deferred", interaction)
            await asyncio.sleep(0.05)
            await interaction.followup.send(f"late {who.name}")
            await interaction.followup.send("more", ephemeral=True)

        @tree.command(name="colour", description="Completes")
        async def colour(interaction: discord.Interaction, name: str) -> None:
            message = await interaction.response.send_message(name)
            self.dispatch("answer_id", message.message_id)

        @colour.autocomplete("name")
        async def names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=n, value=n) for n in ("red", "green") if n.startswith(current)]

        @tree.command(name="silent", description="Never answers")
        async def silent(interaction: discord.Interaction) -> None:
            self.dispatch("asked", interaction)

        @tree.command(name="kick", description="For moderators")
        @app_commands.default_permissions(moderate_members=True)
        async def kick(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("ok")

        group = app_commands.Group(name="settings", description="Settings")

        @group.command(name="show", description="Shows")
        async def show(interaction: discord.Interaction, key: str = "all") -> None:
            await interaction.response.send_message(f"settings {key}")

        tree.add_command(group)

        @tree.context_menu(name="Who is this")
        async def who(interaction: discord.Interaction, member: discord.Member) -> None:
            await interaction.response.send_message(member.display_name, ephemeral=True)

        @tree.context_menu(name="Shout")
        async def shout(interaction: discord.Interaction, message: discord.Message) -> None:
            await interaction.response.send_message(message.content.upper())


@pytest.fixture
async def bot(connect):
    return await connect(Bot())


@pytest.fixture
def act(local, bot):
    async def begin(kind, *, user="beowulf", channel="general", until=None, **fields):
        body = {"type": kind, "user": str(local.user(user)), "channel": str(local.channel(channel)), **fields}
        number = (await local.post("interactions", body))["id"]
        for _ in range(200):
            state = await local.get(f"interactions/{number}")
            done = state["state"] in {"answered", "failed"} if until is None else until(state)
            if done:
                return state
            await asyncio.sleep(0.01)
        raise AssertionError(state)

    return begin


async def test_a_slash_command_with_options_is_answered(act):
    state = await act("command", name="ping", options={"times": 3, "loud": True})
    assert state["state"] == "answered"
    assert state["messages"][0]["content"] == "pong 3 True"
    assert state["ephemeral"] is False
    assert state["messages"][0]["type"] == 20


async def test_commands_are_listed_in_the_users_language_and_by_permission(local, act):
    def path(user):
        return f"commands?user={local.user(user)}&channel={local.channel()}"

    listed = await local.get(path("margaux"))
    names = {c["name"]: c["name_localized"] for c in listed}
    assert names["ping"] == "pouls"
    assert "kick" not in names
    moderator = await local.get(path("wealhtheow"))
    assert "kick" in {c["name"] for c in moderator}
    assert (await act("command", name="kick", user="wealhtheow"))["messages"][0]["content"] == "ok"
    body = {"type": "command", "user": str(local.user()), "channel": str(local.channel()), "name": "kick"}
    assert "may not use" in (await local.post("interactions", body, 400))["error"]
    assert (await act("command", name="kick", force=True))["messages"][0]["content"] == "ok"
    assert (await act("command", name="pouls", user="margaux"))["state"] == "answered"


async def test_subcommands_by_space_and_by_nesting(act):
    assert (await act("command", name="settings show"))["messages"][0]["content"] == "settings all"
    nested = [{"name": "show", "options": [{"name": "key", "value": "locale"}]}]
    assert (await act(2, name="settings", options=nested))["messages"][0]["content"] == "settings locale"


async def test_names_in_any_language_serve_everybody(act):
    for user in ("beowulf", "margaux"):
        assert (await act("command", name="pouls", user=user))["messages"][0]["content"] == "pong 1 False"
        said = await act("command", name="réglages voir", user=user, options={"clé": "locale"})
        assert said["messages"][0]["content"] == "settings locale"
        nested = {"voir": {"clé": "prefix"}}
        assert (await act(2, name="réglages", user=user, options=nested))["messages"][0]["content"] == "settings prefix"


async def test_a_commands_own_name_goes_before_anothers_translation(local, bot):
    body = {"type": "command", "user": str(local.user()), "channel": str(local.channel()), "name": "silent"}
    await local.post("interactions", body)
    assert (await bot.next("asked")).data["name"] == "silent"


async def test_an_option_in_two_languages_at_once_is_refused(local, act):
    body = {"type": "command", "user": str(local.user()), "channel": str(local.channel()), "name": "settings show"}
    refused = await local.post("interactions", {**body, "options": {"key": "a", "clé": "b"}}, 400)
    assert refused["error"] == "option 'key' is given twice"


async def test_a_deferred_answer_is_filled_by_the_follow_up_and_stays_ephemeral(local, act):
    options = {"who": str(local.user("wiglaf"))}
    state = await act("command", name="slow", options=options, until=lambda s: len(s["messages"]) == 2)
    assert [m["content"] for m in state["messages"]] == ["late wiglaf", "more"]
    assert state["ephemeral"] is True
    assert all(m["flags"] & 64 for m in state["messages"])
    assert (await local.get(f"channels/{local.channel()}/messages")) == []
    own = await local.get(f"channels/{local.channel()}/messages?user={local.user()}")
    assert len(own) == 2


async def test_autocomplete_gives_choices_and_the_callback_names_the_message(act, bot):
    state = await act("autocomplete", name="colour", options={"name": "gr"})
    assert state["choices"] == [{"name": "green", "value": "green"}]
    state = await act("command", name="colour", options={"name": "green"})
    assert str(await bot.next("answer_id")) == state["messages"][0]["id"]


async def test_buttons_selects_and_modals(local, act):
    sent = (await act("command", name="ping"))["messages"][0]["id"]
    state = await act("select", message=sent, custom_id="pick", values=["b"], until=lambda s: s["messages"])
    assert state["messages"][0]["content"] == "picked b"
    opened = await act("button", message=sent, custom_id="ask")
    assert opened["modal"]["title"] == "A question"
    answered = await act("modal", custom_id=opened["modal"]["custom_id"], fields={"name": "Grendel"})
    assert answered["messages"][0]["content"] == "hello Grendel"
    assert answered["ephemeral"] is True
    pressed = await act("button", message=sent, custom_id="press")
    assert pressed["messages"][0]["content"] == "pressed"
    assert pressed["messages"][0]["components"] == []


async def test_context_menus_of_users_and_messages(local, act):
    assert (await act("user_command", name="Who is this", target=str(local.user("wiglaf"))))["messages"][0][
        "content"
    ] == "Wiglaf"
    sent = await local.say("quiet")
    assert (await act("message_command", name="Shout", message=sent["id"]))["messages"][0]["content"] == "QUIET"
    assert (await act("command", name="Shout", message=sent["id"]))["state"] == "answered"


async def test_commands_work_in_direct_messages(local, act, bot):
    place = await local.post("channels", {"type": "dm", "user": str(local.user())})
    body = {"type": "command", "user": str(local.user()), "channel": place["id"], "name": "ping"}
    number = (await local.post("interactions", body))["id"]
    await bot.next("interaction")
    for _ in range(100):
        state = await local.get(f"interactions/{number}")
        if state["state"] == "answered":
            break
        await asyncio.sleep(0.01)
    assert state["messages"][0]["content"] == "pong 1 False"


async def test_an_interaction_nobody_answers_fails_and_a_late_answer_is_refused(local, act, bot):
    local.box.tuning.interaction_deadline = 0.1
    state = await act("command", name="silent")
    assert state["state"] == "failed"
    interaction = await bot.next("asked")
    with pytest.raises(discord.NotFound) as late:
        await interaction.response.send_message("too late")
    assert late.value.code == 10062


async def test_a_second_answer_is_refused(local, act, bot):
    task = asyncio.create_task(act("command", name="silent"))
    interaction = await bot.next("asked")
    await interaction.response.send_message("once")
    await task
    status, body = await local.rest(
        "POST",
        f"/interactions/{interaction.id}/{interaction.token}/callback",
        {"type": 4, "data": {"content": "twice"}},
    )
    assert (status, body["code"]) == (400, 40060)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"type": "dance"}, "allowed: command"),
        ({"type": "command", "name": "nothing"}, "registered: ["),
        ({"type": "command", "name": "slow"}, "'who' of /slow is required"),
        ({"type": "command", "name": "ping", "options": {"time": 1}}, "allowed: times, loud"),
        ({"type": "command", "name": "ping", "options": {"times": "many"}}, "whole number"),
        ({"type": "command", "name": "settings"}, "name a subcommand: show"),
        ({"type": "modal", "custom_id": "x", "fields": {}}, "no modal"),
        ({"type": "button", "message": "1", "custom_id": "x"}, "no message"),
        ({"type": "command", "name": "ping", "colour": 1}, "unknown field"),
    ],
)
async def test_bad_interactions_are_refused_with_what_is_allowed(local, bot, fields, told):
    body = {"user": str(local.user()), "channel": str(local.channel()), **fields}
    assert told in (await local.post("interactions", body, 400))["error"]


async def test_syncing_again_keeps_ids_and_versions(local, bot):
    before = {c["name"]: (c["id"], c["version"]) for c in local.box.world.commands.values()}
    await bot.tree.sync()
    after = {c["name"]: (c["id"], c["version"]) for c in local.box.world.commands.values()}
    assert before == after
    fetched = await bot.tree.fetch_commands()
    assert {c.name for c in fetched} == set(before)
