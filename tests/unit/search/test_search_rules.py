"""Questions and excerpts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.search import rules


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ('"bring potions"', ["bring potions"]),
        ('raid "bring   potions" "at nine"', ["bring potions", "at nine"]),
        ('"', []),
        ('"" "  " "!?"', []),
        ('"unclosed', []),
        # A title in a whole question is no order.
        ('When did Anna first watch "Eternal Sunshine"?', []),
        ('the evening on which we all watched "Eternal Sunshine" together', []),
    ],
)
def test_what_stands_in_quotes_is_a_phrase(question, phrases):
    assert rules.phrases(question) == phrases


@pytest.mark.parametrize(
    ("question", "prefixes"),
    [
        ("pot*", ["pot"]),
        ("find Pot* and drag*", ["pot", "drag"]),
        ("* a* **", []),
        ("2*3", []),
        ("c'est pot*", ["pot"]),
    ],
)
def test_a_star_behind_a_word_makes_it_a_beginning(question, prefixes):
    assert rules.prefixes(question) == prefixes


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("When is the raid?", True),
        ("what date was that", True),
        ("Quand part le train ?", True),
        ("quelle heure est-il", True),
        ("In which year did it start?", True),
        ("who knows when", False),
        ("whenever", False),
    ],
)
def test_who_asks_for_a_time(question, asks):
    assert rules.asks_when(question) is asks


@given(st.text())
def test_a_question_becomes_what_postgresql_can_take(question):
    asked = rules.readable(question)
    assert "\x00" not in asked
    asked.encode()
    assert len(asked) <= rules.QUESTION_MAX


def test_a_short_text_is_its_own_excerpt():
    assert rules.excerpt("two\n lines", ["lines"]) == "two lines"


def test_an_excerpt_shows_the_word():
    content = "filler " * 100 + "needle " + "filler " * 100
    shown = rules.excerpt(content, ["NEEDLE"], 80)
    assert "needle" in shown
    assert shown.startswith("…filler")
    assert shown.endswith("…")


@given(st.text(max_size=600), st.lists(st.text(max_size=8), max_size=3), st.integers(20, 200))
def test_an_excerpt_is_one_line_of_at_most_its_width(content, words, width):
    shown = rules.excerpt(content, words, width)
    assert len(shown) <= width
    assert "\n" not in shown
