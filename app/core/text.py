"""Text as PostgreSQL and UTF-8 can hold it."""

import re

# NUL cannot be stored in PostgreSQL; a lone surrogate cannot be encoded as UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"
_FORMATTING = re.compile(r"[\\*_~|`>\[\]#-]")


def storable(text: str) -> str:
    """The text with every NUL and lone surrogate replaced by U+FFFD."""
    return _UNSTORABLE.sub(REPLACEMENT, text) if text else text


def plain(text: str) -> str:
    """The text as Discord shows it letter for letter: nothing in it is taken for formatting or a link."""
    return _FORMATTING.sub(r"\\\g<0>", text)
