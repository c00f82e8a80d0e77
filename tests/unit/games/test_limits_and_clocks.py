"""What may be staked, who may play, and what becomes of a step whose time is over."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.community.games import rules
from app.community.games.rules import BETS, KINDS, LOSS, OPTIONS, PLACE, Clock, Limits
from app.core.errors import BadInput, Refused
from app.upkeep.settings.rules import SETTINGS
from schema.models.games import KINDS as STORED

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
STAKED = [name for name, kind in KINDS.items() if kind.bets]


def test_every_game_can_be_stored_and_switched_off():
    assert set(KINDS) == set(STORED)
    for name, kind in KINDS.items():
        assert rules.kind_of(f" {name.upper()} ") is kind
        rules.require_open(kind, {}, 5)
        with pytest.raises(Refused, match="switched off"):
            rules.require_open(kind, {f"game-{name}": False}, 5)


def test_options_have_keys_of_their_own():
    keys = [option.key for option in (*OPTIONS, *BETS)]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= SETTINGS.keys()


@pytest.mark.parametrize("name", STAKED)
def test_a_bet_lies_between_the_bounds(name):
    kind = KINDS[name]
    low, high = rules.bounds(kind, {})
    assert (low, high) == kind.bets
    assert rules.checked_bet(kind, {}, low) == low
    assert rules.checked_bet(kind, {}, high) == high
    for bet in (0, -5, low - 1, high + 1, 10**12, -(10**12)):
        with pytest.raises(BadInput, match=f"Allowed: {low} to {high} coins"):
            rules.checked_bet(kind, {}, bet)
    assert rules.bounds(kind, {f"{name}-min": 50, f"{name}-max": 20}) == (50, 50)


def test_a_game_is_played_only_where_the_guild_wants_it():
    rules.require_open(KINDS["slots"], {PLACE.key: 7}, 7)
    with pytest.raises(Refused, match="<#7>"):
        rules.require_open(KINDS["slots"], {PLACE.key: 7}, 8)


def test_a_game_that_there_is_not_is_named_with_those_there_are():
    with pytest.raises(BadInput, match=r"There is no game “poker”\. There are: roulette"):
        rules.kind_of("poker")


def allowed(limits=Limits(), lost=0, stake=10, options=None):  # noqa: B008 - it is frozen.
    rules.require_allowed(limits, options or {}, lost, stake, NOW)


def test_who_asked_to_be_kept_from_games_is_kept_until_then():
    limits = rules.excluded(Limits(), 7, NOW)
    assert limits.excluded_until == NOW + timedelta(days=7)
    with pytest.raises(Refused, match="keep you from games"):
        allowed(limits)
    rules.require_allowed(limits, {}, 0, 10, NOW + timedelta(days=7, seconds=1))


def test_an_exclusion_is_never_made_shorter():
    long = rules.excluded(Limits(), 30, NOW)
    assert rules.excluded(long, 1, NOW) == long
    assert rules.excluded(long, 60, NOW).excluded_until == NOW + timedelta(days=60)


@pytest.mark.parametrize("days", [0, -1, 366, 10**12])
def test_an_exclusion_lasts_a_day_to_a_year(days):
    with pytest.raises(BadInput, match="Allowed: 1 to 365"):
        rules.excluded(Limits(), days, NOW)


def test_a_stricter_limit_counts_at_once_and_a_freer_one_after_a_day():
    strict = rules.limited(Limits(), 100, NOW)
    assert strict.loss(NOW) == 100
    assert rules.limited(strict, 50, NOW).loss(NOW) == 50
    for coins, later in ((200, 200), (0, None)):
        freer = rules.limited(strict, coins, NOW)
        assert freer.loss(NOW + timedelta(hours=23)) == 100
        assert freer.loss(NOW + timedelta(hours=24)) == later
    assert rules.limited(rules.limited(strict, 0, NOW), 80, NOW).loss(NOW + timedelta(days=2)) == 80


@pytest.mark.parametrize("coins", [-1, 10**9 + 1, 10**12])
def test_an_impossible_limit_is_refused(coins):
    with pytest.raises(BadInput, match="or 0 for none"):
        rules.limited(Limits(), coins, NOW)


def test_nobody_loses_more_a_day_than_they_or_the_guild_allow():
    own = Limits(daily_loss=100)
    allowed(own, lost=90, stake=10)
    with pytest.raises(Refused, match="may lose 100 coins a day in games and have lost 95; 5 are left"):
        allowed(own, lost=95, stake=10)
    with pytest.raises(Refused, match="may lose 50"):
        allowed(own, lost=45, stake=10, options={LOSS.key: 50})
    allowed(own, lost=-500, stake=600)
    allowed(own, lost=100, stake=0)


def test_a_day_begins_at_midnight_of_the_guild():
    assert rules.day_start(NOW, ZoneInfo("Europe/Paris")) == datetime(2026, 11, 25, 23, tzinfo=UTC)


def clock(**changes) -> Clock:
    fields = {
        "now": NOW,
        "created_at": NOW - timedelta(seconds=90),
        "step_started_at": NOW - timedelta(seconds=61),
        "deadline": NOW - timedelta(seconds=1),
        "shown_at": NOW - timedelta(seconds=89),
        "has_message": True,
        "connected_since": NOW - timedelta(days=1),
    }
    return Clock(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "late"),
        # The bot was away for a part of the step, is away now, or has been for too long.
        ({"connected_since": NOW - timedelta(seconds=20)}, "again"),
        ({"connected_since": None}, "wait"),
        ({"connected_since": None, "deadline": NOW - timedelta(minutes=16)}, "void"),
        # The message came late, or never.
        ({"shown_at": NOW - timedelta(seconds=40)}, "again"),
        ({"shown_at": NOW - timedelta(seconds=58)}, "late"),
        ({"shown_at": None}, "void"),
        ({"shown_at": None, "has_message": False}, "late"),
        # Nobody looked for a long time, or a clock jumped.
        ({"deadline": NOW - timedelta(seconds=70)}, "again"),
        ({"deadline": NOW + timedelta(hours=1)}, "again"),
        ({"created_at": NOW - timedelta(hours=3)}, "void"),
    ],
)
def test_a_step_ends_only_for_players_who_had_their_time(changes, verdict):
    assert rules.verdict(clock(**changes)) == verdict
