"""Which games there are, what a guild may choose of them, what may be staked, and when a step is over. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from app.community.games.kinds.agent import Agent
from app.community.games.kinds.base import Kind
from app.community.games.kinds.blackjack import Blackjack
from app.community.games.kinds.c21 import CountTo21
from app.community.games.kinds.duel import Duel
from app.community.games.kinds.group import LEAST, MOST, Group
from app.community.games.kinds.quicktype import QuickType
from app.community.games.kinds.quiz import Quiz, QuizDuo
from app.community.games.kinds.roulette import GREEN, Roulette
from app.community.games.kinds.rps import RockPaperScissors
from app.community.games.kinds.slots import Slots
from app.core.errors import BadInput, Refused
from app.core.options import Channel, Number, Option, Switch
from app.core.translations import _, marked

FEATURE = "games"
KINDS: dict[str, Kind[Any]] = {
    kind.name: kind
    for kind in (
        Roulette(),
        Blackjack(),
        Slots(),
        Group(),
        Duel(),
        RockPaperScissors(),
        Agent(),
        CountTo21(),
        QuickType(),
        Quiz(),
        QuizDuo(),
    )
}
SWITCHES: dict[str, Switch] = {name: Switch(f"game-{name}", kind.title, default=True) for name, kind in KINDS.items()}
_MOST_BET = 1_000_000
LOWEST: dict[str, Number] = {
    name: Number(f"{name}-min", marked("The lowest bet"), default=kind.bets[0], low=1, high=_MOST_BET)
    for name, kind in KINDS.items()
    if kind.bets
}
HIGHEST: dict[str, Number] = {
    name: Number(f"{name}-max", marked("The highest bet"), default=kind.bets[1], low=1, high=_MOST_BET)
    for name, kind in KINDS.items()
    if kind.bets
}
PLACE = Channel("games-channel", marked("The only channel where games are played"), default=None)
LOSS = Number(
    "games-daily-loss",
    marked("The most coins that a member may lose in games a day (0: no limit)"),
    default=0,
    low=0,
    high=1_000_000_000,
)
OPTIONS: tuple[Option[Any], ...] = (*SWITCHES.values(), GREEN, PLACE, LOSS)
BETS: tuple[Option[Any], ...] = tuple(option for name in LOWEST for option in (LOWEST[name], HIGHEST[name]))

# A wish to be freer counts from this on, so that nobody takes a limit back in the heat of a game.
COOLING_OFF = timedelta(hours=24)
MOST_DAYS = 365
# How many may join one group roulette, and how many it takes.
LEAST_PLAYERS, MOST_PLAYERS = LEAST, MOST
# The message of a game that was over at once is not wanted after this.
SLOWEST_POST = timedelta(minutes=5)

# No step lasts as long as this; a deadline that lies further ahead is from before a clock was put back.
_LONGEST_STEP = timedelta(minutes=15)
# A step that nobody ended for so long was not looked after: the workers were away, or a clock jumped.
_NEGLECTED = timedelta(seconds=60)
# So long is waited for a bot that is away; then everything goes back.
_PATIENCE = timedelta(minutes=15)
# No game lasts as long as this.
_LONGEST_GAME = timedelta(hours=2)
# A message that appears this late has taken a part of its players' time.
_SLOW_POST = timedelta(seconds=5)


def kind_of(name: str) -> Kind[Any]:
    """The game of that name; raises BadInput naming those there are."""
    word = name.strip().lower()
    if word not in KINDS:
        raise BadInput(
            _("There is no game “{name}”. There are: {names}.").format(name=name[:50], names=", ".join(KINDS))
        )
    return KINDS[word]


def require_open(kind: Kind[Any], options: Mapping[str, Any], channel_id: int) -> None:
    """Raise Refused where the guild does not play this game, or not here."""
    if not SWITCHES[kind.name].of(options):
        raise Refused(_("{game} is switched off in this server.").format(game=f"**{_(kind.title)}**"))
    place = PLACE.of(options)
    if place is not None and place != channel_id:
        raise Refused(_("Games are played in {channel}.").format(channel=f"<#{place}>"))


def bounds(kind: Kind[Any], options: Mapping[str, Any]) -> tuple[int, int]:
    """The lowest and the highest bet; a guild's minimum above its maximum is the only bet."""
    if kind.bets is None:
        return 0, 0
    low = LOWEST[kind.name].of(options)
    return low, max(low, HIGHEST[kind.name].of(options))


