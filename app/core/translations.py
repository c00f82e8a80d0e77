"""What the bot says, in the reader's language.

The English sentence is the key: `_("Nothing is stored.")`. Values go in afterwards, by name, so that a translation can
move them: `_("The prefix is now {prefix}.").format(prefix=prefix)`. The language in force belongs to the current
asyncio task or worker task; the bot sets it for every command and click, a worker for every awaited command.

Catalogues are `app/locale/<language>/LC_MESSAGES/heorot.po`, read as they are: nothing compiled is kept. After a change
of sentences, `make messages` brings them up to date; then translate what is new, which a test names.
"""

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).resolve().parents[1] / "locale"
# The sentences in the code are English, so its catalogue only fixes plural forms.
DEFAULT_LANGUAGE = "en"
LANGUAGES = {"en": "English", "fr": "Français"}

_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """The sentences of one language."""
    with (LOCALE_FOLDER / language / "LC_MESSAGES" / "heorot.po").open("rb") as source:
        catalogue = read_po(source, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _(sentence: str) -> str:
    """The sentence in the language in force."""
    return _catalogue(_language.get()).gettext(sentence)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of the sentence that this number needs, in the language in force."""
    return _catalogue(_language.get()).ngettext(one, many, count)


def marked(sentence: str) -> str:
    """The sentence itself, marked for the catalogues; it is translated where it is shown."""
    return sentence


def translated(sentence: str, language: str) -> str | None:
    """The sentence in that language, or None where the language or the sentence is unknown."""
    if language not in LANGUAGES:
        return None
    found = _catalogue(language).gettext(sentence)
    return found if found != sentence or language == DEFAULT_LANGUAGE else None


def choose(*wishes: str | None) -> str:
    """The first language of these wishes (`fr`, `fr-FR`, `en-GB`; None is no wish) that there is, else English."""
    for wish in wishes:
        language = (wish or "").replace("_", "-").partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE


def current_language() -> str:
    """The language in force."""
    return _language.get()


def set_language(language: str) -> None:
    """Speak this language until the current task ends."""
    _language.set(choose(language))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak this language inside the block."""
    token = _language.set(choose(language))
    try:
        yield
    finally:
        _language.reset(token)
