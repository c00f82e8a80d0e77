"""The panel of `/setup`, and the modal in which a value is written."""

from typing import Any, ClassVar

import discord

from app.bot.answers import ask
from app.bot.context import read
from app.bot.replies import reply
from app.bot.translations import Source
from app.bot.views import GuardedModal, GuardedView
from app.core.answers import Answer
from app.core.errors import BadInput
from app.core.features import FEATURES, is_on
from app.core.options import DEFAULT
from app.core.policy import CONTENT_MODES, with_setting
from app.core.translations import LANGUAGES, _
from app.upkeep.settings import queries, rules
from app.upkeep.settings.messages import effective, explained
from app.upkeep.settings.rules import SETTINGS, Setting
from schema.models.settings import GuildSettings

_MANAGER = discord.Permissions(manage_guild=True)
_LONGEST_VALUE = 100


def panel_text(settings: GuildSettings) -> str:
    """What the panel says above its menus."""
    mode = settings.content_mode or queries.default_mode()
    keys = ("language", "timezone", "prefix", "log-channel")
    lines = [f"**{key}**: {effective(settings, SETTINGS[key])}" for key in keys]
    nothing = _("none")
    on = [name for name in FEATURES if is_on(settings.features, name)]
    return "\n".join(
        [
            _("## Setting up"),
            _("Choose what suits this server; every choice counts at once and can be changed later."),
            *lines,
            f"**content**: `{mode}` - {explained(mode)}",
            f"**features**: {', '.join(on) or nothing}",
        ]
    )


class SetupPanel(GuardedView):
    """Language, content mode, log channel, features, time zone, prefix: a panel that outlives restarts."""

    needs: ClassVar[discord.Permissions | None] = _MANAGER

    def __init__(self, settings: GuildSettings | None = None) -> None:
        super().__init__(timeout=None)
        chosen = settings or GuildSettings(features={}, options={})
        self.add_item(_Menu("language", _languages(chosen), _("Language")))
        self.add_item(_Menu("content", _modes(chosen), _("What I keep of messages")))
        self.add_item(_LogChannel())
        self.timezone.label, self.prefix.label, self.done.label = _("Time zone"), _("Prefix"), _("Done")
        self.add_item(_Menu(rules.ALL_FEATURES, _features(chosen), _("Features that are on"), several=True))

    @discord.ui.button(label="Time zone", custom_id="setup:timezone", row=4)
    async def timezone(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Ask for the time zone, which are too many for a menu."""
        await interaction.response.send_modal(SettingModal(SETTINGS["timezone"], panel=True))

    @discord.ui.button(label="Prefix", custom_id="setup:prefix", row=4)
    async def prefix(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Ask for the prefix."""
        await interaction.response.send_modal(SettingModal(SETTINGS["prefix"], panel=True))

    @discord.ui.button(label="Done", custom_id="setup:done", row=4, style=discord.ButtonStyle.success)
    async def done(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Any]) -> None:
        """Finish: the panel keeps its text and loses its menus."""
        answer = await ask(interaction, "commands.setup_done")
        if answer.state != "done":
            await reply(interaction, answer)
            return
        settings = await read(queries.load, interaction.guild_id or 0)
        await interaction.edit_original_response(content=f"{panel_text(settings)}\n{answer.content}", view=None)


class _Menu(discord.ui.Select[SetupPanel]):
    """A menu that changes the setting of its key."""

    def __init__(
        self, key: str, options: list[discord.SelectOption], placeholder: str, *, several: bool = False
    ) -> None:
        super().__init__(
            custom_id=f"setup:{key}",
            placeholder=placeholder,
            options=options,
            min_values=0 if several else 1,
            max_values=len(options) if several else 1,
        )
        self._setting = SETTINGS[key]

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Change the setting to what was picked."""
        await change(interaction, self._setting, ",".join(self.values) or rules.NONE, panel=True)


class _LogChannel(discord.ui.ChannelSelect[SetupPanel]):
    """The menu of channels."""

    def __init__(self) -> None:
        super().__init__(
            custom_id="setup:log-channel",
            placeholder=_("Channel for changes of settings"),
            channel_types=[discord.ChannelType.text],
        )

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Post changes to the channel that was picked."""
        await change(interaction, SETTINGS["log-channel"], str(self.values[0].id), panel=True)