def checked_bet(kind: Kind[Any], options: Mapping[str, Any], bet: int) -> int:
    """The bet, which must lie between the bounds; raises BadInput naming them."""
    low, high = bounds(kind, options)
    if not low <= bet <= high:
        raise BadInput(
            _("{bet} is no bet for {game}. Allowed: {low} to {high} coins.").format(
                bet=bet if abs(bet) <= 10 * _MOST_BET else _("That many"), game=_(kind.title), low=low, high=high
            )
        )
    return bet


@dataclass(frozen=True)
class Limits:
    """What a member forbade themselves, and what changes when."""

    excluded_until: datetime | None = None
    daily_loss: int | None = None
    next_daily_loss: int | None = None
    next_from: datetime | None = None

    def loss(self, now: datetime) -> int | None:
        """The limit in force."""
        return self.next_daily_loss if self.next_from is not None and self.next_from <= now else self.daily_loss


def require_allowed(limits: Limits, options: Mapping[str, Any], lost: int, stake: int, now: datetime) -> None:
    """Raise Refused where a member's own wish or the guild forbids them to stake this after losing so much today."""
    if limits.excluded_until is not None and limits.excluded_until > now:
        raise Refused(
            _("You asked me to keep you from games until {when}.").format(
                when=f"<t:{int(limits.excluded_until.timestamp())}:f>"
            )
        )
    own, everybodys = limits.loss(now), LOSS.of(options)
    for limit in (own, everybodys):
        if limit and stake and lost + stake > limit:
            raise Refused(
                _("You may lose {limit} coins a day in games and have lost {lost}; {left} are left for today.").format(
                    limit=limit, lost=max(lost, 0), left=max(limit - lost, 0)
                )
            )


def excluded(limits: Limits, days: int, now: datetime) -> Limits:
    """The limits with games forbidden for so many days; an exclusion is never made shorter. Raises BadInput."""
    if not 1 <= days <= MOST_DAYS:
        shown = days if abs(days) <= _MOST_BET else _("That many")
        raise BadInput(
            _("{days} is no usable number of days. Allowed: 1 to {most}.").format(days=shown, most=MOST_DAYS)
        )
    until = now + timedelta(days=days)
    return _changed(limits, excluded_until=max(until, limits.excluded_until or until))


def limited(limits: Limits, coins: int, now: datetime) -> Limits:
    """The limits with so many coins to lose a day (0: any); less counts at once, more in a day. Raises BadInput."""
    if not 0 <= coins <= LOSS.high:
        shown = coins if abs(coins) <= LOSS.high * 10 else _("That many")
        raise BadInput(
            _("{coins} coins is no limit. Allowed: 1 to {most}, or 0 for none.").format(coins=shown, most=LOSS.high)
        )
    wish, present = coins or None, limits.loss(now)
    if present is None or (wish is not None and wish <= present):
        return _changed(limits, daily_loss=wish, next_daily_loss=None, next_from=None)
    return _changed(limits, daily_loss=present, next_daily_loss=wish, next_from=now + COOLING_OFF)


def _changed(limits: Limits, **changes: Any) -> Limits:
    return Limits(**{**limits.__dict__, **changes})


def day_start(now: datetime, zone: ZoneInfo) -> datetime:
    """When this day began in the guild's time zone."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Clock:
    """What is known of a step whose time is over: by the database's clock, and by the bot."""

    now: datetime
    created_at: datetime
    step_started_at: datetime
    deadline: datetime
    # When its message appeared; None: not yet.
    shown_at: datetime | None
    has_message: bool
    # Since when the bot has been connected without a break; None: it is away.
    connected_since: datetime | None


Verdict = Literal["late", "again", "wait", "void"]


def verdict(clock: Clock) -> Verdict:
    """What becomes of a step whose time is over.

    `late`: its players had their time. `again`: they had not, because the bot, the workers or the message were away,
    and get it once more. `wait`: they could not play at this moment. `void`: it cannot go on, and stakes go back.
    """
    if clock.now - clock.created_at > _LONGEST_GAME:
        return "void"
    if clock.deadline - clock.now > _LONGEST_STEP:
        return "again"
    if clock.connected_since is None:
        return "void" if clock.now - clock.deadline > _PATIENCE else "wait"
    if clock.has_message and clock.shown_at is None:
        return "void"
    began = max(clock.connected_since, clock.shown_at - _SLOW_POST if clock.shown_at else clock.connected_since)
    if began > clock.step_started_at or clock.now - clock.deadline > _NEGLECTED:
        return "again"
    return "late"
