import hashlib
from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.community.lottery.rules import Held, checked, commitment, drawn, moment_of, next_day, ticket
from app.core.errors import BadInput

PARIS, UTC_ZONE, KIRITIMATI = ZoneInfo("Europe/Paris"), ZoneInfo("UTC"), ZoneInfo("Pacific/Kiritimati")
SEED = bytes(range(32))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "zone", "moment"),
    [
        (date(2026, 3, 22), PARIS, utc(2026, 3, 22, 19)),
        # Clocks went forward, and back, in the night before.
        (date(2026, 3, 29), PARIS, utc(2026, 3, 29, 18)),
        (date(2026, 10, 25), PARIS, utc(2026, 10, 25, 19)),
        (date(2026, 3, 29), KIRITIMATI, utc(2026, 3, 29, 6)),
    ],
)
def test_a_draw_is_at_eight_by_the_clocks_of_the_guild(day, zone, moment):
    assert moment_of(day, zone) == moment


@pytest.mark.parametrize(
    ("moment", "zone", "drawn_day", "day"),
    [
        (utc(2026, 3, 25, 12), PARIS, None, date(2026, 3, 29)),
        (utc(2026, 3, 29, 17, 59), PARIS, None, date(2026, 3, 29)),
        (utc(2026, 3, 29, 18), PARIS, None, date(2026, 4, 5)),
        # There it is Sunday already, and the evening is over.
        (utc(2026, 3, 29, 6), KIRITIMATI, None, date(2026, 4, 5)),
        # The guild moved west after its draw, where eight o'clock of that Sunday is still to come.
        (utc(2026, 3, 29, 18, 30), UTC_ZONE, date(2026, 3, 29), date(2026, 4, 5)),
        # A clock that jumped ahead and came back.
        (utc(2026, 3, 25), PARIS, date(2026, 5, 3), date(2026, 5, 10)),
        # A beat that was away for two weeks.
        (utc(2026, 4, 14), PARIS, date(2026, 3, 29), date(2026, 4, 19)),
    ],
)
def test_the_next_draw_is_a_sunday_that_was_not_drawn(moment, zone, drawn_day, day):
    assert next_day(moment, zone, drawn_day) == day


def test_a_ticket_follows_from_what_is_published():
    text = f"{SEED.hex()}:7:0"
    assert ticket(SEED, 7) == int(hashlib.sha256(text.encode()).hexdigest(), 16) % 7 + 1
    assert commitment(SEED) == hashlib.sha256(SEED).hexdigest()


def test_every_ticket_wins_as_often_as_the_others():
    found = Counter(ticket(number.to_bytes(32), 10) for number in range(20_000))
    assert set(found) == set(range(1, 11))
    assert max(abs(count - 2000) for count in found.values()) < 200


def test_a_ticket_that_nobody_holds_never_wins():
    held = [Held(1, 3, 11), Held(90, 92, 12)]
    for number in range(200):
        seed = number.to_bytes(32)
        attempt, won, user = drawn(seed, 100, held)
        assert won == ticket(seed, 100, attempt)
        assert user == (11 if won <= 3 else 12)
        assert all(
            not (1 <= earlier <= 3 or 90 <= earlier <= 92)
            for earlier in (ticket(seed, 100, lower) for lower in range(attempt))
        )
    assert drawn(SEED, 100, []) is None


@pytest.mark.parametrize("number", [0, -1, 101, 10**30])
def test_an_impossible_number_of_tickets_is_refused(number):
    with pytest.raises(BadInput, match="Allowed: 1 to 100"):
        checked(number)
    assert checked(100) == 100
