import pytest

from app.community.leaderboards.rules import BOARDS, arrow, board_of, moves, page_of, rank_from
from app.core.errors import BadInput


def test_boards_have_names_in_both_languages():
    assert board_of("coins") is board_of(" Pièces ") is BOARDS["coins"]
    assert board_of("niveau") is BOARDS["level"]
    with pytest.raises(BadInput, match="Allowed: coins, level, voice, invites, games"):
        board_of("beards")


@pytest.mark.parametrize("page", [0, -1, 101, 10**9])
def test_pages_that_are_not_there_are_refused(page):
    with pytest.raises(BadInput, match="Allowed: 1 to 100"):
        page_of(page)


def test_places_are_compared_with_those_that_were_shown_before():
    assert moves([1, 2, 3], [2, 1, 4, 3]) == {2: 1, 1: -1, 4: None, 3: -1}
    assert moves(None, [1, 2]) == {}


@pytest.mark.parametrize(("change", "sign"), [(2, "▲2"), (-1, "▼1"), (0, ""), (None, "🆕")])
def test_changes_are_shown_as_signs(change, sign):
    assert arrow(change) == sign


def test_ranks_far_down_are_told_from_marks():
    marks = {1000: 90, 2000: 50, 3000: 10}
    assert rank_from(marks, 95) == 1000
    assert rank_from(marks, 50) == 2000
    assert rank_from(marks, 49) == 3000
    assert rank_from(marks, 9) is None
    assert rank_from({}, 5) is None
