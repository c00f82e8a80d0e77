"""Languages, batches and the form of vectors."""

import itertools
import math
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients import openai
from app.core.errors import BadInput, RemoteUnavailable, Unavailable
from app.knowledge.embeddings import rules
from app.knowledge.embeddings.providers import Breaker, Provider


@dataclass
class Text:
    content: str


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en-US", "english"), ("fr", "french"), ("pt-BR", "portuguese"), ("ja", "simple"), (None, "english")],
)
def test_a_locale_names_its_language(locale, language):
    assert rules.language_of(locale) == language


@given(st.lists(st.integers(0, 5000), max_size=60))
def test_batches_keep_every_text_in_order_and_within_the_budget(lengths):
    texts = [Text("x" * length) for length in lengths]
    made = list(rules.batches(texts, 500))
    assert [text for batch in made for text in batch] == texts
    for batch in made:
        assert len(batch) == 1 or sum(len(text.content) // 4 + 1 for text in batch) <= 500


@given(st.lists(st.floats(-1, 1, width=16), min_size=4, max_size=4).filter(any))
def test_the_text_form_names_every_half_exactly(vector):
    packed = rules.pack(vector, 4)
    written = [float(value) for value in rules.as_sql(packed).strip("[]").split(",")]
    assert struct.pack("<4e", *written) == packed


@pytest.mark.parametrize(
    "wrong", [[1.0], [1.0, math.nan], [math.inf, 0.0], [0.0, 0.0], [1e6, 0.0], [1e300, 1.0], [1e-9, -1e-9], []]
)
def test_what_is_no_vector_is_refused(wrong):
    with pytest.raises(BadInput, match="no vector of 2"):
        rules.pack(wrong, 2)


def test_fewer_vectors_than_texts_are_refused():
    with pytest.raises(Unavailable, match="1 vectors for 2 texts"):
        rules.pack_all([[1.0, 0.0]], 2, 2)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_model_that_fails_is_left_alone_for_longer_each_time_and_then_tried_again():
    clock, answers, calls = Clock(), [], []

    def run(texts):
        calls.append(clock.now)
        if not answers:
            raise Unavailable("away")
        return answers.pop()

    model = Provider("m", 2, is_remote=True, run=run, breaker=Breaker(clock))
    for moment in (0, 4, 5, 14, 15):
        clock.now = moment
        with pytest.raises(Unavailable):
            model.embed(["text"])
    assert calls == [0, 5, 15]
    clock.now = 40
    answers += [[[1.0, 0.0]], [[0.0, 1.0]]]
    model.embed(["text"])
    model.embed(["text"])
    assert calls == [0, 5, 15, 40, 40]


def test_after_a_pause_one_caller_finds_out_for_all():
    clock, calls, answers, others = Clock(), [], [], []

    def run(texts):
        calls.append(clock.now)
        if len(calls) == 1:
            raise Unavailable("away")
        if len(calls) == 2:
            # Meanwhile others ask, who would all have to wait for an answer.
            for _ in range(3):
                with pytest.raises(Unavailable, match="left alone"):
                    model.embed(["another"])
                others.append(clock.now)
        return answers.pop()

    model = Provider("m", 2, is_remote=True, run=run, breaker=Breaker(clock))
    with pytest.raises(Unavailable, match="away"):
        model.embed(["text"])
    clock.now = 5
    answers += [[[1.0, 0.0]], [[0.0, 1.0]]]
    model.embed(["text"])
    model.embed(["text"])
    assert (calls, others) == ([0, 5, 5], [5, 5, 5])


def test_who_tried_for_all_and_never_came_back_is_not_waited_for_for_ever():
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed()
    clock.now = 5
    breaker.enter()
    clock.now = 34
    with pytest.raises(Unavailable):
        breaker.enter()
    clock.now = 35
    breaker.enter()


def test_refused_texts_end_a_pause():
    clock, errors = Clock(), [Unavailable("away"), BadInput("refused"), BadInput("refused")]

    def run(texts):
        raise errors.pop(0)

    model = Provider("m", 2, is_remote=True, run=run, breaker=Breaker(clock))
    for clock.now, error in ((0, Unavailable), (5, BadInput), (5, BadInput)):
        with pytest.raises(error):
            model.embed(["text"])


def test_an_outage_of_weeks_ends_with_the_first_answer():
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(5000):
        breaker.failed()
    clock.now = 120
    breaker.check()
    breaker.succeeded()
    breaker.failed()
    clock.now += 5
    breaker.check()


def test_a_pause_that_the_other_side_wants_is_kept_up_to_an_hour():
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed(900)
    clock.now = 899
    with pytest.raises(Unavailable):
        breaker.check()
    clock.now = 900
    breaker.check()
    breaker.failed(86_400)
    clock.now = 900 + 3_600
    breaker.check()


def test_a_429_for_an_hour_costs_a_handful_of_calls():
    clock, calls = Clock(), []

    def run(texts):
        calls.append(clock.now)
        raise RemoteUnavailable("HTTP 429")

    model = Provider("m", 2, is_remote=True, run=run, breaker=Breaker(clock))
    for clock.now in range(0, 3600, 30):
        with pytest.raises(Unavailable):
            model.embed(["text"])
    assert len(calls) < 40
    # One that says how long it wants to be left alone is asked once.
    told = []

    def run_told(texts):
        told.append(clock.now)
        raise RemoteUnavailable("HTTP 429", 3600)

    clock.now = 0
    model = Provider("m", 2, is_remote=True, run=run_told, breaker=Breaker(clock))
    for clock.now in range(0, 3600, 30):
        with pytest.raises(Unavailable):
            model.embed(["text"])
    assert told == [0]


def test_vectors_of_another_length_blame_no_text():
    with pytest.raises(Unavailable, match="another length than 2"):
        rules.pack_all([[1.0, 0.0, 0.0]], 2, 1)


def test_a_short_text_is_one_part():
    assert rules.parts("Hello there.  How are you?\n") == ["Hello there.  How are you?\n"]


def test_a_long_text_is_cut_between_sentences_with_an_overlap():
    sentences = [f"This is sentence number {n} of a long story." for n in range(40)]
    made = rules.parts(" ".join(sentences), 200, 60)
    for part in made:
        assert len(part) <= 200
        assert part.startswith("This is")
        assert part.endswith("story.")
    for before, after in itertools.pairwise(made):
        # The last sentence of a part is the first of the next.
        assert before.endswith(after[: after.index(".") + 1])
    assert all(any(sentence in part for part in made) for sentence in sentences)


@given(st.text(alphabet="ab. \n!é", max_size=600), st.integers(5, 60), st.integers(0, 20))
def test_parts_lose_no_word_and_keep_their_order(content, most, overlap):
    made = rules.parts(content, most, overlap)
    assert made
    assert all(len(part) <= most for part in made)
    short = [word for word in content.split() if len(word) <= most]
    assert all(any(word in part for part in made) for word in short)
    assert set("".join(content.split())) == set("".join("".join(made).split()))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers, seconds):
    assert openai.retry_after(headers) == seconds
