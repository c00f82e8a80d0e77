"""Every sentence of the code stands in every catalogue, with the same values in it."""

import ast
import re
from string import Formatter

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from app.core import translations
from app.core.settings import PROJECT
from app.core.translations import LANGUAGES, LOCALE_FOLDER, _, choose, marked, ngettext, speaking, translated

LONGEST_NAME = 32


def sentences() -> set:
    found = extract_from_dir(str(PROJECT / "app"), keywords={**DEFAULT_KEYWORDS, "marked": None})
    return {message for _, _, message, _, _ in found}


def catalogue(language: str):
    with (LOCALE_FOLDER / language / "LC_MESSAGES" / "heorot.po").open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def values(sentence: str) -> set:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_the_code_holds_sentences():
    assert len(sentences()) > 100


def hidden_sentences(source: str) -> list[str]:
    """The sentences inside f-strings, which extraction does not see below Python 3.12."""
    strings = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr)]
    calls = [node for string in strings for node in ast.walk(string) if isinstance(node, ast.Call)]
    given = [call.args[0] for call in calls if ast.unparse(call.func) in {"_", "ngettext", "marked"}]
    return [ast.unparse(sentence) for sentence in given if isinstance(sentence, ast.Constant)]


def test_no_sentence_stands_inside_an_f_string():
    assert hidden_sentences("f\"{_('a')} {_(b)}\"") == ["'a'"]
    found = {str(path): hidden_sentences(path.read_text()) for path in (PROJECT / "app").rglob("*.py")}
    assert {path: sentences for path, sentences in found.items() if sentences} == {}


def test_every_sentence_is_translated_into_french():
    french = catalogue("fr")
    missing = [sentence for sentence in sentences() if sentence not in french or not french[sentence].string]
    assert missing == []


def test_the_catalogue_holds_nothing_that_the_code_no_longer_says():
    assert {m.id for m in catalogue("fr") if m.id} - sentences() == set()


def test_translations_have_the_values_of_their_sentence():
    for message in catalogue("fr"):
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id:
            for original, string in zip(originals, strings, strict=True):
                assert values(original) == values(string), message.id


def test_names_of_commands_are_what_discord_takes():
    for message in catalogue("fr"):
        if isinstance(message.id, str) and re.fullmatch(r"/\w+", message.id):
            name = message.string.removeprefix("/")
            assert message.string.startswith("/")
            assert 1 <= len(name) <= LONGEST_NAME
            assert name == name.lower()
            assert re.fullmatch(r"[-_'\w]+", name)


def test_the_language_in_force_is_the_one_of_the_block():
    with speaking("fr"):
        assert _("Cancel") == "Annuler"
        assert ngettext("{count} minute", "{count} minutes", 0) == "{count} minute", "French counts zero as one"
    assert _("Cancel") == "Cancel"
    assert ngettext("{count} minute", "{count} minutes", 0) == "{count} minutes"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("fr",), "fr"),
        (("fr-FR", "en"), "fr"),
        ((None, "de", "fr"), "fr"),
        (("en-GB", "fr"), "en"),
        ((None, "xx", ""), "en"),
        ((), "en"),
    ],
)
def test_the_first_wish_that_can_be_met_is(wishes, language):
    assert choose(*wishes) == language


def test_what_is_unknown_is_not_translated():
    assert translated("This was never said.", "fr") is None
    assert translated(marked("Cancel"), "de") is None


def test_an_unknown_language_is_spoken_as_english():
    with speaking("tlh"):
        assert translations.current_language() == "en"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_a_catalogue(language):
    assert catalogue(language).locale.language == language