def _languages(settings: GuildSettings) -> list[discord.SelectOption]:
    options = [
        discord.SelectOption(label=name, value=code, default=code == settings.locale)
        for code, name in LANGUAGES.items()
    ]
    unset = discord.SelectOption(
        label=_("The language of the server in Discord"), value=DEFAULT, default=settings.locale is None
    )
    return [*options, unset]


def _modes(settings: GuildSettings) -> list[discord.SelectOption]:
    present = settings.content_mode or queries.default_mode()
    return [
        discord.SelectOption(label=mode, description=explained(mode)[:100], default=mode == present)
        for mode in CONTENT_MODES
    ]


def _features(settings: GuildSettings) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(label=name, description=_(about)[:100], default=is_on(settings.features, name))
        for name, about in FEATURES.items()
    ]


class SettingModal(GuardedModal):
    """Writes the value of one setting."""

    needs: ClassVar[discord.Permissions | None] = _MANAGER

    def __init__(self, setting: Setting, *, panel: bool = False) -> None:
        super().__init__(title=setting.key, custom_id=f"setting:{setting.key}")
        self._setting = setting
        self._panel = panel
        self.value: discord.ui.TextInput[Any] = discord.ui.TextInput(
            label=_(setting.about)[:45], custom_id="value", max_length=_LONGEST_VALUE, placeholder=_hint(setting)
        )
        self.add_item(self.value)

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """Change the setting, and say how that ended."""
        await change(interaction, self._setting, self.value.value, panel=self._panel)


async def change(interaction: discord.Interaction[Any], setting: Setting, value: str, *, panel: bool) -> None:
    """Change one setting by a click or a modal; a panel shows the new state, and what went wrong is told apart."""
    answer = await set_one(interaction, setting, value)
    if not panel:
        await reply(interaction, answer)
        return
    await refresh(interaction)
    if answer.state != "done":
        await reply(interaction, answer)


async def set_one(source: Source, setting: Setting, value: str) -> Answer:
    """Have one setting changed, and obey it in this process at once."""
    value = resolve(source.guild, setting, value)
    rules.parse(setting, value)
    bot = source.client if isinstance(source, discord.Interaction) else source.bot
    if setting.column == "content_mode":
        await bot.settle()
    answer = await ask(source, "commands.settings_set", key=setting.key, value=value)
    if answer.state == "done" and source.guild:
        policy = bot.policy
        policy.data = with_setting(policy.data, source.guild.id, answer.data["column"], answer.data["value"])
    return answer


async def refresh(interaction: discord.Interaction[Any]) -> None:
    """Show the panel's present state in its message."""
    settings = await read(queries.load, interaction.guild_id or 0)
    await interaction.edit_original_response(content=panel_text(settings), view=SetupPanel(settings))


def resolve(guild: discord.Guild | None, setting: Setting, value: str) -> str:
    """The value with a channel's name or mention made an id, of a channel of this guild in which the bot may write."""
    if not rules.names_channel(setting) or value.strip().lower() == DEFAULT or guild is None:
        return value
    wanted = value.strip().removeprefix("<#").removesuffix(">").removeprefix("#").lower()
    channel = next((c for c in guild.text_channels if wanted in {str(c.id), c.name.lower()}), None)
    if channel is None:
        raise BadInput(
            _("“{value}” is no text channel of this server. Mention one, or say default for none.").format(
                value=value[:50]
            )
        )
    if not channel.permissions_for(guild.me).send_messages:
        raise BadInput(
            _("I may not write in {channel}. Allow me to, or choose another.").format(channel=channel.mention)
        )
    return str(channel.id)


def _hint(setting: Setting) -> str:
    """What may be written, as the empty field shows it."""
    return ", ".join(rules.choices(setting)[:6])[:_LONGEST_VALUE] or "!"
