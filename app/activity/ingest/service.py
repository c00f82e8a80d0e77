"""Applying a batch: what the ledger holds becomes committed rows, exactly once and in any order.

Concurrent batches cannot deadlock: every batch takes the tables in one order and the rows of each in the order of
their key, and what it changes of a member later is under that member's lock.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.activity.deadletters import service as deadletters
from app.activity.deadletters.rules import Letter, letter_of
from app.activity.guilds import service as guilds
from app.activity.guilds.messages import ChannelDeleted, ChannelSeen, GuildLeft, GuildSeen, RoleDeleted, RoleSeen
from app.activity.ingest import queries
from app.activity.ingest.messages import QUEUE, AnyEvent, WatermarkAdvanced
from app.activity.ingest.rules import FUTURE_MS, Admission, MemberKey, admit, sorted_by_type
from app.activity.invites import service as invites
from app.activity.invites.messages import InviteCreated, InviteDeleted
from app.activity.members import service as members
from app.activity.members.messages import MemberJoined, MemberLeft, MemberUpdated
from app.activity.messages import service as messages
from app.activity.messages.messages import ChannelListed, MessageEdited, MessagesDeleted, MessageSeen, OwnPostSeen
from app.activity.messages.rules import Version, created_ms, fold
from app.activity.messages.rules import day_of as day_of_message
from app.activity.partitions import service as partitions
from app.activity.partitions.rules import Span
from app.activity.reactions import service as reactions
from app.activity.reactions.messages import ReactionAdded, ReactionRemoved, ReactionsCleared
from app.activity.voice import service as voice
from app.activity.voice.messages import VoiceHeard, VoiceListed, VoiceStateChanged
from app.core import clock
from app.core.clock import snowflake_at
from app.core.db import unit_of_work
from app.core.facts import as_json
from schema.models.ingest import BotSequence

ALL_BOTS = 0
# These must see every row that is committed or about to be, so their batch waits for the others and runs alone.
_ALONE = (ReactionsCleared, ChannelListed)
_CLAIM = "INSERT INTO ingest_batches (batch_id, events) VALUES (:batch, :events) ON CONFLICT DO NOTHING RETURNING 1"
_GATE = "SELECT pg_advisory_xact_lock{how}(hashtextextended('ingest', 0))"
# The claim and the gate in one round trip; every later statement sees what was committed before the gate opened.
_ENTER_ALONE = text(f"WITH claimed AS ({_CLAIM}) {_GATE.format(how='')} FROM claimed")
_ENTER_WITH_OTHERS = text(f"WITH claimed AS ({_CLAIM}) {_GATE.format(how='_shared')} FROM claimed")
_OUTCOMES = text(
    "INSERT INTO event_outcomes (guild_id, day, outcome, events) SELECT guild_id, day, outcome, events"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, day date, outcome text, events bigint)"
    " ORDER BY guild_id, day, outcome ON CONFLICT (guild_id, day, outcome)"
    " DO UPDATE SET events = event_outcomes.events + excluded.events"
)
_WATERMARKS = text(
    "INSERT INTO channel_watermarks (guild_id, channel_id, complete_to, seq)"
    " SELECT guild_id, channel_id, complete_to, seq FROM json_to_recordset(:rows)"
    " AS r (guild_id bigint, channel_id bigint, complete_to bigint, seq bigint) ORDER BY guild_id, channel_id"
    " ON CONFLICT (guild_id, channel_id) DO UPDATE SET seq = greatest(channel_watermarks.seq, excluded.seq),"
    " complete_to = greatest(channel_watermarks.complete_to, excluded.complete_to)"
)


@dataclass(frozen=True)
class Ports:
    """What ingest needs from the areas above it."""

    # The content mode of a guild that has not chosen.
    default_mode: str
    # Take these messages of a guild out of the search index.
    forget: Callable[[Session, int, Sequence[int]], object]
    # Our own post with this nonce was seen as this message.
    confirm: Callable[[Session, str, int], object]
    # What these new messages, and reactions that may be new, bring their people: looked at now, given when called.
    earn: Callable[[Sequence[Version], Sequence[ReactionAdded]], Callable[[], object]]
    # These members joined and left.
    moved: Callable[[Session, Sequence[MemberJoined], Sequence[MemberLeft]], object]


@dataclass(frozen=True)
class Applied:
    """What a batch brought: whether there is text to index, and what has to be done about channels and guilds."""

    is_stale: bool
    deleted_channels: tuple[int, ...]
    # Guilds that somebody joined, or that the bot sees again: how often their invites were used has to be asked.
    joined_guilds: tuple[int, ...]
    # Members (guild, user) of whom anything may have changed, and guilds whose channels or roles have.
    members: frozenset[MemberKey] = frozenset()
    rebuilt_guilds: frozenset[int] = frozenset()


def apply(
    session: Session,
    batch_id: str,
    events: Sequence[AnyEvent],
    *,
    ports: Ports,
    now: datetime,
    broken: Sequence[Letter] = (),
) -> Applied | None:
    """Write everything that the batch tells, once; None when it was applied before.

    `broken` are its events that could not be read; they go to the dead letters with it.
    """
    enter = _ENTER_ALONE if any(isinstance(event, _ALONE) for event in events) else _ENTER_WITH_OTHERS
    if not session.execute(enter, {"batch": batch_id, "events": len(events)}).all():
        return None
    policy = queries.policy(session, events, ports.default_mode)
    limit = snowflake_at(now + timedelta(milliseconds=FUTURE_MS))
    admission = admit(events, policy, _span(session, limit, now), limit)
    _keep_books(session, batch_id, admission, broken)
    return _Writer(session, sorted_by_type(admission.events), ports).write()


def wait_for_batches(session: Session) -> None:
    """Wait for the batches that are under way, and keep others out until this transaction ends."""
    session.execute(text(_GATE.format(how="")))


def claim(session: Session, batch_id: str, events: int) -> bool:
    """Whether this transaction is the one that applies the batch."""
    return session.execute(text(_CLAIM), {"batch": batch_id, "events": events}).scalar() is not None


def _span(session: Session, limit: int, now: datetime) -> Span:
    """The ids that have a partition; a task that makes them ahead and did not run is made up for here."""
    span = partitions.span(session)
    if span.high < limit:
        partitions.ensure(session, now)
        span = partitions.span(session)
    return span


def _keep_books(session: Session, batch_id: str, admission: Admission, broken: Sequence[Letter]) -> None:
    letters = [*broken, *(letter_of(event, reason) for event, reason in admission.refused)]
    deadletters.write(session, QUEUE, batch_id, letters)
    if admission.outcomes:
        rows = (
            {"guild_id": guild, "day": day, "outcome": outcome, "events": events}
            for (guild, day, outcome), events in admission.outcomes.items()
        )
        session.execute(_OUTCOMES, {"rows": as_json(rows)})


class _Writer:
    """Writes the admitted events of one batch, table by table in the order that all batches share."""

    def __init__(self, session: Session, by_type: dict[type[Any], list[Any]], ports: Ports) -> None:
        self._session = session
        self._by_type = by_type
        self._ports = ports

    def _of(self, *types: type[Any]) -> list[Any]:
        return [event for kind in types for event in self._by_type.get(kind, ())]

    def write(self) -> Applied:
        session = self._session
        versions: list[Version] = self._of(MessageSeen, MessageEdited)
        changes = self._of(MemberJoined, MemberUpdated, MemberLeft)
        guilds.apply_guilds(session, self._of(GuildSeen, GuildLeft))
        guilds.apply_channels(session, self._of(ChannelSeen, ChannelDeleted))
        guilds.apply_roles(session, self._of(RoleSeen, RoleDeleted))
        guilds.meet(session, ((event.guild_id, event.channel_id) for event in versions))
        invites.apply(session, self._of(InviteCreated, InviteDeleted))
        written = self._write_messages(versions)
        guilds.reopen(session, (version.channel_id for version in written.new))
        states = self._voice_states()
        give = self._ports.earn(written.new, self._of(ReactionAdded))
        # From here on this batch holds rows that others want, which write about the same people: the less is left to do
        # until the commit, the less they wait.
        counted = self._count(written.new, changes, states)
        self._name_people(versions, changes)
        members.apply(session, changes)
        self._ports.moved(session, self._of(MemberJoined), self._of(MemberLeft))
        seconds = voice.apply(session, states)
        members.add_voice(session, seconds)
        members.add_days(session, messages=_by_day(written.new), voice=seconds)
        reactions.apply(session, self._of(ReactionAdded, ReactionRemoved))
        reactions.clear(session, self._of(ReactionsCleared))
        give()
        self._advance_watermarks(self._of(WatermarkAdvanced))
        voice.stamp(session, self._of(VoiceHeard))
        for event in sorted(self._of(OwnPostSeen), key=lambda post: post.nonce):
            self._ports.confirm(session, event.nonce, event.message_id)
        asked = {event.guild_id for event in self._of(MemberJoined, GuildSeen)}
        deleted = tuple(event.id for event in self._of(ChannelDeleted))
        rebuilt = {event.guild_id for event in self._of(ChannelSeen, ChannelDeleted, RoleSeen, RoleDeleted)}
        touched = {(version.guild_id, version.author_id) for version in versions} | counted
        return Applied(written.is_stale, deleted, tuple(sorted(asked)), frozenset(touched), frozenset(rebuilt))

    def _name_people(self, versions: Sequence[Version], changes: Sequence[Any]) -> None:
        people = members.People()
        for version in versions:
            people.named(version.author_id, version.seq, version.author_name, version.author_display)
        members.name_members(people, changes)
        people.write(self._session)

    def _write_messages(self, versions: Sequence[Version]) -> messages.Written:
        session = self._session
        folded = fold(versions, self._of(MessagesDeleted))
        for event, missing in messages.find_missing(session, self._of(ChannelListed)):
            for message in missing:
                folded.delete(message, event.guild_id, event.channel_id, event.at)
        written = messages.write(session, folded)
        for guild in sorted(written.outdated):
            self._ports.forget(session, guild, sorted(written.outdated[guild]))
        return written

    def _voice_states(self) -> dict[MemberKey, list[Any]]:
        states = voice.states_of(self._of(VoiceStateChanged))
        for member, left in voice.departures(self._session, self._of(VoiceListed)).items():
            states.setdefault(member, []).extend(left)
        return states

    def _count(
        self, new: Sequence[Version], changes: Sequence[Any], states: dict[MemberKey, list[Any]]
    ) -> set[MemberKey]:
        """Count, and lock every member of the batch; who they are."""
        wrote: dict[MemberKey, list[int]] = {}
        seen: dict[MemberKey, int] = {}
        for version in new:
            wrote.setdefault((version.guild_id, version.author_id), []).append(created_ms(version.id))
        told = [(*member, min(moments)) for member, moments in wrote.items()]
        told += [(event.guild_id, event.user_id, event.at) for event in changes]
        told += [(*member, state.started_ms) for member, found in states.items() for state in found]
        for guild, user, at in told:
            seen[guild, user] = min(at, seen.get((guild, user), at))
        members.count(self._session, wrote, seen)
        return set(seen)

    def _advance_watermarks(self, events: Sequence[WatermarkAdvanced]) -> None:
        newest: dict[tuple[int, int], WatermarkAdvanced] = {}
        for event in events:
            key = (event.guild_id, event.channel_id)
            if key not in newest or event.complete_to > newest[key].complete_to:
                newest[key] = event
        if newest:
            rows = (
                {"guild_id": e.guild_id, "channel_id": e.channel_id, "complete_to": e.complete_to, "seq": e.seq}
                for e in newest.values()
            )
            self._session.execute(_WATERMARKS, {"rows": as_json(rows)})


def _by_day(new: Sequence[Version]) -> Counter[tuple[int, int, date]]:
    return Counter((version.guild_id, version.author_id, day_of_message(version.id)) for version in new)


def reserve(session: Session, count: int, now: datetime) -> int:
    """The first of `count` event numbers that nobody else ever gets.

    Numbers also never fall behind the clock (in microseconds), so that a database restored from an old backup does not
    give out numbers that newer rows carry already.
    """
    floor = int(now.timestamp() * 1_000_000)
    statement = insert(BotSequence).values(bot_id=ALL_BOTS, reserved=floor + count)
    statement = statement.on_conflict_do_update(
        index_elements=["bot_id"],
        set_={"reserved": text(f"greatest(bot_sequences.reserved, {floor:d}) + {count:d}")},
    )
    reserved = session.execute(statement.returning(BotSequence.reserved)).scalar_one()
    return reserved - count + 1


def reserve_numbers(count: int) -> int:
    """Reserve event numbers in a transaction of their own (see `reserve`); they are durable when this returns."""
    with unit_of_work() as uow:
        first = reserve(uow.session, count, clock.now())
        uow.commit()
    return first
