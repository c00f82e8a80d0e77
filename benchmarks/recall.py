"""`make eval-memory`: how much of the evidence search brings up, on conversations in LoCoMo's form.

Recall@k is the mean over questions of the share of a question's evidence among the first k messages; a question
without evidence counts 1, and an evidence id that names no turn can never be found, as in the paper.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.core.db import reading
from app.knowledge.search import candidates, legs, people, queries, ranking
from app.knowledge.search.queries import Viewer
from benchmarks import fitting, guildlogs
from benchmarks.conversations import Conversation, Question, load
from benchmarks.databases import database
from benchmarks.fitting import DEPTHS
from benchmarks.yardsticks import Rank, Ranked, Yardsticks

CATEGORIES = {4: "single_hop", 1: "multi_hop", 2: "temporal", 3: "open_domain", 5: "adversarial"}
# The paper's table 3, Dialog rows, made with a much larger retriever.
PUBLISHED = dict(zip(map(str, DEPTHS), (56.7, 66.2, 76.7, 82.7), strict=True))

Scores = dict[Conversation, list[list[float]]]


def find(conversation: Conversation, question: str) -> Ranked:
    """What `/search` and the assistant find."""
    viewer = Viewer(0, conversation.channel_ids)
    return list(queries.find(conversation.guild_id, viewer, question, limit=DEPTHS[-1]).message_ids)


def words_alone(conversation: Conversation, question: str) -> Ranked:
    """Search without a model."""
    with reading() as session:
        named = people.named(session, conversation.guild_id, question)
        on = candidates.ground(session, conversation.guild_id, conversation.channel_ids)
    found = candidates.gather(replace(on, model=None), question, named)
    return [message for message, _ in ranking.rank(*found)]


def vectors_alone(conversation: Conversation, question: str) -> Ranked:
    """The vector leg as search asks it: whoever is named speaks in the first person."""
    with reading() as session:
        named = people.named(session, conversation.guild_id, question)
        meaning = candidates.meaning_of(conversation.guild_id, named.as_told)
        assert meaning is not None, "the model is at hand"
        scope = {"guild_id": conversation.guild_id, "channel_ids": list(conversation.channel_ids)}
        return legs.by_meaning(session, legs.Scope(scope), meaning)


def nobody_named(conversation: Conversation, question: str) -> Ranked:
    """Search where nobody bears the names in the questions."""
    with fitting.nobody_known():
        return anew(conversation, question)


def anew(conversation: Conversation, question: str) -> Ranked:
    """Search past what is kept of earlier results."""
    return fitting.scored(conversation, question)


@contextmanager
def without(feature: str) -> Iterator[None]:
    """Search with one feature less."""
    weight, ranking.WEIGHTS[feature] = ranking.WEIGHTS[feature], 0.0
    try:
        yield
    finally:
        ranking.WEIGHTS[feature] = weight


def recall(question: Question, found: Ranked, conversation: Conversation) -> list[float]:
    """At each depth."""
    if not question.evidence:
        return [1.0] * len(DEPTHS)
    turns = [conversation.turns[message] for message in found[: DEPTHS[-1]]]
    return [sum(one in turns[:depth] for one in question.evidence) / len(question.evidence) for depth in DEPTHS]


def measure(conversations: list[Conversation], way: Rank) -> dict[str, Any]:
    """One configuration: overall, by category, and by conversation."""
    rows = [
        (one.name, question.category, recall(question, way(one, question.text), one))
        for one in conversations
        for question in one.questions
    ]
    of_conversations = {one.name: _mean([row for name, _, row in rows if name == one.name]) for one in conversations}
    overall = _mean([row for _, _, row in rows])
    return {
        **overall,
        "overall": overall,
        "categories": {
            label: _mean([row for _, category, row in rows if category == number])
            for number, label in CATEGORIES.items()
            if any(category == number for _, category, _ in rows)
        },
        "conversations": of_conversations,
    }


def _mean(rows: list[list[float]]) -> dict[str, float]:
    means = np.array(rows).mean(axis=0) * 100
    return {str(depth): round(float(mean), 2) for depth, mean in zip(DEPTHS, means, strict=True)}


def evaluate(conversations: list[Conversation], logs: guildlogs.Logs, *, ablate: bool, fit: bool) -> dict[str, Any]:
    """Every configuration over these conversations."""
    ways: dict[str, Rank] = {
        "search": find,
        "search, words alone": words_alone,
        "search, vectors alone": vectors_alone,
        "search, nobody named": nobody_named,
        **Yardsticks(conversations).ways(),
    }
    configurations = {}
    for name, way in ways.items():
        configurations[name] = measure(conversations, way)
        _show(name, configurations[name])
    for feature in ranking.WEIGHTS if ablate else ():
        with without(feature):
            configurations[f"without {feature}"] = measure(conversations, anew)
        _show(f"without {feature}", configurations[f"without {feature}"])
    found = {
        "overall": configurations["search"]["overall"],
        "categories": configurations["search"]["categories"],
        "configurations": configurations,
        "published_dialog_rows": PUBLISHED,
        "spread": _spread(configurations["search"]["conversations"]),
    }
    if fit and len(conversations) > 1:
        found["leave_one_out"] = fitting.leave_one_out(conversations, logs.in_other_words, measure)
    return found


def _spread(of_conversations: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Between conversations."""
    columns = {depth: [one[depth] for one in of_conversations.values()] for depth in map(str, DEPTHS)}
    return {
        depth: {"least": min(values), "most": max(values), "deviation": round(statistics.pstdev(values), 2)}
        for depth, values in columns.items()
    }


def _show(name: str, measured: dict[str, Any]) -> None:
    print(f"{name:<56} " + " ".join(f"{measured['overall'][str(depth)]:6.1f}" for depth in DEPTHS), flush=True)


def of_guild_logs(logs: guildlogs.Logs) -> dict[str, Any]:
    """Our own logs of busy guilds in English, in French and in both: what each way of asking finds."""
    ways: dict[str, Rank] = {
        "search": find,
        "search, words alone": words_alone,
        "search, vectors alone": vectors_alone,
    }
    found: dict[str, Any] = {"languages_detected": logs.languages_detected}
    for label, conversation in logs.asked.items():
        found[label] = {}
        for name, way in ways.items():
            found[label][name] = measure([conversation], way)["overall"]
            _show(f"{label}: {name}", {"overall": found[label][name]})
    return found


def main() -> None:
    """Load, measure, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--ablate", action="store_true", help="each feature left out in turn")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew, leaving one conversation out")
    chosen = parser.parse_args()
    if not chosen.data.is_file():
        parser.error(f"{chosen.data} is no file; DATA is a JSON file in LoCoMo's form")
    with tempfile.TemporaryDirectory() as folder, database(Path(folder)):
        conversations, logs = load(chosen.data), guildlogs.load()
        found = evaluate(conversations, logs, ablate=chosen.ablate, fit=chosen.fit)
        found["guild_logs"] = of_guild_logs(logs)
    chosen.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"written to {chosen.out}")


if __name__ == "__main__":
    main()
