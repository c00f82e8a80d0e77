"""Languages, batches and the form of vectors."""

import math
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BadInput, Unavailable
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


@pytest.mark.parametrize("wrong", [[1.0], [1.0, math.nan], [math.inf, 0.0], [0.0, 0.0]])
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
