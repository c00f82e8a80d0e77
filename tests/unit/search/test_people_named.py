"""Whom a question names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.search.people import find

ANNA, BORIS, OTHER_ANNA = 1, 2, 3
NAMES = {
    "anna": frozenset({ANNA}),
    "boris": frozenset({BORIS}),
    "boris the bold": frozenset({BORIS}),
    "will": frozenset({9}),
    "sam": frozenset({7, 8}),
}


def test_the_named_person_tells_it_themselves():
    named = find("What did Anna buy for Anna's cat?", NAMES)
    assert named.as_told == "What did I buy for my cat?"
    assert "anna" not in named.without.lower()
    assert named.one == {ANNA}


def test_case_and_an_at_do_not_matter():
    assert find("where was anna", NAMES).one == {ANNA}
    assert find("where was @Anna", NAMES).as_told == "where was I"


def test_a_mention_names_somebody_whatever_their_name():
    named = find("what did <@42> say to <@!43>", NAMES)
    assert named.people == (frozenset({42}), frozenset({43}))
    assert named.one == frozenset()
    assert "42" not in named.without


def test_of_several_people_none_is_the_one():
    named = find("Did Anna meet Boris?", NAMES)
    assert named.one == frozenset()
    assert named.as_told == "Did I meet Boris?"


def test_the_longest_name_is_meant():
    assert find("Boris the Bold's sword", NAMES).as_told == "my sword"


def test_a_name_of_several_people_means_all_of_them():
    assert find("what does Sam think", NAMES).one == {7, 8}


@pytest.mark.parametrize(
    ("question", "is_named"),
    [
        ("will it rain", False),
        ("Will it rain", False),
        ("what did Will say", True),
        ("@will said what", True),
        ("I will go", False),
    ],
)
def test_a_name_that_is_a_common_word_needs_a_sign(question, is_named):
    assert bool(find(question, NAMES).people) is is_named


def test_nobody_named_changes_nothing():
    question = "when does the raid start?"
    named = find(question, NAMES)
    assert (named.people, named.as_told, named.without.strip()) == ((), question, question)


@given(st.text(alphabet="annABORIS @<>!' 0129'", max_size=80))
def test_any_question_can_be_read(question):
    named = find(question, NAMES)
    assert len(named.without) <= len(question) + 40
