"""What experience is worth: levels, amounts, cooldowns and rewards. No I/O.

A member's level follows from their experience alone: going from level n to n+1 costs n * 100. What a message brings is
drawn from its id, so that counting again gives the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isqrt

from app.community.inventory.rules import Item
from app.core.errors import BadInput
from app.core.options import Channel, Number, Option, Word, bad
from app.core.translations import _, marked

FEATURE = "leveling"
TOP_LEVEL = 1000
# Nobody has more: it is what the top level takes.
MOST_XP = 50 * TOP_LEVEL * (TOP_LEVEL - 1)

MESSAGE_LOW, MESSAGE_HIGH = 1, 3
MESSAGE_PAUSE_MS = 60_000
REACTION_XP = 2
# Ten experience a message, before multipliers.
REACTIONS_COUNTED = 5
GAME_WON, GAME_LOST = 15, 5
MILESTONE = 5
ONE = 100
HIGHEST_PERCENT = 1000

NOTICES = Word(
    "level-notices",
    marked("News of new levels: on, direct (only to members who asked for it) or off"),
    default="on",
    words=("on", "direct", "off"),
)
NOTICE_CHANNEL = Channel(
    "level-channel", marked("Where new levels are told; without one, where the member reached it"), default=None
)
VOICE_PEOPLE = Number(
    "voice-people", marked("So many people in a voice channel count at most"), default=25, low=2, high=100
)
SHORTEST = Number("xp-shortest", marked("Messages of fewer characters bring no experience"), default=2, low=0, high=500)
REPEATS = Number(
    "xp-repeats", marked("So many times in a row the same text brings experience"), default=3, low=1, high=1000
)
DAILY = Number(
    "xp-daily",
    marked("So much experience a day at most by writing, talking, reactions and games (0: any)"),
    default=10_000,
    low=0,
    high=1_000_000,
)
OPTIONS: tuple[Option[str] | Option[int | None] | Option[int], ...] = (
    NOTICES,
    NOTICE_CHANNEL,
    VOICE_PEOPLE,
    SHORTEST,
    REPEATS,
    DAILY,
)


def total_for(level: int) -> int:
    """The experience at which a level begins."""
    return 50 * level * (level - 1)


def level_of(xp: int) -> int:
    """The level that this experience makes."""
    level = (1 + isqrt(1 + xp * 4 // 50)) // 2
    return min(level, TOP_LEVEL)


@dataclass(frozen=True)
class Progress:
    """How far somebody is inside a level."""

    level: int
    # Experience since the level began, and what the whole level takes (0 at the top).
    inside: int
    needed: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return 1.0 if self.needed == 0 else self.inside / self.needed


def progress(xp: int) -> Progress:
    """The level of this experience, and how far it is inside it."""
    level = level_of(xp)
    return Progress(level, xp - total_for(level), 0 if level == TOP_LEVEL else level * 100)


def drawn(message_id: int) -> int:
    """What a message is worth, from 1 to 3: uniform over ids, and always the same for one."""
    # A finalizer of a well-known hash (splitmix64): each bit of the id decides over each bit of the result.
    mixed = (message_id + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return MESSAGE_LOW + (mixed ^ (mixed >> 31)) % (MESSAGE_HIGH - MESSAGE_LOW + 1)


_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Written:
    """A new message as experience sees it."""

    id: int
    at_ms: int
    channel_id: int
    is_late: bool = False
    # None where it is not known, or is not all that the message says (a picture, a sticker).
    text: str | None = None


@dataclass(frozen=True)
class Earned:
    """What messages brought a member, and the newest of those that brought something."""

    xp: int
    last_ms: int
    channel_id: int
    is_late: bool
    last_id: int = 0
    # How often in a row the text of the newest brought something.
    repeats: int = 1


@dataclass(frozen=True)
class Last:
    """The message of a member that brought something last: when, what it said, and how often in a row."""

    at_ms: int | None = None
    text: str | None = None
    repeats: int = 0


@dataclass(frozen=True)
class Taste:
    """What a guild wants of messages: so many characters, and the same text so many times in a row."""

    shortest: int = SHORTEST.default
    repeats: int = REPEATS.default


def taste_of(options: Mapping[str, object]) -> Taste:
    """What a guild that chose these options wants of messages."""
    return Taste(SHORTEST.of(options), REPEATS.of(options))


def plain(text: str | None) -> str | None:
    """A text as it is compared with others: without regard to case and spaces; None where it says nothing."""
    return " ".join(text.casefold().split()) or None if text else None


def earn(
    messages: Iterable[Written], last: Last, percents: Mapping[int, int], taste: Taste | None = None
) -> Earned | None:
    """What these messages of one member bring, oldest first and with a pause between; None where none brings a thing.

    `percents` says by channel what experience is worth there to this member. Time moves forward only: a message from
    before `last` and the pause brings nothing, whenever it comes. What is too short or says the same again and again
    brings nothing and begins no pause.
    """
    taste = taste or Taste()
    xp, channel_id, is_late, last_id = 0, 0, True, 0
    newest, known, repeats = last.at_ms, plain(last.text), last.repeats
    for message in sorted(messages, key=lambda message: message.id):
        percent = percents.get(message.channel_id, ONE)
        if percent == 0 or (newest is not None and message.at_ms < newest + MESSAGE_PAUSE_MS):
            continue
        text = plain(message.text)
        is_repeated = text is not None and text == known
        if text is not None and (len(text) < taste.shortest or (is_repeated and repeats >= taste.repeats)):
            continue
        xp += multiplied(drawn(message.id), percent)
        newest, channel_id, is_late, last_id = (
            message.at_ms,
            message.channel_id,
            is_late and message.is_late,
            message.id,
        )
        known, repeats = text, repeats + 1 if is_repeated else 1
    return Earned(xp, newest, channel_id, is_late, last_id, repeats) if last_id and newest is not None else None


@dataclass(frozen=True)
class Reacted:
    """A reaction as experience sees it; of an unknown message there is neither author nor channel."""

    message_id: int
    user_id: int
    guild_id: int
    author_id: int | None
    channel_id: int | None
    is_late: bool = False


def for_reaction(reaction: Reacted, counted: int, percent: int) -> int:
    """What a reaction brings the author of its message, of which so many reactors were counted already."""
    if reaction.author_id in {None, reaction.user_id} or counted >= REACTIONS_COUNTED:
        return 0
    return multiplied(REACTION_XP, percent)


def multiplied(xp: int, percent: int) -> int:
    """Experience after a multiplier, halves rounded up."""
    return (xp * percent + 50) // 100


def combined(channel: int | None, roles: Iterable[int]) -> int:
    """The percent of a channel and of a member's roles together: the best role counts, and 0 stays 0."""
    best = max(roles, default=ONE)
    return min((ONE if channel is None else channel) * best // 100, HIGHEST_PERCENT * 10)


def coins_of(level: int) -> int:
    """The coins that reaching this level brings; milestones bring items instead."""
    if level < 2 or level % MILESTONE == 0:  # noqa: PLR2004 - everybody begins at level 1.
        return 0
    return 25 * (level - 1 - level // MILESTONE)


def items_of(level: int) -> dict[Item, int]:
    """The items that a milestone brings: treasures, one more each time up to five, and from level 10 a multiplier."""
    if level < MILESTONE or level % MILESTONE:
        return {}
    number = level // MILESTONE
    items: dict[Item, int] = {"jackpot": min(number, 5)}
    if number > 1:
        items["multiplier_x3" if number % 2 else "multiplier_x2"] = 1
    return items


def crossed(before: int, after: int) -> range:
    """The levels that lie between two, the upper one included."""
    return range(before + 1, after + 1)


def checked_xp(xp: int, *, low: int = 1, high: int = MOST_XP) -> int:
    """The amount, which must lie between the bounds; raises BadInput naming them."""
    if not low <= xp <= high:
        raise BadInput(
            _("{amount} is no usable amount of experience. Allowed: {low} to {high}.").format(
                amount=xp if abs(xp) <= MOST_XP * 10 else _("That many"), low=low, high=high
            )
        )
    return xp


def checked_level(level: int) -> int:
    """The level, from 2 to the top; raises BadInput naming the bounds."""
    if not 2 <= level <= TOP_LEVEL:  # noqa: PLR2004 - everybody has level 1.
        raise BadInput(_("{level} is no level. Allowed: 2 to {high}.").format(level=str(level)[:12], high=TOP_LEVEL))
    return level


def percent_of(text: str) -> int:
    """The percent that a factor means: `2`, `x1.5`, `1,5` or `150%`; raises BadInput naming the bounds."""
    word = text.strip().lower().replace(",", ".")
    is_percent = word.endswith("%")
    digits = word.removeprefix("x").removesuffix("x").removesuffix("%").strip()
    whole, _dot, fraction = digits.partition(".")
    is_number = (whole + fraction).isascii() and (whole + fraction).isdigit() and len(whole) <= 4  # noqa: PLR2004
    if is_number and len(fraction) <= 2:  # noqa: PLR2004 - hundredths are as fine as it gets.
        percent = round(float(digits)) if is_percent else round(float(digits) * 100)
        if percent <= HIGHEST_PERCENT:
            return percent
    raise bad("multiplier", text, _("0 to 10, such as 0 (no experience), 0.5, 1 (as usual) or 2"))


SLOT_MS = 120_000
_SLOTS_IN_AN_HOUR = 30
HOUR_XP = 25
# Muted by themselves, deaf by themselves, and deafened by others; see schema.models.voice.
_UNHEARD = 1 | 2 | 8


@dataclass(frozen=True)
class Stay:
    """A member's state in a voice channel, from `start_ms` until `end_ms` (None: still)."""

    user_id: int
    channel_id: int
    start_ms: int
    end_ms: int | None
    flags: int = 0


@dataclass(frozen=True)
class Slot:
    """A two-minute slot in which a member was met in company: where, and how many counted there."""

    number: int
    channel_id: int
    people: int


def company(stays: Iterable[Stay], after: int, up_to: int, afk_channel_id: int | None) -> dict[int, list[Slot]]:
    """The slots after `after` up to `up_to` in which each member was in company, in order.

    A slot is one look, at its first moment, at who is where: somebody who stays three minutes is met once or twice. Who
    muted themselves, is deaf, or is in the channel of those away, does not count; two who count are company.
    """
    met: dict[tuple[int, int], set[int]] = {}
    for stay in stays:
        if stay.flags & _UNHEARD or stay.channel_id == afk_channel_id:
            continue
        first = max(-(-stay.start_ms // SLOT_MS), after + 1)
        last = up_to if stay.end_ms is None else min((stay.end_ms - 1) // SLOT_MS, up_to)
        for number in range(first, last + 1):
            met.setdefault((number, stay.channel_id), set()).add(stay.user_id)
    found: dict[int, list[Slot]] = {}
    for (number, channel), people in sorted(met.items()):
        if len(people) > 1:
            for user in people:
                found.setdefault(user, []).append(Slot(number, channel, len(people)))
    return found


def for_slot(people: int, most: int) -> int:
    """What two minutes in company of so many bring: 1 for two people, and 2 more for each further one."""
    return 1 + 2 * (min(people, most) - 2)


@dataclass(frozen=True)
class Spoken:
    """What time in voice brought a member: the experience, and how far their present stay got."""

    xp: int
    slot: int
    run: int
    channel_id: int


def speak(
    slots: Iterable[Slot],
    before: tuple[int | None, int],
    departures: Iterable[int],
    percents: Mapping[int, int],
    most: int,
) -> Spoken | None:
    """What these slots of one member bring, in order, with 25 for each hour (30 slots) in one stay.

    `before` is the newest slot that was counted and how many in that stay; `departures` are the moments (ms) when the
    member left voice, each of which begins the hour anew.
    """
    newest, run = before
    left = sorted(departures)
    xp, channel_id, is_any = 0, 0, False
    for slot in slots:
        percent = percents.get(slot.channel_id, ONE)
        if percent == 0 or (newest is not None and slot.number <= newest):
            continue
        if newest is not None and any(newest * SLOT_MS < moment <= slot.number * SLOT_MS for moment in left):
            run = 0
        newest, run, channel_id, is_any = slot.number, run + 1, slot.channel_id, True
        bonus = HOUR_XP if run % _SLOTS_IN_AN_HOUR == 0 else 0
        xp += multiplied(for_slot(slot.people, most) + bonus, percent)
    return Spoken(xp, newest, run, channel_id) if is_any and newest is not None else None


# So many channels and roles, and so many role rewards, may a guild choose.
MOST_CHOICES = 100
