"""Names, texts and summaries of documents."""

import json
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.documents import rules
from app.knowledge.documents.rules import Day, Line

DAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def day(*texts):
    lines = [Line(100 + n, 501 + n % 2, NOON + timedelta(minutes=n), text) for n, text in enumerate(texts)]
    return Day(70, "general", "Town", DAY, lines)


def test_names_are_the_same_for_the_same_day():
    assert rules.url("chatlog", 7, 70, DAY) == "discord://chatlog/7/70/2026-03-04"
    assert rules.url("summary", 7, 70, DAY) == "discord://summary/7/70/2026-03-04"
    assert rules.file_name("chatlog", "json", 70, DAY, "abc-1") == "chatlog_70_2026-03-04_abc-1.json"
    assert rules.file_name("note", "txt", None, None, "abc-1") == "note_abc-1.txt"
    assert rules.title(rules.SUMMARY, "general", DAY) == "Summary of #general on 2026-03-04"
    assert all(len(tag) <= 64 for tag in rules.tags("chatlog", 2**63 - 1, DAY))
    assert rules.tags("note", None, None) == ["note"]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_a_log_is_json_that_holds_every_text(texts):
    log = json.loads(rules.as_json(day(*texts)))
    assert log["header"] == {"channel_name": "general", "channel_category": "Town", "date": "2026-03-04"}
    assert [line["content"] for line in log["chat_log"]] == texts


def test_a_summary_tells_of_the_day_and_not_of_people():
    told = rules.summary(
        day("whales whales whales", "the whales swim", "I saw <@501> and whales at https://x.example/whales", "ok"),
        frozenset({"the", "and", "saw"}),
    )
    first, words, *lines = told.splitlines()
    assert first == "#general on 2026-03-04: 4 messages by 2 people, from 12:00 to 12:03 UTC."
    assert words == "Talked about: whales."
    assert lines == ["- whales whales whales"]


def test_a_word_counts_once_in_each_message():
    told = rules.summary(day("spam spam spam spam", "eggs", "eggs"), frozenset())
    assert "Talked about: eggs." in told


@given(st.lists(st.text(max_size=200), min_size=1, max_size=12))
def test_a_summary_is_short_whatever_was_said(texts):
    told = rules.summary(day(*texts), frozenset())
    assert len(told.splitlines()) <= 7
    assert all(len(line) <= 303 for line in told.splitlines()[2:])


def test_a_day_that_is_over_settles_sooner():
    changed = NOON
    assert not rules.is_due(changed, DAY, NOON + timedelta(minutes=59))
    assert rules.is_due(changed, DAY, NOON + timedelta(minutes=60))
    assert rules.is_due(changed, DAY - timedelta(days=1), NOON + timedelta(minutes=10))
