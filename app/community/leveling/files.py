"""Files of levels: reading what other bots export, and writing our own. No I/O: bytes in, rows out.

Read are JSON (a list of members, or an object that holds one, as MEE6, Tatsu and Arcane give it) and CSV with a first
line of names, under the words that these bots use. One wrong row refuses the whole file, so that nothing is half done.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.community.leveling.rules import MOST_XP, TOP_LEVEL, total_for
from app.core.errors import BadInput
from app.core.translations import _

Keep: TypeAlias = Literal["level", "xp"]
KEEPS: tuple[Keep, ...] = ("level", "xp")
MOST_BYTES = 8_000_000
MOST_ROWS = 20_000

# The words of other bots, without case, spaces and underscores; the first that a row has counts.
_IDS = ("userid", "memberid", "discordid", "id", "uid", "user", "member")
_XP = ("xp", "totalxp", "score", "exp", "experience", "points")
_LEVELS = ("level", "lvl", "currentlevel")
_LISTS = ("players", "rankings", "leaderboard", "members", "users", "levels", "data", "entries")
_SHOWN = 3
_HIGHEST_ID = 2**63
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Row:
    """A member in a file, with what it says of them."""

    user_id: int
    level: int | None
    xp: int | None


def parse(data: bytes, keep: Keep) -> dict[int, int]:
    """The experience that each member in this file is to have; raises BadInput naming what is wrong and where."""
    text = _text(data)
    records = _from_json(text) if text.lstrip()[:1] in {"[", "{"} else _from_csv(text)
    if not records:
        raise BadInput(_("There is no member in this file. {allowed}").format(allowed=_expected()))
    if len(records) > MOST_ROWS:
        raise BadInput(
            _("There are {count} members in this file. Allowed: {most}.").format(count=len(records), most=MOST_ROWS)
        )
    found: dict[int, int] = {}
    problems: list[str] = []
    for number, record in enumerate(records, 1):
        try:
            row = _row(record)
            xp = _experience(row, keep)
        except ValueError as error:
            problems.append(_("row {number}: {problem}").format(number=number, problem=error))
            continue
        found[row.user_id] = max(xp, found.get(row.user_id, 0))
    if problems:
        shown = "; ".join(problems[:_SHOWN])
        more = _(" and {count} more").format(count=len(problems) - _SHOWN) if len(problems) > _SHOWN else ""
        raise BadInput(
            _("Nothing was imported. {problems}{more}. {allowed}").format(
                problems=shown, more=more, allowed=_expected()
            )
        )
    return found


def _expected() -> str:
    return _("Expected: JSON or CSV whose rows have user_id, and level or xp.")


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise BadInput(_("The file is too large. Allowed: {most} MB.").format(most=MOST_BYTES // 1_000_000))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(_("The file is no text in UTF-8. {allowed}").format(allowed=_expected())) from None


def _from_json(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(_("The file begins like JSON and is none. {allowed}").format(allowed=_expected())) from None
    found = _list_in(content)
    if not all(isinstance(record, dict) for record in found):
        raise BadInput(_("The file's list does not hold members. {allowed}").format(allowed=_expected()))
    return [{_word(name): value for name, value in record.items()} for record in found]


def _list_in(content: Any) -> list[Any]:
    """The list of members in a JSON document: itself, under one of the known names, or by id."""
    if isinstance(content, list):
        return content
    named = {_word(name): value for name, value in content.items()}
    for name in _LISTS:
        if isinstance(named.get(name), list | dict):
            return _list_in(named[name])
    if content and all(name.isdigit() and isinstance(value, dict) for name, value in content.items()):
        return [{"user_id": name, **value} for name, value in content.items()]
    raise BadInput(_("There is no list of members in this file. {allowed}").format(allowed=_expected()))


def _from_csv(text: str) -> Sequence[Mapping[str, Any]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error:
        raise BadInput(_("The file is neither JSON nor CSV. {allowed}").format(allowed=_expected())) from None
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if not lines or not {_word(name) for name in lines[0]} & set(_IDS):
        raise BadInput(
            _("The file has no first line with the names of its columns. {allowed}").format(allowed=_expected())
        )
    names = [_word(name) for name in lines[0]]
    return [dict(zip(names, line, strict=False)) for line in lines[1:]]


def _word(name: str) -> str:
    return name.strip().lower().replace("_", "").replace(" ", "").replace("-", "")


def _row(record: Mapping[str, Any]) -> Row:
    """The member of a record; raises ValueError saying what is wrong with it."""
    given: Any = next((record[name] for name in _IDS if record.get(name) not in (None, "")), None)
    user_id = _number(given.get("id") if isinstance(given, dict) else given, _("user id"), _HIGHEST_ID - 1)
    if not user_id:
        raise ValueError(_("there is no user id"))
    return Row(user_id, _first(record, _LEVELS, _("level"), TOP_LEVEL), _first(record, _XP, _("xp"), 10**15))


def _first(record: Mapping[str, Any], names: Iterable[str], what: str, most: int) -> int | None:
    return next((_number(record[name], what, most) for name in names if record.get(name) not in (None, "")), None)


def _number(value: Any, what: str, most: int) -> int | None:
    """A whole number from 0 to `most`, or None where there is none."""
    if value is None:
        return None
    text = str(value).strip() if isinstance(value, int | float | str) and not isinstance(value, bool) else "?"
    text = text.removesuffix(".0")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):  # noqa: PLR2004 - digits of 2**63.
        raise ValueError(
            _("“{value}” is no {what}, which is a whole number from 0 to {most}").format(
                value=text[:30], what=what, most=most
            )
        )
    return int(text)


def _experience(row: Row, keep: Keep) -> int:
    given = row.level if keep == "level" else row.xp
    if given is None:
        raise ValueError(_("there is no {what}").format(what=keep))
    return total_for(max(given, 1)) if keep == "level" else min(given, MOST_XP)


def written(rows: Iterable[tuple[int, str, int, int, int, int]]) -> bytes:
    """Our own file: CSV with a first line of names, which `parse` reads again."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("user_id", "name", "level", "xp", "messages", "voice_seconds"))
    writer.writerows((user, _harmless(name), *rest) for user, name, *rest in rows)
    return target.getvalue().encode("utf-8-sig")


def _harmless(name: str) -> str:
    """A name on one line that no program for tables takes for a formula; people choose their names themselves."""
    line = " ".join(name.split())
    return f"'{line}" if line.startswith(_FORMULA) else line
