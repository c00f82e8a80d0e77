"""What a guild lets us keep, and who has opted out: the data behind `app.bot.policy`, read by app.upkeep.settings."""

from typing import Any

import msgspec

OFF, COUNTS, STORE = "off", "counts", "store"
CONTENT_MODES = (OFF, COUNTS, STORE)

# Direct messages have no guild: they are kept only as the conversation with the bot itself.
DIRECT_MESSAGES = 0


class PolicyData(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of every guild's settings that the bot needs before anything is kept.

    A guild without an entry has the default mode, prefix and locale. `opted_out` holds (guild, user).
    """

    modes: dict[int, str] = msgspec.field(default_factory=dict)
    prefixes: dict[int, str] = msgspec.field(default_factory=dict)
    locales: dict[int, str] = msgspec.field(default_factory=dict)
    opted_out: frozenset[tuple[int, int]] = frozenset()
    # The features that an admin switched off, by guild.
    switched_off: dict[int, frozenset[str]] = msgspec.field(default_factory=dict)
    # The languages that people chose for themselves, by user.
    languages: dict[int, str] = msgspec.field(default_factory=dict)
    default_mode: str = COUNTS


def with_setting(data: PolicyData, guild_id: int, column: str, value: Any) -> PolicyData:
    """The snapshot after one setting of a guild changed, so that a bot obeys before it reads the next one.

    Settings that a snapshot does not hold leave it as it is; None takes a choice back.
    """
    if column == "features":
        off = set(data.switched_off.get(guild_id, frozenset()))
        off = off.difference(value) | {name for name, is_on in value.items() if not is_on}
        return msgspec.structs.replace(data, switched_off={**data.switched_off, guild_id: frozenset(off)})
    field = {"content_mode": "modes", "prefix": "prefixes", "locale": "locales"}.get(column)
    return data if field is None else _with(data, field, guild_id, value)


def with_language(data: PolicyData, user_id: int, language: str | None) -> PolicyData:
    """The snapshot after a person chose a language, or none."""
    return _with(data, "languages", user_id, language)


def _with(data: PolicyData, field: str, key: int, value: Any) -> PolicyData:
    known = {**getattr(data, field), key: value}
    if value is None:
        del known[key]
    return msgspec.structs.replace(data, **{field: known})
