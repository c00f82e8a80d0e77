"""Logs of busy guilds, made here: eight people in four channels and a thread, in English, in French, and in both.

Forty facts, written by hand in both languages (guildlogs.json), lie among generated chatter that has nothing to do with
them, so that what stands around a message helps nobody. The same facts in every guild make languages comparable. They
are in no other data set, and no weight of search was fitted to them.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.activity.guilds.messages import ChannelSeen, GuildSeen
from app.activity.members.messages import MemberUpdated
from app.activity.messages.messages import MessageSeen
from app.core import clock
from app.core.events import Event
from app.knowledge.embeddings.languages import detect
from benchmarks.conversations import Conversation, Question, index, tell

_FIRST_GUILD = 900_000
_BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
_STEP = timedelta(seconds=140)
_CHATTER_FOR_EACH = 40
_CHANNELS = ("general", "gaming", "tavern", "food")
_LOCALES = {"en": "en-US", "fr": "fr"}
_REMEMBERED = "two words remembered"


@dataclass(frozen=True)
class Logs:
    """What is asked, by what it is to show, and the share of facts (in percent) whose language was recognised."""

    asked: dict[str, Conversation]
    languages_detected: float

    @property
    def in_other_words(self) -> list[Conversation]:
        """Those that are asked questions, rather than for words that somebody remembers."""
        return [conversation for label, conversation in self.asked.items() if _REMEMBERED not in label]


@dataclass(frozen=True)
class _Said:
    """One message: what it says, in which language, and which fact it is, if it is one."""

    content: str
    language: str
    fact: int | None = None


def load(chatter: int = _CHATTER_FOR_EACH) -> Logs:
    """Three guilds, stored and indexed in the database in use, with so many other messages for each fact."""
    data = json.loads(Path(__file__).with_name("guildlogs.json").read_text())
    count = len(data["facts"])
    languages = {
        "English guild": ["en"] * count,
        "French guild": ["fr"] * count,
        "mixed guild": ["en" if number % 2 else "fr" for number in range(count)],
    }
    told = {
        name: _tell(data, name, _FIRST_GUILD + 1_000 * number, of_facts, chatter)
        for number, (name, of_facts) in enumerate(languages.items())
    }
    index()
    mixed, of_facts = told["mixed guild"], languages["mixed guild"]
    asked = {
        **{f"{name}, {_REMEMBERED}": _remembering(data, one, languages[name]) for name, one in told.items()},
        "English guild, asked in English": told["English guild"],
        "French guild, asked in French": told["French guild"],
        "mixed guild, asked in the language of the answer": mixed,
        "mixed guild, asked in the other language": replace(
            mixed, questions=_questions(data, ["fr" if language == "en" else "en" for language in of_facts])
        ),
    }
    return Logs(asked, _detected(data))


def _tell(data: dict[str, Any], name: str, guild: int, languages: list[str], chatter: int) -> Conversation:
    speakers = {speaker: guild + 10 + place for place, speaker in enumerate(data["speakers"])}
    channels = tuple(guild + 1 + place for place in range(len(_CHANNELS) + 1))
    conversation = Conversation(
        name, guild, channels[0], speakers, _questions(data, languages), more_channels=channels[1:]
    )
    locale = _LOCALES["fr" if set(languages) == {"fr"} else "en"]
    events = [*_guild(conversation, locale), *_messages(conversation, data, languages, chatter)]
    tell(conversation, events)
    return conversation


def _questions(data: dict[str, Any], languages: list[str]) -> list[Question]:
    return [
        Question(fact[f"ask_{language}"].format(who=_who(data, number)), [f"fact {number}"], 4)
        for number, (fact, language) in enumerate(zip(data["facts"], languages, strict=True))
    ]


def _remembering(data: dict[str, Any], told: Conversation, languages: list[str]) -> Conversation:
    """The same log, asked with the two longest words of each fact instead of a question in other words."""
    questions = []
    for number, (fact, language) in enumerate(zip(data["facts"], languages, strict=True)):
        words = sorted(re.findall(r"\w+", fact[language]), key=len)[-2:]
        questions.append(Question(" ".join(words), [f"fact {number}"], 4))
    return replace(told, questions=questions)


def _who(data: dict[str, Any], number: int) -> str:
    return str(data["speakers"][number % len(data["speakers"])])


def _guild(conversation: Conversation, locale: str) -> Iterator[Event]:
    stamp = {"guild_id": conversation.guild_id, "at": int(clock.now().timestamp() * 1000)}
    yield GuildSeen(seq=1, name=conversation.name, locale=locale, **stamp)
    for place, name in enumerate(_CHANNELS):
        yield ChannelSeen(seq=2 + place, id=conversation.channel_ids[place], kind=0, name=name, **stamp)
    thread = conversation.channel_ids[-1]
    parent = conversation.channel_id
    yield ChannelSeen(seq=9, id=thread, kind=11, name="off topic", parent_id=parent, **stamp)
    for seq, (name, user) in enumerate(conversation.speakers.items(), start=10):
        yield MemberUpdated(seq=seq, user_id=user, name=name.lower(), display_name=name, **stamp)


def _messages(
    conversation: Conversation, data: dict[str, Any], languages: list[str], chatter: int
) -> Iterator[MessageSeen]:
    # The same for every guild, so that only the language differs.
    chance = random.Random(7)
    said = [
        _Said(fact[language], language, number)
        for number, (fact, language) in enumerate(zip(data["facts"], languages, strict=True))
    ]
    said += [_chatter(data["chatter"], languages[n % len(languages)], chance) for n in range(chatter * len(said))]
    chance.shuffle(said)
    at = int(clock.now().timestamp() * 1000)
    for place, one in enumerate(said):
        seq = 100 + place
        speaker = chance.choice(data["speakers"]) if one.fact is None else _who(data, one.fact)
        # The guild's number keeps the ids of all guilds apart.
        message = clock.snowflake_at(_BEGAN + _STEP * place) + conversation.guild_id
        conversation.turns[message] = f"chatter {place}" if one.fact is None else f"fact {one.fact}"
        yield MessageSeen(
            seq=seq,
            guild_id=conversation.guild_id,
            at=at,
            id=message,
            channel_id=chance.choice(conversation.channel_ids),
            author_id=conversation.speakers[speaker],
            author_name=speaker.lower(),
            author_display=speaker,
            content=one.content,
        )


def _chatter(words: dict[str, Any], language: str, chance: random.Random) -> _Said:
    """One to three remarks at once, so that few messages are the same."""
    remarks = chance.sample(words[language], chance.choice((1, 2, 2, 3)))
    return _Said(" ".join(_filled(words, language, remark, chance) for remark in remarks), language)


def _filled(words: dict[str, Any], language: str, remark: str, chance: random.Random) -> str:
    food, other = chance.sample(words["food"], 2)
    return remark.format(
        game=chance.choice(words["game"]), food=food, food2=other, thing=chance.choice(words[f"thing_{language}"])
    )


def _detected(data: dict[str, Any]) -> float:
    """Each fact as a message of a guild of the other language."""
    of = {"en": "english", "fr": "french"}
    right = [
        detect(fact[language], of["fr" if language == "en" else "en"]) == of[language]
        for fact in data["facts"]
        for language in of
    ]
    return round(100 * sum(right) / len(right), 1)
