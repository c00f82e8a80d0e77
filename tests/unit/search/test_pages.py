"""Page tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BadInput
from app.knowledge.search import pages
from app.knowledge.search.pages import Place

SEARCH = pages.fingerprint(1, "raid")
PLACE = Place(1.25, 77)


def test_a_token_leads_back_to_its_place():
    assert pages.place_of(pages.token(PLACE, SEARCH, "secret"), SEARCH, "secret") == PLACE


@given(st.integers(0, 63), st.sampled_from("ABCxyz019-_"))
def test_a_changed_token_is_refused(position, letter):
    token = pages.token(PLACE, SEARCH, "secret")
    position %= len(token)
    if token[position] == letter:
        return
    with pytest.raises(BadInput, match="not made by me"):
        pages.place_of(token[:position] + letter + token[position + 1 :], SEARCH, "secret")


@given(st.text(max_size=80))
def test_an_invented_token_is_refused(token):
    with pytest.raises(BadInput, match="not made by me"):
        pages.place_of(token, SEARCH, "secret")


def test_a_token_of_another_search_or_house_is_refused():
    token = pages.token(PLACE, SEARCH, "secret")
    with pytest.raises(BadInput, match="another search"):
        pages.place_of(token, pages.fingerprint(2, "raid"), "secret")
    with pytest.raises(BadInput, match="not made by me"):
        pages.place_of(token, SEARCH, "another secret")


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0.5, 1.0, 2.0])), unique_by=lambda one: one[0]),
    st.integers(1, 5),
)
def test_pages_lose_and_double_nothing(found, size):
    ranked = sorted(found, key=lambda item: (-item[1], -item[0]))
    seen, place = [], None
    while rest := pages.after(ranked, place):
        seen += rest[:size]
        place = Place(rest[:size][-1][1], rest[:size][-1][0])
    assert seen == ranked
