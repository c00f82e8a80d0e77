"""Dates as people write them, in English and in French. No I/O: `today` is an argument."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.errors import BadInput
from app.core.translations import _

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january janvier jan",
            "february février fevrier feb",
            "march mars",
            "april avril apr",
            "may mai",
            "june juin jun",
            "july juillet jul",
            "august août aout aug",
            "september septembre sept sep",
            "october octobre oct",
            "november novembre nov",
            "december décembre decembre dec",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday lundi",
            "tuesday mardi",
            "wednesday mercredi",
            "thursday jeudi",
            "friday vendredi",
            "saturday samedi",
            "sunday dimanche",
        )
    )
    for name in names.split()
}
# Months that are words or names too.
_WORDS_TOO = {"march", "mars", "april", "august", "june"}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(_WEEKDAYS)
_UNITS = {"day": 1, "jour": 1, "week": 7, "semaine": 7, "month": 30, "mois": 30, "year": 365, "an": 365, "année": 365}
_UNIT = r"(day|week|month|year|jour|semaine|mois|année|an)s?"
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "un": 1, "une": 1, "two": 2, "deux": 2, "three": 3, "trois": 3, "four": 4, "quatre": 4,
    "five": 5, "cinq": 5, "six": 6, "seven": 7, "sept": 7, "ten": 10, "dix": 10,
}  # fmt: skip
_NUMBER = rf"(\d{{1,4}}|{'|'.join(_NUMBERS)})"
_PREVIOUS = r"(?:last|past|previous)"
_LAST_FR = r"(?:derniers?|dernières?|passée?s?)"

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_NAMED = re.compile(
    rf"(?:\b(\d{{1,2}})(?:st|nd|rd|th|er)?\s+(?:of\s+|de\s+)?)?\b({_MONTH})\b\.?"
    rf"(?:\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*:))?(?:,?\s+(?:of\s+|in\s+|de\s+)?(\d{{4}})\b)?"
)
_RELATIVE_DAYS = (
    (re.compile(r"\b(?:the day before yesterday|avant-hier)\b"), 2),
    (re.compile(r"\b(?:yesterday|hier)\b"), 1),
    (re.compile(r"\b(?:today|aujourd'hui)\b"), 0),
)
_AGO = re.compile(rf"\b(?:{_NUMBER}\s+{_UNIT}\s+ago|il y a\s+{_NUMBER}\s+{_UNIT})\b")
_LAST_MANY = re.compile(
    rf"\b(?:{_PREVIOUS}\s+{_NUMBER}\s+{_UNIT}|{_NUMBER}\s+{_LAST_FR}\s+{_UNIT}|{_NUMBER}\s+{_UNIT}\s+{_LAST_FR})\b"
)
_UNIT_NEAR = re.compile(
    rf"\b(?:(last|previous|this)\s+(week|month|year)|(cette|ce)\s+(semaine|mois|année)"
    rf"|(?:l'|la |le )?(semaine|mois|année|an)\s+{_LAST_FR})\b"
)
_WEEKDAY_NEAR = re.compile(rf"\b(?:(?:last|on)\s+)?({_WEEKDAY})(?:\s+{_LAST_FR})?\b")
_YEAR = re.compile(r"\b(?:in|en|during|of|de)\s+((?:19|20)\d\d)\b")
_BARE_YEAR = re.compile(r"\s*((?:19|20)\d\d)\s*")

_WEEK_DAYS = 7
# How near a message is to a date that a question names: (days after, days before, nearness).
_NEAR_A_DAY = ((1, 0, 1.0), (14, 1, 0.7), (30, 14, 0.3))
_NEAR_A_WHILE = ((0, 0, 1.0), (15, 0, 0.5))
_ANY_YEAR = 2000
# Nothing was written before it, and dates around it can be reckoned with.
_EARLIEST = date(1000, 1, 1)


@dataclass(frozen=True)
class Mention:
    """A stretch of days that a text names; without a year it means those of any year."""

    first: date
    last: date
    has_year: bool = True

    def nearness(self, day: date) -> float:
        """1 within or just after it, less around it: people tell of things afterwards."""
        if self.has_year:
            return self._nearness(self.first, self.last, day)
        found = 0.0
        for year in (day.year, day.year - 1):
            first, last = _in_year(self.first, year), _in_year(self.last, year)
            found = max(found, self._nearness(first, last, day))
        return found

    def _nearness(self, first: date, last: date, day: date) -> float:
        late, early = max(0, (day - last).days), max(0, (first - day).days)
        steps = _NEAR_A_DAY if (last - first).days < _WEEK_DAYS else _NEAR_A_WHILE
        return next((near for after, before, near in steps if late <= after and early <= before), 0.0)


def mentions(text: str, today: date) -> tuple[Mention, ...]:
    """The days that a text names, without those that only may be one ("may", "march", a lone weekday)."""
    lowered = text[:500].lower().replace("’", "'")  # noqa: RUF001 - typed on phones.
    found = [one for match in _NAMED.finditer(lowered) if _is_sure(match, text) and (one := _named(match))]
    found += [one for match in _ISO.finditer(lowered) if (one := _iso(match))]
    relative = _relative(lowered, today, with_years=False)
    return (*found, *((relative,) if relative else ()))


def parse(text: str, today: date) -> tuple[date | None, date | None]:
    """The first and the last day that a filter means; None where it is open.

    Raises BadInput naming what is understood.
    """
    lowered = " ".join(text.lower().replace("’", "'").split())  # noqa: RUF001 - typed on phones.
    between = re.fullmatch(r"(?:between|from|entre|du|de)\s+(.+?)\s+(?:and|to|until|et|au|à)\s+(.+)", lowered)
    since = re.fullmatch(r"(?:since|after|depuis|après|from)\s+(?:le\s+)?(.+)", lowered)
    before = re.fullmatch(r"(?:before|until|avant|jusqu'au|jusqu'à)\s+(?:le\s+)?(.+)", lowered)
    if between:
        first, last = _one(between[1], text, today).first, _one(between[2], text, today).last
        if first > last:
            raise BadInput(_("“{text}” ends before it begins.").format(text=text[:80]))
        return first, last
    if since:
        day = _one(since[1], text, today)
        return (day.last + timedelta(days=1) if lowered.startswith(("after", "après")) else day.first), None
    if before:
        day = _one(before[1], text, today)
        return None, (day.last if lowered.startswith(("until", "jusqu")) else day.first - timedelta(days=1))
    one = _one(lowered, text, today)
    return one.first, one.last


def _one(lowered: str, whole: str, today: date) -> Mention:
    """The one stretch of days that this is, in the past or now."""
    year = _BARE_YEAR.fullmatch(lowered)
    iso, named = _ISO.search(lowered), _NAMED.search(lowered)
    found = _whole_year(int(year[1])) if year else None
    found = found or (_iso(iso) if iso else None) or _relative(lowered, today) or (_named(named) if named else None)
    weekday = _WEEKDAY_NEAR.search(lowered)
    if found is None and weekday:
        back = (today.weekday() - _WEEKDAYS[weekday[1]]) % _WEEK_DAYS or _WEEK_DAYS
        found = Mention(today - timedelta(days=back), today - timedelta(days=back))
    if found is None:
        raise BadInput(
            _(
                "“{text}” is no date that I understand. Write for example: yesterday, last week, 3 May 2023,"
                " 2023-05-03, May 2023, since Monday, before 2023-05-03, between 1 May and 10 May."
            ).format(text=whole[:80])
        )
    if not found.has_year:
        year_number = today.year if _in_year(found.first, today.year) <= today else today.year - 1
        found = Mention(_in_year(found.first, year_number), _in_year(found.last, year_number))
    return found


def _is_sure(match: re.Match[str], text: str) -> bool:
    """Whether the month is one: "may", "march" and "mars" are words too, and months when something says so."""
    if match[1] or match[3] or match[4]:
        return True
    written = text[match.start(2) : match.end(2)]
    before = text[: match.start(2)].lower().split()[-1:]
    is_name = len(written) > 3 and written[0].isupper()  # noqa: PLR2004 - "may", "mai", "jun" are not enough.
    return is_name and (match[2] not in _WORDS_TOO or before in (["in"], ["during"], ["last"], ["since"], ["en"]))


def _named(match: re.Match[str]) -> Mention | None:
    day, month = match[1] or match[3], _MONTHS[match[2]]
    year = int(match[4]) if match[4] else _ANY_YEAR
    try:
        first = date(year, month, int(day) if day else 1)
        last = first if day else first.replace(day=calendar.monthrange(year, month)[1])
    except ValueError:
        return None
    return Mention(first, last, has_year=bool(match[4]))


def _iso(match: re.Match[str]) -> Mention | None:
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    return Mention(day, day)


def _relative(lowered: str, today: date, *, with_years: bool = True) -> Mention | None:
    """Days that are told from today."""
    for pattern, back in _RELATIVE_DAYS:
        if pattern.search(lowered):
            return Mention(today - timedelta(days=back), today - timedelta(days=back))
    many = _LAST_MANY.search(lowered)
    if many:
        return Mention(_back(today, *(part for part in many.groups() if part)), today)
    ago = _AGO.search(lowered)
    if ago:
        number, unit = (part for part in ago.groups() if part)
        day = _back(today, number, unit)
        around = timedelta(days=_UNITS[unit] // 2)
        return Mention(day - around, day + around)
    near = _UNIT_NEAR.search(lowered)
    if near:
        is_this = (near[1] or near[3] or "last") in {"this", "cette", "ce"}
        return _unit_near(near[2] or near[4] or near[5], today, is_this=is_this)
    year = _YEAR.search(lowered) if with_years else None
    return _whole_year(int(year[1])) if year else None


def _back(today: date, number: str, unit: str) -> date:
    days = (_NUMBERS.get(number) or int(number)) * _UNITS[unit]
    return today - timedelta(days=min(days, (today - _EARLIEST).days))


def _unit_near(unit: str, today: date, *, is_this: bool) -> Mention:
    if unit in {"week", "semaine"}:
        monday = today - timedelta(days=today.weekday() + (0 if is_this else _WEEK_DAYS))
        return Mention(monday, monday + timedelta(days=6))
    if unit in {"month", "mois"}:
        first = today.replace(day=1) if is_this else (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        return Mention(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
    return _whole_year(today.year if is_this else today.year - 1)


def _whole_year(year: int) -> Mention:
    return Mention(date(year, 1, 1), date(year, 12, 31))


def _in_year(day: date, year: int) -> date:
    """The same day of another year; the last of February where there is no 29th."""
    return day.replace(year=year, day=min(day.day, calendar.monthrange(year, day.month)[1]))
