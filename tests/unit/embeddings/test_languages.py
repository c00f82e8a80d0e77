"""In which language a message is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.embeddings import languages


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I was at the market with my sister yesterday", "english"),
        ("don't you think it's too late for that", "english"),
        ("j'ai acheté du pain et des croissants ce matin", "french"),
        ("c’est trop bien, on y va quand", "french"),
        ("ich habe gestern meinen Schlüssel nicht gefunden", "german"),
        ("ayer compré los boletos para el concierto", "spanish"),
        ("non ho capito perché la partita è stata rinviata", "italian"),
        ("ik heb het gisteren niet gezien", "dutch"),
        ("você não viu o jogo ontem", "portuguese"),
    ],
)
def test_common_words_tell_the_language_whatever_the_guilds(text, language):
    assert languages.detect(text, "english") == language
    assert languages.detect(text, "french") == language


@pytest.mark.parametrize("text", ["lol", "", "raid?", "😀😀", "GG WP", "пятница", "https://example.com/a"])
def test_a_text_without_them_is_in_the_guilds_language(text):
    assert languages.detect(text, "french") == "french"
    assert languages.detect(text, "simple") == "simple"


def test_a_borrowed_word_does_not_change_the_language():
    assert languages.detect("we had a nice apéro on the terrace and le fromage was great", "english") == "english"


@pytest.mark.parametrize(
    ("text", "asks", "tells"),
    [
        ("What time is it?", True, False),
        ("tu viens demain ?", True, True),
        ("really?!", True, False),
        ("https://example.com/?q=1", False, False),
        ("I went there last week", False, True),
        ("nous partons en juillet", False, True),
        ("started in 2019", False, True),
        ("they asked why? nobody answered", False, False),
    ],
)
def test_what_a_text_asks_and_tells(text, asks, tells):
    assert (languages.asks(text), languages.tells_time(text)) == (asks, tells)


@given(st.text(max_size=500))
def test_any_text_is_read(text):
    read = languages.read(text, "simple")
    assert 0 <= read.traits <= 3
    assert read.language
