from datetime import UTC, datetime

import pytest

from app.activity.batches.rules import divide_waiting, halves, is_oldest, is_part, open_entry, waiting_id
from app.activity.ingest.messages import batch_id, decode
from app.activity.ingest.rules import Erased, Policy, admit
from app.activity.messages.rules import created_ms, day_of, fold
from app.activity.partitions.rules import Span, span_of
from app.core.clock import snowflake_at, snowflake_time
from tests.factories.events import Events, payload

EVERYTHING = Span(0, 2**63 - 1)
LIMIT = 2**63 - 1


@pytest.fixture
def events():
    return Events()


def admitted(policy, *told):
    return admit(told, policy, EVERYTHING, LIMIT).events


def test_ids_of_batches_sort_as_their_events(events):
    assert batch_id(7, 9) < batch_id(7, 10) < batch_id(7, 2**62)
    assert halves(batch_id(7, 9), [1, 2, 3])[1][0] < batch_id(7, 10)


def test_a_mode_or_a_wish_decides_what_is_admitted(events):
    message = events.seen("text")
    assert admitted(Policy("store"), message) == [message]
    assert admitted(Policy("counts"), message)[0].content is None
    assert admitted(Policy("off"), message, events.reacted(1), events.voice(1), events.joined()) == []
    assert admitted(Policy("off", modes={1000: "store"}), message) == [message]
    assert admitted(Policy("store", opted_out={(1000, 3000)}), message) == []
    assert admitted(Policy("store", opted_out={(999, 3000)}), message) == [message]


def test_a_deletion_is_admitted_in_every_mode(events):
    assert len(admitted(Policy("off"), events.deleted(1))) == 1


def test_what_happened_before_an_erasure_is_not_admitted(events):
    old = events.seen()
    policy = Policy("store", erased={(1000, 3000): Erased(old.id + 1, events.at)})
    assert admitted(policy, old, events.edited(old.id, "x"), events.voice(1, at=events.at - 1)) == []
    assert len(admitted(policy, events.seen(id=old.id + 1), events.voice(1))) == 2


def test_a_bulk_deletion_keeps_the_ids_that_have_a_place(events):
    admission = admit([events.deleted(5, 50, 500)], Policy("store"), Span(10, 100), 100)
    assert admission.events[0].ids == (50,)
    assert sum(admission.outcomes.values()) == 1
    assert len(admission.refused) == 1


def test_of_several_versions_the_latest_edit_is_the_newest(events):
    first = events.seen("one")
    second = events.edited(first.id, "two", edited_at=20)
    late = events.edited(first.id, "older", edited_at=10)
    folded = fold([second, first, late, first], [])
    assert folded.newest == {first.id: second}
    assert {version.content for version in folded.older} == {"one", "older"}


def test_of_several_deletions_the_earliest_counts(events):
    folded = fold([], [events.deleted(1, at=20), events.deleted(1, 2, at=10)])
    assert folded.deleted == {1: 10, 2: 10}


def test_ids_carry_their_day():
    at = snowflake_at(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))
    assert day_of(at).isoformat() == "2026-03-01"
    assert created_ms(at) == int(snowflake_time(at).timestamp() * 1000)


def test_partitions_span_whole_weeks():
    span = span_of("messages_p20261116", "messages_p20261123")
    assert span.low == snowflake_at(datetime(2026, 11, 16, tzinfo=UTC))
    assert span.high == snowflake_at(datetime(2026, 11, 30, tzinfo=UTC))
    assert span_of(None, None) == Span(0, 0)


def test_only_an_older_entry_of_the_same_bot_holds_up(events):
    assert is_oldest("7:05", ["7:05", "7:06", "8:01", "7:04.w"])
    assert not is_oldest("7:05", ["7:04.1"])
    assert not is_oldest("7:05.w", ["7:05"])
    assert waiting_id("7:05.w") == "7:05.w"
    assert is_part("7:05.1")
    assert not is_part("7:05")


def test_events_that_wait_are_told_from_the_others(events):
    ready, waiting = divide_waiting(
        [events.seen(), events.watermark(1), events.voice_listed(), events.listed(up_to_id=2, after_id=1)]
    )
    assert len(ready) == 1
    assert len(waiting) == 3


def test_a_batch_survives_its_way_through_the_ledger(events):
    told = (events.seen("é 🦊"), events.deleted(1, 2), events.joined(roles=(1, 2)), events.voice(None))
    content = payload("7:1", *told)
    assert decode(content).events == told
    assert open_entry(content).events == list(told)
