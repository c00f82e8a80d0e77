"""What documents are called, what stands in them, and when they are due. No I/O.

A document is a text that a store keeps as a whole and finds by its passages. Made now: the log of a channel's day and
a summary of it (`registry`). Names and metadata are the same in every store.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# The sections of what is made of a channel's day.
LOG, SUMMARY = "daily-log", "daily-chat"
# Commands to bots say nothing that anybody looks for.
SKIPPED_CHANNELS = frozenset({"bot-commands"})

# A day that is over settles soon; one that goes on changes all the time.
_SETTLED_AFTER = timedelta(minutes=10)
_OPEN_DAY_AFTER = timedelta(hours=1)

_WORDS_MAX, _SENTENCES_MAX, _SENTENCE_MAX = 12, 5, 300
_WORD = re.compile(r"[^\W\d_]{3,}")
_NO_TALK = re.compile(r"\b\w+://\S+|<[^<>\s]+>")


@dataclass(frozen=True)
class Line:
    """A message as it stands in a log. Its author is a number, which is nothing without the server."""

    message_id: int
    author_id: int
    written_at: datetime
    content: str


@dataclass(frozen=True)
class Day:
    """One channel's day."""

    channel_id: int
    channel: str
    category: str
    day: date
    lines: Sequence[Line]


def url(prefix: str, guild_id: int, channel_id: int, day: date) -> str:
    """The address that a day's document has for good; a second document with it is the same one."""
    return f"discord://{prefix}/{guild_id}/{channel_id}/{day.isoformat()}"


def title(section: str, channel: str, day: date) -> str:
    """What people read."""
    return f"{'Chat' if section == LOG else 'Summary'} of #{channel} on {day.isoformat()}"


def tags(prefix: str, channel_id: int | None, day: date | None) -> list[str]:
    """Words to filter by: its kind, its channel and its day, as far as it has them."""
    channels = [] if channel_id is None else [f"channel:{channel_id}"]
    return [prefix, *channels, *([] if day is None else [f"date:{day.isoformat()}"])]


def file_name(prefix: str, ending: str, channel_id: int | None, day: date | None, mark: str) -> str:
    """The name of a document's file elsewhere; the mark says whose it is, and which of its versions."""
    named = [prefix, channel_id, None if day is None else day.isoformat(), mark]
    return "_".join(str(part) for part in named if part is not None) + f".{ending}"


def is_due(stale_at: datetime, day: date, now: datetime) -> bool:
    """Whether a document that changed first at that time is to be made anew."""
    settles = _OPEN_DAY_AFTER if day >= now.date() else _SETTLED_AFTER
    return now - stale_at >= settles


def due_before(now: datetime) -> tuple[datetime, datetime]:
    """Changed before which moment a day that goes on is due, and one that is over."""
    return now - _OPEN_DAY_AFTER, now - _SETTLED_AFTER


def content_of(section: str, day: Day, stop_words: frozenset[str]) -> str:
    """The document's text."""
    return as_json(day) if section == LOG else summary(day, stop_words)


def passages_of(section: str, day: Day, stop_words: frozenset[str]) -> str:
    """The same text without what only programs read, for stores that cut it into passages themselves."""
    if section != LOG:
        return summary(day, stop_words)
    return "\n".join(f"{line.written_at:%H:%M} <@{line.author_id}>: {_flat(line.content)}" for line in day.lines)


def as_json(day: Day) -> str:
    """The log of a channel's day."""
    log = [
        {
            "timestamp": line.written_at.isoformat(timespec="seconds"),
            "message": str(line.message_id),
            "author": str(line.author_id),
            "content": line.content,
        }
        for line in day.lines
    ]
    header = {"channel_name": day.channel, "channel_category": day.category, "date": day.day.isoformat()}
    return json.dumps({"header": header, "chat_log": log}, ensure_ascii=False)


def summary(day: Day, stop_words: frozenset[str]) -> str:
    """What was talked about in a channel on one day: figures, the words that came up most, and what was said with them.

    It names nobody and counts nobody's messages: it is about the day, not about the people.
    """
    counts = Counter(word for line in day.lines for word in _words(line.content, stop_words))
    common = [word for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count > 1]
    words = common[:_WORDS_MAX]
    people = len({line.author_id for line in day.lines})
    first, last = day.lines[0].written_at, day.lines[-1].written_at
    span = f"from {first:%H:%M} to {last:%H:%M} UTC"
    told = [f"#{day.channel} on {day.day.isoformat()}: {len(day.lines)} messages by {people} people, {span}."]
    if words:
        told.append(f"Talked about: {', '.join(words)}.")
    told += [f"- {_flat(line.content)[:_SENTENCE_MAX]}" for line in _telling(day.lines, set(words), stop_words)]
    return "\n".join(told)


def _telling(lines: Sequence[Line], words: set[str], stop_words: frozenset[str]) -> list[Line]:
    """The few messages that hold most of these words, each for words that those before it do not have, as they came."""
    left = set(words)
    chosen: list[Line] = []
    while left and len(chosen) < _SENTENCES_MAX:
        best = max(lines, key=lambda line: (len(_words(line.content, stop_words) & left), -line.message_id))
        new = _words(best.content, stop_words) & left
        if not new:
            break
        chosen.append(best)
        left -= new
    return sorted(chosen, key=lambda line: line.message_id)


def _words(content: str, stop_words: frozenset[str]) -> set[str]:
    return set(_WORD.findall(_NO_TALK.sub(" ", content).lower())) - stop_words


def words_of(lines: Sequence[Line]) -> set[str]:
    """Every word of these lines, to be asked which of them say nothing."""
    return {word for line in lines for word in _words(line.content, frozenset())}


def _flat(content: str) -> str:
    return " ".join(content.split())
