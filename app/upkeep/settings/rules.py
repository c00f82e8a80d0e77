"""What a guild may choose, and how a value given as text is read. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from app.core.errors import BadInput
from app.core.policy import CONTENT_MODES
from app.core.translations import LANGUAGES, _, marked

# Features that an admin may switch off; a cog that belongs to one says so by its attribute `feature`.
FEATURES: dict[str, str] = {
    "profile": marked("Profiles: /profile shows a member's activity"),
    "search": marked("Search: /search finds earlier messages"),
    "openai": marked("OpenAI: texts may be sent to OpenAI, if the operator set it up"),
}
# What sends texts to somebody else needs the admins' consent: it is off until they switch it on.
OFF_AT_FIRST = frozenset({"openai"})
FEATURE_PREFIX = "feature-"
ALL_FEATURES = "features"
NONE = "none"
PREFIX_MAX = 5
RETENTION_MIN, RETENTION_MAX = 1, 3650
# The word that takes a choice back.
DEFAULT = "default"
_ON = {"on", "true", "yes", "1", "oui"}
_OFF = {"off", "false", "no", "0", "non"}

# A value as it is stored; for features, the switches that are moved.
Value = str | int | dict[str, bool] | None


@dataclass(frozen=True)
class Setting:
    """One thing an admin can set: its key in commands, its column, and one sentence about it."""

    key: str
    column: str
    about: str


SETTINGS: dict[str, Setting] = {
    setting.key: setting
    for setting in (
        Setting("language", "locale", marked("The language the bot speaks here (members may choose their own)")),
        Setting("timezone", "timezone", marked("The time zone of dates and schedules, such as Europe/Paris")),
        Setting("content", "content_mode", marked("What is kept of messages: off, counts or store")),
        Setting("prefix", "prefix", marked("What commands written as messages begin with")),
        Setting("log-channel", "log_channel_id", marked("The channel where changes of settings are posted")),
        Setting("retention-days", "retention_days", marked("After how many days the text of messages is deleted")),
        Setting(ALL_FEATURES, "features", marked("All features that are on, separated by commas, or none")),
        *(Setting(FEATURE_PREFIX + name, "features", about) for name, about in FEATURES.items()),
    )
}


def find(key: str) -> Setting:
    """The setting of that key; raises BadInput naming those there are."""
    setting = SETTINGS.get(key.strip().lower())
    if setting is None:
        raise BadInput(
            _("There is no setting “{key}”. There are: {keys}.").format(key=key[:50], keys=", ".join(SETTINGS))
        )
    return setting


def parse(setting: Setting, given: str) -> Value:
    """The value that this text means; None means the default. Raises BadInput saying what is allowed."""
    text = given.strip()
    if setting.key == ALL_FEATURES:
        return _switches(text)
    if setting.column == "features":
        return {setting.key.removeprefix(FEATURE_PREFIX): _switch(setting, text)}
    if text.lower() == DEFAULT:
        return _DEFAULTS.get(setting.column)
    return _PARSERS[setting.column](text)


def is_on(features: Mapping[str, bool], name: str) -> bool:
    """Whether a feature is on in a guild that moved these switches."""
    return bool(features.get(name, name not in OFF_AT_FIRST))


def choices(setting: Setting) -> list[str]:
    """The values to offer; empty where there are too many or any will do."""
    if setting.key == ALL_FEATURES:
        return [", ".join(FEATURES), NONE]
    if setting.column == "features":
        return ["on", "off"]
    return {
        "locale": [*LANGUAGES, DEFAULT],
        "content_mode": list(CONTENT_MODES),
        "timezone": sorted(zones()),
        "retention_days": ["7", "30", "90", "365", DEFAULT],
        "log_channel_id": [DEFAULT],
    }.get(setting.column, [])


@cache
def zones() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(available_timezones())


def _bad(setting: str, given: str, allowed: str) -> BadInput:
    shown = given[:50] or " "
    return BadInput(
        _("“{value}” is no {setting}. Allowed: {allowed}.").format(value=shown, setting=setting, allowed=allowed)
    )


def _switch(setting: Setting, text: str) -> bool:
    if text.lower() in _ON:
        return True
    if text.lower() in _OFF:
        return False
    raise _bad(setting.key, text, "on, off")


def _switches(text: str) -> dict[str, bool]:
    names = {name.strip().lower() for name in text.split(",")} - {"", NONE}
    unknown = sorted(names - FEATURES.keys())
    if unknown or not text:
        raise _bad(ALL_FEATURES, ", ".join(unknown), ", ".join([*FEATURES, NONE]))
    return {name: name in names for name in FEATURES}


def _language(text: str) -> str:
    named = {name.lower(): code for code, name in LANGUAGES.items()}
    code = named.get(text.lower(), text.lower())
    if code not in LANGUAGES:
        allowed = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
        raise _bad("language", text, f"{allowed}, {DEFAULT}")
    return code


def _timezone(text: str) -> str:
    found = {zone.lower(): zone for zone in zones()}.get(text.lower())
    if found is None:
        raise _bad("timezone", text, _("a name such as Europe/Paris, America/New_York or UTC"))
    ZoneInfo(found)
    return found


def _content_mode(text: str) -> str:
    if text.lower() not in CONTENT_MODES:
        raise _bad("content", text, ", ".join(CONTENT_MODES))
    return text.lower()


def _prefix(text: str) -> str:
    usable = 0 < len(text) <= PREFIX_MAX and text.isprintable() and not any(map(str.isspace, text))
    if not usable or text[0] in "/@#<`" or text[-1].isalnum():
        raise _bad(
            "prefix",
            text,
            _("1 to 5 signs without spaces, not beginning with / @ # < ` and not ending in a letter or digit"),
        )
    return text


def _channel(text: str) -> int:
    digits = text.removeprefix("<#").removesuffix(">")
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits) < 1 << 63):
        raise _bad("log-channel", text, _("a text channel of this server, or default for none"))
    return int(digits)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and RETENTION_MIN <= int(text[:9]) <= RETENTION_MAX):
        raise _bad("retention-days", text, f"{RETENTION_MIN}-{RETENTION_MAX}, {DEFAULT}")
    return int(text)


_PARSERS: dict[str, Callable[[str], Value]] = {
    "locale": _language,
    "timezone": _timezone,
    "content_mode": _content_mode,
    "prefix": _prefix,
    "log_channel_id": _channel,
    "retention_days": _days,
}
_DEFAULTS: dict[str, Value] = {"timezone": "UTC", "prefix": "!"}
