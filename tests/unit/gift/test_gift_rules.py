from datetime import UTC, datetime, timedelta

import pytest

from app.community.gift.rules import left, shown

MOMENT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "may"),
    [(timedelta(hours=24), True), (timedelta(hours=23, minutes=59, seconds=59), False), (timedelta(0), False)],
)
def test_a_gift_comes_24_hours_after_the_last(ago, may):
    assert (left(MOMENT - ago, MOMENT) <= timedelta(0)) is may


def test_a_first_gift_comes_at_once():
    assert left(None, MOMENT) == timedelta(0)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=24), "24 h 0 min"),
        (timedelta(minutes=59, seconds=1), "1 h 0 min"),
        (timedelta(seconds=1), "0 h 1 min"),
    ],
)
def test_a_wait_is_never_told_shorter_than_it_is(span, text):
    assert shown(span) == text
