"""What a guild may choose, and how a value given as text is read. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from app.community.economy import rules as economy
from app.community.games import rules as games
from app.community.gift import rules as gift
from app.community.inventory import rules as inventory
from app.community.invites import rules as invites
from app.community.leaderboards import rules as leaderboards
from app.community.leveling import rules as leveling
from app.community.lottery import rules as lottery
from app.core.errors import BadInput
from app.core.features import FEATURES
from app.core.options import DEFAULT, Channel, Option, Switch, bad
from app.core.policy import CONTENT_MODES
from app.core.translations import LANGUAGES, _, marked

FEATURE_PREFIX = "feature-"
ALL_FEATURES = "features"
NONE = "none"
PREFIX_MAX = 5
RETENTION_MIN, RETENTION_MAX = 1, 3650
# Where the options of the features lie, each under its key.
OPTIONS_COLUMN = "options"
# What a guild may choose of each feature, under the word by which `/settings show` finds it.
GROUPS: dict[str, tuple[Option[Any], ...]] = {
    "economy": economy.OPTIONS,
    "gift": gift.OPTIONS,
    "inventory": inventory.OPTIONS,
    "invites": invites.OPTIONS,
    "leaderboards": leaderboards.OPTIONS,
    "games": games.OPTIONS,
    "bets": games.BETS,
    "leveling": leveling.OPTIONS,
    "lottery": lottery.OPTIONS,
}

# A value as it is stored; for features, the switches that are moved; None takes a choice back.
Value = str | int | dict[str, bool] | None


@dataclass(frozen=True)
class Setting:
    """One thing an admin can set: its key in commands, its column, and one sentence about it."""

    key: str
    column: str
    about: str
    option: Option[Any] | None = None


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
        *(
            Setting(option.key, OPTIONS_COLUMN, option.about, option)
            for options in GROUPS.values()
            for option in options
        ),
    )
}


def find(key: str) -> Setting:
    """The setting of that key; raises BadInput naming those there are."""
    setting = SETTINGS.get(key.strip().lower())
    if setting is None:
        raise BadInput(
            _("There is no setting “{key}”. There are: {keys}.").format(key=key[:50], keys=", ".join(_general()))
        )
    return setting


def group(name: str | None) -> list[Setting]:
    """The settings that belong together: the general ones, or a feature's options; raises BadInput naming groups."""
    if name is None:
        return [SETTINGS[key] for key in _general() if key != ALL_FEATURES]
    if name.strip().lower() not in GROUPS:
        raise bad("group", name, ", ".join(GROUPS))
    return [SETTINGS[option.key] for option in GROUPS[name.strip().lower()]]


def _general() -> list[str]:
    return [key for key, setting in SETTINGS.items() if setting.option is None]


def parse(setting: Setting, given: str) -> Value:
    """The value that this text means; None means the default. Raises BadInput saying what is allowed."""
    text = given.strip()
    if setting.key == ALL_FEATURES:
        return _switches(text)
    if setting.column == "features":
        return {setting.key.removeprefix(FEATURE_PREFIX): _switch(setting, text)}
    if setting.option is not None:
        value: Value = None if text.lower() == DEFAULT else setting.option.parse(text)
        return value
    if text.lower() == DEFAULT:
        return _DEFAULTS.get(setting.column)
    return _PARSERS[setting.column](text)


def names_channel(setting: Setting) -> bool:
    """Whether the value is a channel."""
    return setting.column == "log_channel_id" or isinstance(setting.option, Channel)


def choices(setting: Setting) -> list[str]:
    """The values to offer; empty where there are too many or any will do."""
    if setting.key == ALL_FEATURES:
        return [", ".join(FEATURES), NONE]
    if setting.column == "features":
        return ["on", "off"]
    if setting.option is not None:
        return list(dict.fromkeys([*setting.option.choices(), DEFAULT]))
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


def _switch(setting: Setting, text: str) -> bool:
    return Switch(setting.key, setting.about, default=True).parse(text)


def _switches(text: str) -> dict[str, bool]:
    names = {name.strip().lower() for name in text.split(",")} - {"", NONE}
    unknown = sorted(names - FEATURES.keys())
    if unknown or not text:
        raise bad(ALL_FEATURES, ", ".join(unknown), ", ".join([*FEATURES, NONE]))
    return {name: name in names for name in FEATURES}


def _language(text: str) -> str:
    named = {name.lower(): code for code, name in LANGUAGES.items()}
    code = named.get(text.lower(), text.lower())
    if code not in LANGUAGES:
        allowed = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
        raise bad("language", text, f"{allowed}, {DEFAULT}")
    return code


def _timezone(text: str) -> str:
    found = {zone.lower(): zone for zone in zones()}.get(text.lower())
    if found is None:
        raise bad("timezone", text, _("a name such as Europe/Paris, America/New_York or UTC"))
    ZoneInfo(found)
    return found


def _content_mode(text: str) -> str:
    if text.lower() not in CONTENT_MODES:
        raise bad("content", text, ", ".join(CONTENT_MODES))
    return text.lower()


def _prefix(text: str) -> str:
    usable = 0 < len(text) <= PREFIX_MAX and text.isprintable() and not any(map(str.isspace, text))
    if not usable or text[0] in "/@#<`" or text[-1].isalnum():
        raise bad(
            "prefix",
            text,
            _("1 to 5 signs without spaces, not beginning with / @ # < ` and not ending in a letter or digit"),
        )
    return text


def _channel(text: str) -> int | None:
    return Channel("log-channel", "", default=None).parse(text)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and RETENTION_MIN <= int(text[:9]) <= RETENTION_MAX):
        raise bad("retention-days", text, f"{RETENTION_MIN}-{RETENTION_MAX}, {DEFAULT}")
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
