"""A channel's history keeps order, pages in every direction and stays bounded."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.state.history import History


@dataclass
class Row:
    id: int


def filled(ids, limit=1000):
    history = History(limit)
    for number in ids:
        history.append(Row(number))
    return history


def ids(rows):
    return [row.id for row in rows]


def test_pages_come_newest_first():
    history = filled(range(10, 100, 10))
    assert ids(history.latest(2)) == [90, 80]
    assert ids(history.before(50, 2)) == [40, 30]
    assert ids(history.after(50, 2)) == [70, 60]
    assert ids(history.around(50, 3)) == [60, 50, 40]
    assert ids(history.around(55, 4)) == [70, 60, 50, 40]
    assert ids(history.before(5, 3)) == []


def test_removed_rows_are_skipped_and_the_oldest_fall_out():
    history = filled(range(1, 8), limit=5)
    assert ids(history.latest(10)) == [7, 6, 5, 4, 3]
    assert history.pop(5).id == 5
    assert history.pop(5) is None
    assert history.get(5) is None
    assert ids(history.around(5, 2)) == [6, 4]
    assert len(history) == 4


@given(
    st.lists(st.integers(1, 500), unique=True).map(sorted),
    st.sets(st.integers(1, 500)),
    st.integers(0, 501),
    st.integers(1, 60),
)
def test_it_agrees_with_a_sorted_list(numbers, removed, anchor, limit):
    history = filled(numbers)
    for number in removed:
        history.pop(number)
    left = [n for n in numbers if n not in removed]
    assert ids(history.latest(limit)) == left[::-1][:limit]
    assert ids(history.before(anchor, limit)) == [n for n in left if n < anchor][::-1][:limit]
    assert ids(history.after(anchor, limit)) == [n for n in left if n > anchor][:limit][::-1]
    assert ids(history) == left


def test_many_removals_do_not_leave_their_ids_behind():
    history = filled(range(20_000), limit=100_000)
    for number in range(19_990):
        history.pop(number)
    assert ids(history.latest(100)) == list(range(19_999, 19_989, -1))
    assert len(history._ids) < 10_000
