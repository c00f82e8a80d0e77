"""How settings are shown to people."""

from app.core.features import is_on
from app.core.settings import settings as operator
from app.core.translations import LANGUAGES, _
from app.upkeep.settings.queries import default_mode
from app.upkeep.settings.rules import FEATURE_PREFIX, Setting, Value
from schema.models.settings import GuildSettings


def shown(setting: Setting, value: Value) -> str:
    """A value as people read it."""
    if isinstance(value, dict):
        words = {True: _("on"), False: _("off")}
        return ", ".join(f"{name} {words[is_switched_on]}" for name, is_switched_on in value.items())
    if value is None:
        return _("the default")
    if setting.option is not None:
        return setting.option.shown(value)
    if setting.column == "log_channel_id":
        return f"<#{value}>"
    if setting.column == "locale":
        return LANGUAGES[str(value)]
    return f"`{value}`"


def explained(mode: str) -> str:
    """A content mode in plain words."""
    return {
        "off": _("Nothing is recorded: no messages, no counts, no profiles. Commands still work."),
        "counts": _("I record that somebody wrote, where and when, but not what. Profiles work, search does not."),
        "store": _("I also keep the text of messages, so that search works. It is deleted after a while."),
    }[mode]


def value_of(settings: GuildSettings, setting: Setting) -> Value:
    """The value that a guild has for a setting."""
    if setting.column == "features":
        name = setting.key.removeprefix(FEATURE_PREFIX)
        return {name: is_on(settings.features, name)}
    if setting.option is not None:
        chosen: Value = settings.options.get(setting.key)
        return chosen
    value: Value = getattr(settings, setting.column)
    return value


def effective(settings: GuildSettings, setting: Setting) -> str:
    """The value in force as people read it; where the guild chose none, the default with what it is."""
    value = value_of(settings, setting)
    text = shown(setting, value)
    if value is None and setting.option is not None:
        return f"{text} ({setting.option.shown(setting.option.default)})"
    defaults: dict[str, Value] = {"content_mode": default_mode(), "retention_days": operator().retention_days}
    if value is None and setting.column in defaults:
        return f"{text} ({shown(setting, defaults[setting.column])})"
    return text
