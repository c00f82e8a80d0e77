"""A start that cannot succeed says in one line what to click; one that can needs no more than it must."""

import pytest

from app.activity.messages.messages import MessageSeen
from app.bot.instance import AlreadyRunning
from app.bot.lifecycle import run
from app.core.errors import ConfigurationError
from app.core.settings import settings
from tests.factories.bots import until


async def refusal(rig) -> str:
    settings.cache_clear()
    with pytest.raises(ConfigurationError) as refused:
        await run(settings(), rig.ports())
    assert "\n" not in str(refused.value)
    return str(refused.value)


async def test_an_invalid_token_names_the_button_to_click(rig, monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "wrong")
    line = await refusal(rig)
    assert "DISCORD_TOKEN" in line
    assert "Reset Token" in line


async def test_refused_intents_name_the_switches(local, rig):
    local.box.world.application.intents = 0
    line = await refusal(rig)
    assert "Server Members Intent" in line
    assert "Message Content Intent" in line
    assert "MESSAGE_CONTENT_INTENT=false" in line


async def test_without_the_message_content_intent_it_runs_and_counts(local, rig, monkeypatch):
    local.box.world.application.intents &= ~(1 << 15)
    monkeypatch.setenv("MESSAGE_CONTENT_INTENT", "false")
    runtime = await rig.start()
    assert not runtime.bot.intents.message_content
    await local.say("you cannot read this")
    seen = await rig.event(MessageSeen)
    assert not seen.content
    me = local.box.world.application.id
    await local.say(f"<@{me}> but you can read this")
    await rig.event(MessageSeen, lambda event: event.content and "this" in event.content)


async def test_a_second_bot_of_the_same_identity_is_refused(local, rig, monkeypatch):
    await rig.start()
    with pytest.raises(AlreadyRunning, match="another bot with this identity"):
        await rig.start()


async def test_the_lock_is_free_again_after_a_stop(local, rig):
    await rig.stop(await rig.start())
    await rig.start()


async def test_missing_permissions_are_told_with_the_link_to_click(local, rig, caplog):
    guild = local.guild()
    for role in guild.roles.values():
        role.permissions = 1 << 10
    await rig.start()
    await until(lambda: any("to grant it, open" in record.getMessage() for record in caplog.records), "the line")
    line = next(record.getMessage() for record in caplog.records if "to grant it" in record.getMessage())
    assert f"guild {guild.id}" in line
    assert "read_message_history" in line
    assert "oauth2/authorize" in line


async def test_a_bot_in_no_server_tells_the_link_that_invites_it(local, rig, caplog):
    local.box.world.guilds.clear()
    runtime = await rig.start()
    await until(lambda: any("in no server" in record.getMessage() for record in caplog.records), "the line")
    line = next(record.getMessage() for record in caplog.records if "in no server" in record.getMessage())
    assert f"client_id={runtime.bot.application_id}" in line
    assert "scope=bot+applications.commands" in line
    assert "permissions=" in line


async def test_nothing_is_heard_before_the_settings_are_known(local, rig):
    def broken():
        raise ConnectionRefusedError

    asked = []
    known = rig.policy
    ports = rig.ports()._replace(load_policy=lambda: (asked.append(1), broken() if len(asked) < 3 else known)[1])
    rig.ports = lambda: ports
    runtime = await rig.start(is_ready=False)
    await until(lambda: len(asked) >= 2, "the settings were asked for")
    assert not local.box.hub.sessions
    await until(runtime.bot.is_ready, "the bot connects once they are known")
