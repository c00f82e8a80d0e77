"""The kinds of values that fields of REST forms hold; Discord uses each name for one kind."""

from collections.abc import Callable

from app.sandbox.constants import Json
from app.sandbox.errors import DiscordError, invalid_form

_SAFE = 1 << 63


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    if isinstance(value, bool):
        return False
    plain = str(value) if isinstance(value, int | str) else ""
    return plain.isascii() and plain.removeprefix("-").isdigit() and abs(int(plain)) < _SAFE


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and all(_is_whole(row) for row in value)


_KINDS: tuple[tuple[Callable[[object], bool], str, tuple[str, ...]], ...] = (
    (_is_text, "string", ("content", "name", "topic", "nick", "communication_disabled_until", "description")),
    (
        _is_whole,
        "int",
        (
            *("flags", "type", "position", "bitrate", "user_limit", "rate_limit_per_user", "color", "permissions"),
            *("parent_id", "channel_id", "recipient_id", "allow", "deny", "max_age", "max_uses"),
            *("auto_archive_duration", "default_member_permissions"),
        ),
    ),
    (
        _is_flag,
        "bool",
        (
            *("tts", "nsfw", "hoist", "mentionable", "mute", "deaf", "archived", "locked", "invitable"),
            *("temporary", "unique", "enforce_nonce", "dm_permission"),
        ),
    ),
    (_is_object, "dict", ("message_reference", "allowed_mentions", "message", "name_localizations", "data")),
    (_are_objects, "list of dicts", ("embeds", "components", "attachments", "permission_overwrites", "options")),
    (_are_ids, "list of snowflakes", ("roles", "messages", "applied_tags")),
    (_is_list, "list", ("contexts", "integration_types", "choices")),
)
_CHECKS = {name: (fits, kind) for fits, kind, names in _KINDS for name in names}


def checked(data: Json) -> Json:
    """The form, or Discord's error for the first field whose value is of another kind; null is a kind of its own."""
    for name, value in data.items():
        fits, kind = _CHECKS.get(name, (None, ""))
        if fits is not None and value is not None and not fits(value):
            raise wrong_kind(name, kind)
    return data


def wrong_kind(path: str, kind: str) -> DiscordError:
    """The form error for a value of the wrong kind."""
    return invalid_form(path, "BASE_TYPE_CONVERT", f"Could not interpret value as {kind}.")
