"""LoCoMo's conversations as guilds: told as events, applied by ingest, indexed by the embeddings pipeline."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.activity.guilds.messages import ChannelSeen, GuildSeen
from app.activity.ingest.service import Ports, apply
from app.activity.members.messages import MemberUpdated
from app.activity.messages.messages import MessageSeen
from app.core import clock
from app.core.db import unit_of_work
from app.core.events import Event
from app.knowledge.embeddings import pipeline
from app.knowledge.embeddings.service import forget
from app.upkeep.outbound.service import confirm

_BATCH = 500
# The data knows when a conversation began, not when each turn was said.
_TURN_SECONDS = 45
_SAID_AT = "%I:%M %p on %d %B, %Y"


@dataclass
class Question:
    """A question, and the ids of the turns that answer it, as the data writes them."""

    text: str
    evidence: list[str]
    category: int


@dataclass
class Conversation:
    """One conversation in its guild."""

    name: str
    guild_id: int
    channel_id: int
    speakers: dict[str, int]
    questions: list[Question]
    # The data's id of each message, in the order in which they were said.
    turns: dict[int, str] = field(default_factory=dict)
    sessions: dict[int, int] = field(default_factory=dict)
    more_channels: tuple[int, ...] = ()

    @property
    def channel_ids(self) -> tuple[int, ...]:
        """Every channel that it takes place in."""
        return (self.channel_id, *self.more_channels)


def load(path: Path) -> list[Conversation]:
    """Every conversation of the file, stored and indexed in the database in use."""
    data = json.loads(path.read_text())
    conversations = [_tell(one, number) for number, one in enumerate(data, start=1)]
    index()
    return conversations


def index() -> None:
    """Embed everything that was told."""
    while pipeline.refresh(60):
        pass
    with unit_of_work() as uow:
        uow.session.execute(text("ANALYZE messages, message_terms, message_vectors"))
        uow.commit()


def _tell(data: dict[str, Any], number: int) -> Conversation:
    said = data["conversation"]
    guild = number * 1_000
    names = [said["speaker_a"], said["speaker_b"]]
    conversation = Conversation(
        str(data.get("sample_id", number)),
        guild,
        guild + 1,
        {name: guild + 10 + place for place, name in enumerate(names)},
        [Question(str(one["question"]), list(one.get("evidence") or []), int(one["category"])) for one in data["qa"]],
    )
    events = [*_guild(conversation), *_messages(conversation, said)]
    tell(conversation, events)
    return conversation


def tell(conversation: Conversation, events: list[Event]) -> None:
    """Have ingest apply these events; the conversation's turns say which days they are of."""
    days = [clock.snowflake_time(message).date() for message in conversation.turns]
    with unit_of_work() as uow:
        span = {"first": min(days), "last": max(days)}
        uow.session.execute(text("SELECT ensure_partitions(CAST(:first AS date), CAST(:last AS date))"), span)
        uow.commit()
    for start in range(0, len(events), _BATCH):
        with unit_of_work() as uow:
            ports = Ports("store", forget, confirm, lambda *_: lambda: None, lambda *_: None)
            batch = events[start : start + _BATCH]
            apply(uow.session, f"{conversation.name}:{start}", batch, ports=ports, now=clock.now())
            uow.commit()


def _guild(conversation: Conversation) -> Iterator[Event]:
    at = int(clock.now().timestamp() * 1000)
    stamp = {"guild_id": conversation.guild_id, "at": at}
    yield GuildSeen(seq=1, name=conversation.name, locale="en-US", **stamp)
    yield ChannelSeen(seq=2, id=conversation.channel_id, kind=0, name="general", **stamp)
    for seq, (name, user) in enumerate(conversation.speakers.items(), start=3):
        yield MemberUpdated(seq=seq, user_id=user, name=name.lower(), display_name=name, **stamp)


def _messages(conversation: Conversation, said: dict[str, Any]) -> Iterator[Event]:
    at = int(clock.now().timestamp() * 1000)
    seq, number = 10, 1
    while f"session_{number}_date_time" in said or f"session_{number}" in said:
        began = datetime.strptime(said[f"session_{number}_date_time"], _SAID_AT).replace(tzinfo=UTC)
        for place, turn in enumerate(said.get(f"session_{number}", [])):
            seq += 1
            message = clock.snowflake_at(began + timedelta(seconds=_TURN_SECONDS * place)) + seq
            conversation.turns[message] = turn["dia_id"]
            conversation.sessions[message] = number
            speaker = turn["speaker"]
            yield MessageSeen(
                seq=seq,
                guild_id=conversation.guild_id,
                at=at,
                id=message,
                channel_id=conversation.channel_id,
                author_id=conversation.speakers.get(speaker, conversation.guild_id + 99),
                author_name=speaker.lower(),
                author_display=speaker,
                content=_content(turn),
                attachments=1 if turn.get("blip_caption") else 0,
            )
        number += 1


def _content(turn: dict[str, Any]) -> str:
    """What was said; the caption of a picture stands before it, as the paper's rows have it beside it."""
    caption = turn.get("blip_caption")
    return f"[{caption}] {turn['text']}" if caption else str(turn["text"])
