"""Questions, ranks and excerpts."""

from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.search import rules


def test_what_both_legs_found_comes_before_what_one_found():
    assert rules.fuse([[1, 2, 3], [4, 2, 5]])[0][0] == 2


def test_ranks_count_as_the_formula_says():
    assert dict(rules.fuse([[7], [8, 7]])) == {7: 1 / 11 + 1 / 12, 8: 1 / 11}


def test_among_equals_the_newer_message_comes_first():
    assert [found for found, _ in rules.fuse([[10], [20]])] == [20, 10]


@given(st.lists(st.lists(st.integers(0, 50), unique=True), max_size=3))
def test_fusing_loses_and_doubles_nothing(legs):
    fused = [found for found, _ in rules.fuse(legs)]
    assert sorted(fused) == sorted({found for leg in legs for found in leg})


def test_lexemes_are_quoted_as_a_tsquery_wants_them():
    assert rules.any_of(["it's", "back\\slash"]) == "'back\\\\slash' | 'it''s'"
    assert rules.any_of([]) == ""


def test_of_many_lexemes_the_longest_are_kept():
    many = [f"{'x' * (n % 40)}{n}" for n in range(400)]
    kept = rules.any_of(many).split(" | ")
    assert len(kept) == rules.LEXEMES_MAX
    assert min(len(lexeme) - 2 for lexeme in kept) == sorted(map(len, many))[-rules.LEXEMES_MAX]


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
