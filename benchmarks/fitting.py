"""Fitting the weights of ranking to questions whose answers are known, always leaving one conversation out."""

from collections.abc import Callable
from typing import Any

import numpy as np

from app.core.db import reading
from app.knowledge.search import candidates, people, ranking
from app.knowledge.search.ranking import Asked
from app.knowledge.search.rows import Rows
from benchmarks.conversations import Conversation, Question

_STEPS, _RATE, _DECAY = 200, 0.08, 1e-3


def leave_one_out(conversations: list[Conversation], measure: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """What weights fitted to all other conversations find in each, and those weights."""
    samples = {one.name: [_sample(one, question) for question in one.questions] for one in conversations}
    kept, fitted, of_each = dict(ranking.WEIGHTS), [], {}
    for one in conversations:
        others = [sample for name, of_one in samples.items() if name != one.name for sample in of_one]
        fitted.append(fit([sample for sample in others if sample is not None]))
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
    return {"overall": mean, "conversations": {k: v["overall"] for k, v in of_each.items()}, "weights": spread}


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


def _sample(one: Conversation, question: Question) -> tuple[np.ndarray, np.ndarray, float] | None:
    """The features of every candidate, which of them answer, and the weight of each answer; None without any."""
    rows, asked = _candidates(one, question.text)
    answers = np.array([one.turns[message] in question.evidence for message in rows.ids.tolist()], bool)
    if not answers.any():
        return None
    features = ranking.features(rows, asked)
    return np.stack([features[name] for name in ranking.WEIGHTS], axis=1), answers, 1 / len(question.evidence)


def fit(samples: list[tuple[np.ndarray, np.ndarray, float]]) -> dict[str, float]:
    """Weights under which answers stand above what is none: a softmax for each answer, by Adam."""
    weights = np.zeros(len(ranking.WEIGHTS))
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, _STEPS + 1):
        gradient = _DECAY * weights + sum(_gradient(weights, *sample) for sample in samples) / len(samples)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        weights = weights - _RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return dict(zip(ranking.WEIGHTS, map(float, weights), strict=True))


def _gradient(weights: np.ndarray, features: np.ndarray, answers: np.ndarray, worth: float) -> np.ndarray:
    scores = features @ weights
    others, found = features[~answers], np.zeros_like(weights)
    for place in np.flatnonzero(answers):
        above = np.exp(np.clip(scores[~answers] - scores[place], -30, 30))
        share = above / (1 + above.sum())
        found += worth * (share @ others - share.sum() * features[place])
    return found
