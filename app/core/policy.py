"""What a guild lets us keep, and who has opted out: the data behind `app.bot.policy`, read by app.upkeep.settings."""

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
