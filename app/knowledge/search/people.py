"""Whom a question names: by a mention, or by a nickname, a display name or a user name of this guild.

Names change seldom and are read often, so each process keeps a guild's names for a while.
"""

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.settings import settings
from app.knowledge.embeddings.languages import is_common

_KEEP_SECONDS = 120.0
_GUILDS_MAX = 32
# A guild of more members is known by its mentions, and by those who wrote most.
_MEMBERS_MAX = 20_000
_NAME_WORDS = 4
_SHORTEST = 3

_MEMBERS = """
SELECT m.user_id, m.nick, u.display_name, u.name FROM members m LEFT JOIN users u ON u.id = m.user_id
WHERE m.guild_id = :guild_id AND NOT coalesce(u.is_bot, false)
AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = m.guild_id AND o.user_id = m.user_id)
ORDER BY m.message_count DESC LIMIT :most
"""
_MENTION = re.compile(r"<@!?(\d{1,19})>")
_WORD = re.compile(r"[^\W_]+(?:[._-][^\W_]+)*")

Names = dict[str, frozenset[int]]
_kept: OrderedDict[tuple[str, int], tuple[float, Names]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Named:
    """Whom a question names, and the question without them."""

    # Each name's bearers; a name may have several.
    people: tuple[frozenset[int], ...]
    # For the words: the names are out, because everybody is named in others' messages.
    without: str
    # For the meaning: whoever was asked about wrote of themselves.
    as_told: str

    @property
    def one(self) -> frozenset[int]:
        """The bearers of the only name; nobody when none or several people are named."""
        return self.people[0] if len(self.people) == 1 else frozenset()


def named(session: Session, guild_id: int, question: str) -> Named:
    """Whom the question names in this guild."""
    return find(question, names_of(session, guild_id))


def names_of(session: Session, guild_id: int) -> Names:
    """The lower-case names of this guild's members, with whose they are; at most two minutes old."""
    key = (settings().database_url, guild_id)
    with _lock:
        if key in _kept and _kept[key][0] > time.monotonic():
            return _kept[key][1]
    names: dict[str, set[int]] = {}
    for user_id, *called in session.execute(text(_MEMBERS), {"guild_id": guild_id, "most": _MEMBERS_MAX}):
        for name in filter(None, called):
            for form in _forms(name):
                names.setdefault(form, set()).add(user_id)
    kept = {name: frozenset(bearers) for name, bearers in names.items()}
    with _lock:
        _kept[key] = (time.monotonic() + _KEEP_SECONDS, kept)
        while len(_kept) > _GUILDS_MAX:
            _kept.popitem(last=False)
    return kept


def forget() -> None:
    """Forget every kept name (tests)."""
    with _lock:
        _kept.clear()


def _forms(name: str) -> list[str]:
    """What people call somebody of this name: the whole name and its first word."""
    words = _WORD.findall(name.lower())[:_NAME_WORDS]
    forms = [" ".join(words), words[0]] if words else []
    return [form for form in dict.fromkeys(forms) if len(form) >= _SHORTEST]


def find(question: str, names: Names) -> Named:
    """Whom the question names, by these names.

    A name that is a common word too ("Will", "May") counts only with a capital letter inside the sentence or an @.
    """
    people: list[frozenset[int]] = []
    without, told, end = [], [], 0
    for start, stop, bearers in _spans(question, names):
        if bearers not in people:
            people.append(bearers)
        without.append(question[end:start])
        is_first = len(people) == 1 and bearers == people[0]
        told.append(question[end:start] + (_first_person(question, stop) if is_first else question[start:stop]))
        end = stop + len(_possessive(question, stop))
        if not is_first:
            told.append(question[stop:end])
    rest = question[end:]
    return Named(tuple(people), " ".join([*without, rest]), "".join([*told, rest]))


def _spans(question: str, names: Names) -> list[tuple[int, int, frozenset[int]]]:
    found = [(match.start(), match.end(), frozenset({int(match[1])})) for match in _MENTION.finditer(question)]
    words = [match for match in _WORD.finditer(question) if not any(a <= match.start() < b for a, b, _ in found)]
    place = 0
    while place < len(words):
        step = 1
        for length in range(min(_NAME_WORDS, len(words) - place), 0, -1):
            taken = words[place : place + length]
            bearers = names.get(" ".join(word[0].lower() for word in taken))
            if bearers and _is_meant(question, taken):
                found.append((_with_at(question, taken[0].start()), taken[-1].end(), bearers))
                step = length
                break
        place += step
    return sorted(found)


def _is_meant(question: str, words: list[re.Match[str]]) -> bool:
    start = words[0].start()
    if _with_at(question, start) < start or len(words) > 1 or not is_common(words[0][0].lower()):
        return True
    return words[0][0][0].isupper() and bool(question[:start].strip())


def _with_at(question: str, start: int) -> int:
    return start - 1 if question[start - 1 : start] == "@" else start


def _possessive(question: str, stop: int) -> str:
    ending = question[stop : stop + 2].lower()
    return question[stop : stop + 2] if ending in {"'s", "’s"} else ""  # noqa: RUF001 - typed on phones.


def _first_person(question: str, stop: int) -> str:
    return "my" if _possessive(question, stop) else "I"
