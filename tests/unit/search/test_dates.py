"""Dates as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BadInput
from app.knowledge.search.dates import Mention, mentions, parse

# A Thursday.
TODAY = date(2026, 11, 26)


def d(text):
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-11-26", "2026-11-26"),
        ("Yesterday", "2026-11-25", "2026-11-25"),
        ("hier", "2026-11-25", "2026-11-25"),
        ("avant-hier", "2026-11-24", "2026-11-24"),
        ("the day before yesterday", "2026-11-24", "2026-11-24"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("la semaine dernière", "2026-11-16", "2026-11-22"),
        ("this week", "2026-11-23", "2026-11-29"),
        ("cette semaine", "2026-11-23", "2026-11-29"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("le mois dernier", "2026-10-01", "2026-10-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("l'année dernière", "2025-01-01", "2025-12-31"),
        ("3 days ago", "2026-11-23", "2026-11-23"),
        ("il y a 3 jours", "2026-11-23", "2026-11-23"),
        ("two weeks ago", "2026-11-09", "2026-11-15"),
        ("last 7 days", "2026-11-19", "2026-11-26"),
        ("les 7 derniers jours", "2026-11-19", "2026-11-26"),
        ("3 May 2023", "2023-05-03", "2023-05-03"),
        ("May 3, 2023", "2023-05-03", "2023-05-03"),
        ("3rd of May 2023", "2023-05-03", "2023-05-03"),
        ("3 mai 2023", "2023-05-03", "2023-05-03"),
        ("1er août 2023", "2023-08-01", "2023-08-01"),
        ("May 2023", "2023-05-01", "2023-05-31"),
        ("février 2024", "2024-02-01", "2024-02-29"),
        ("2023-05-03", "2023-05-03", "2023-05-03"),
        ("2023", "2023-01-01", "2023-12-31"),
        # Without a year, the last one.
        ("3 May", "2026-05-03", "2026-05-03"),
        ("24 December", "2025-12-24", "2025-12-24"),
        ("monday", "2026-11-23", "2026-11-23"),
        ("jeudi dernier", "2026-11-19", "2026-11-19"),
        ("since 3 May 2023", "2023-05-03", None),
        ("depuis le 3 mai 2023", "2023-05-03", None),
        ("after 3 May 2023", "2023-05-04", None),
        ("before 2023-05-03", None, "2023-05-02"),
        ("avant le 3 mai 2023", None, "2023-05-02"),
        ("until yesterday", None, "2026-11-25"),
        ("between 1 May 2023 and 10 May 2023", "2023-05-01", "2023-05-10"),
        ("entre le 1er mai 2023 et le 10 mai 2023", "2023-05-01", "2023-05-10"),
    ],
)
def test_a_filter_means_these_days(text, first, last):
    assert parse(text, TODAY) == (d(first), d(last))


@pytest.mark.parametrize(
    "text", ["", "soon", "31 February 2023", "2023-13-01", "the raid", "99999999", "💥", "x" * 900]
)
def test_what_is_no_date_is_refused_with_examples(text):
    with pytest.raises(BadInput, match="3 May 2023"):
        parse(text, TODAY)


def test_days_that_end_before_they_begin_are_refused():
    with pytest.raises(BadInput, match="ends before it begins"):
        parse("between 10 May 2023 and 1 May 2023", TODAY)


@given(st.text(max_size=60) | st.from_regex(r"(since|before|last|il y a) \d{1,4} (days|weeks|years|ans)( ago)?"))
def test_any_text_is_days_or_a_refusal(text):
    mentions(text, TODAY)
    try:
        first, last = parse(text, TODAY)
    except BadInput:
        return
    assert first or last


@pytest.mark.parametrize(
    "text",
    ["you may come in", "we march on", "on mars", "second to none", "call me at 10", "I will be there in 5", "in 2022"],
)
def test_a_word_that_only_may_be_a_date_is_none(text):
    assert mentions(text, TODAY) == ()


def test_a_question_names_days():
    assert mentions("Who did Anna meet on May 3, 2023?", TODAY) == (Mention(d("2023-05-03"), d("2023-05-03")),)
    (month,) = mentions("what happened in July", TODAY)
    assert (month.first.month, month.has_year) == (7, False)


def test_what_is_told_just_after_a_day_is_near_it():
    day = Mention(d("2023-05-03"), d("2023-05-03"))
    near = [day.nearness(d(one)) for one in ("2023-05-03", "2023-05-04", "2023-05-10", "2023-05-30", "2023-08-01")]
    assert near == [1.0, 1.0, 0.7, 0.3, 0.0]
    assert day.nearness(d("2023-04-01")) == 0.0


def test_days_without_a_year_are_those_of_any():
    (month,) = mentions("who came in December", TODAY)
    assert month.nearness(d("2021-12-24")) == month.nearness(d("2023-12-01")) == 1.0
    assert month.nearness(d("2024-01-10")) == 0.5
    assert month.nearness(d("2024-06-10")) == 0.0
