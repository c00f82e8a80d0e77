"""Fitting the weights of ranking to questions whose answers are known, always leaving one conversation out.

Conversations of two people are no guild: our own logs, in which chatter stands around every fact, are always among what
is fitted to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from app.core.db import reading
from app.knowledge.search import candidates, people, ranking
from app.knowledge.search.ranking import Asked
from app.knowledge.search.rows import Rows
from benchmarks.conversations import Conversation, Question

DEPTHS = (5, 10, 25, 50)

# Steps and how long they are, of each of two ways.
_FIRST, _THEN = (200, 0.08), (120, 0.03)
_DECAY = 1e-3
# In scores of which the first and the last are some ten apart; from 0.4 to 1 it found as many.
_SMOOTH = 0.6

# The features of every candidate, which of them answer, and the weight of each answer.
Sample = tuple[np.ndarray, np.ndarray, float]


def leave_one_out(
    conversations: list[Conversation], logs: list[Conversation], measure: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """What weights fitted to all other conversations, and to our own logs, find in each; those weights, and all's."""
    samples = {one.name: lessons(one) for one in conversations}
    of_logs = [sample for one in logs for sample in lessons(one)]
    kept, fitted, of_each = dict(ranking.WEIGHTS), [], {}
    for one in conversations:
        others = [sample for name, of_one in samples.items() if name != one.name for sample in of_one]
        fitted.append(fit([*others, *of_logs]))
        ranking.WEIGHTS.update(fitted[-1])
        ranked = {question.text: scored(one, question.text) for question in one.questions}
        of_each[one.name] = measure([one], lambda _, asked, ranked=ranked: ranked[asked])
        ranking.WEIGHTS.update(kept)
    counts = [len(one.questions) for one in conversations]
    depths = of_each[conversations[0].name]["overall"]
    mean = {
        depth: round(float(np.average([one["overall"][depth] for one in of_each.values()], weights=counts)), 2)
        for depth in depths
    }
    spread = {
        name: [round(float(value), 2) for value in (np.mean(values), np.std(values))]
        for name, values in _by_name(fitted)
    }
    everything = fit([*of_logs, *(sample for of_one in samples.values() for sample in of_one)])
    return {
        "overall": mean,
        "conversations": {name: found["overall"] for name, found in of_each.items()},
        "weights": spread,
        "weights_of_all": {name: round(weight, 2) for name, weight in everything.items()},
    }


def _by_name(fitted: list[dict[str, float]]) -> list[tuple[str, list[float]]]:
    return [(name, [one[name] for one in fitted]) for name in fitted[0]]


def _candidates(one: Conversation, question: str) -> tuple[Rows, Asked]:
    with reading() as session:
        named = people.named(session, one.guild_id, question)
        on = candidates.ground(session, one.guild_id, one.channel_ids)
    return candidates.gather(on, question, named)


def scored(one: Conversation, question: str) -> list[int]:
    """What search finds, computed anew."""
    return [message for message, _ in ranking.rank(*_candidates(one, question))]


@contextmanager
def nobody_known() -> Iterator[None]:
    """Meanwhile nobody bears the names in the questions."""
    kept, people.names_of = people.names_of, lambda *_: {}
    try:
        yield
    finally:
        people.names_of = kept


def lessons(one: Conversation) -> list[Sample]:
    """What each question of a conversation teaches, and half as much what it teaches where nobody is known by name.

    Nine of ten of these questions name a speaker, and those in a guild need not: weights fitted to names alone found
    two points less without.
    """
    found = [sample for question in one.questions if (sample := _sample(one, question))]
    with nobody_known():
        unnamed = [sample for question in one.questions if (sample := _sample(one, question))]
    return [*found, *((features, answers, worth / 2) for features, answers, worth in unnamed)]


def _sample(one: Conversation, question: Question) -> Sample | None:
    """What a question teaches; nothing where no candidate answers."""
    rows, asked = _candidates(one, question.text)
    answers = np.array([one.turns[message] in question.evidence for message in rows.ids.tolist()], bool)
    if not answers.any():
        return None
    features = ranking.features(rows, asked)
    return np.stack([features[name] for name in ranking.WEIGHTS], axis=1), answers, 1 / len(question.evidence)


def fit(samples: list[Sample]) -> dict[str, float]:
    """Weights that bring most of the evidence up: first each answer above what is none, then recall itself.

    Recall at a depth has no slope, so a step is taken for a gentle one: an answer counts the more, the farther it is
    above the message at that depth.
    """
    scale = np.std(np.concatenate([features for features, _, _ in samples]), axis=0) + 1e-9
    scaled = [(features / scale, answers, worth) for features, answers, worth in samples]
    weights = _descend(np.zeros(len(scale)), scaled, _above_others, *_FIRST)
    weights = _descend(weights, scaled, _within_depths, *_THEN)
    return dict(zip(ranking.WEIGHTS, map(float, weights / scale), strict=True))


def _descend(
    weights: np.ndarray, samples: list[Sample], slope: Callable[..., np.ndarray], steps: int, rate: float
) -> np.ndarray:
    """Adam."""
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        gradient = _DECAY * weights + sum(slope(weights, *sample) for sample in samples) / len(samples)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        weights = weights - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights


def _above_others(weights: np.ndarray, features: np.ndarray, answers: np.ndarray, worth: float) -> np.ndarray:
    """The slope of a softmax for each answer."""
    scores = features @ weights
    others, found = features[~answers], np.zeros_like(weights)
    for place in np.flatnonzero(answers):
        above = np.exp(np.clip(scores[~answers] - scores[place], -30, 30))
        share = above / (1 + above.sum())
        found += worth * (share @ others - share.sum() * features[place])
    return found


def _within_depths(weights: np.ndarray, features: np.ndarray, answers: np.ndarray, worth: float) -> np.ndarray:
    """The slope of the smoothed recall at every depth."""
    scores = features @ weights
    order = np.argsort(-scores)
    found = np.zeros_like(weights)
    for depth in DEPTHS:
        last = order[min(depth, len(order) - 1)]
        share = 1 / (1 + np.exp(-np.clip((scores[answers] - scores[last]) / _SMOOTH, -30, 30)))
        slopes = worth * share * (1 - share) / _SMOOTH
        found -= slopes @ (features[answers] - features[last]) / len(DEPTHS)
    return found
