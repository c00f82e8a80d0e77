"""What search is compared with on the same messages: BM25, one leg alone, and the prototype H."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import text

from app.core import clock
from app.core.db import unit_of_work
from app.knowledge.embeddings.providers import provider
from benchmarks.conversations import Conversation

Ranked = list[int]
Rank = Callable[[Conversation, str], Ranked]
_H_RANK, _H_K = 100, 10
_H_SPEAKER, _H_SESSION = 0.15, 0.2
_STEMS = "SELECT lexeme, cardinality(positions) FROM unnest(to_tsvector('english', :content))"
_MESSAGES = """
SELECT m.id, m.author_id, m.content, v.embedding::text FROM messages m
JOIN message_vectors v ON v.message_id = m.id WHERE m.guild_id = :guild_id ORDER BY m.id
"""
# Own text A, two before and one after C, date B, as "Speaker: text".
_H_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS h_terms (guild_id bigint, message_id bigint, terms tsvector);
"""
_H_INSERT = """
INSERT INTO h_terms SELECT :guild_id, :id, setweight(to_tsvector('english', :own), 'A')
    || setweight(to_tsvector('english', :around), 'C') || setweight(to_tsvector('english', :day), 'B')
"""
_H_WORDS = """
SELECT message_id FROM h_terms, CAST(:wanted AS tsquery) AS wanted WHERE guild_id = :guild_id AND terms @@ wanted
ORDER BY ts_rank('{.1,.5,.5,1}', terms, wanted, 1) DESC, message_id LIMIT 100
"""


@dataclass
class Held:
    """A conversation in memory."""

    ids: list[int]
    authors: list[int]
    texts: list[str]
    vectors: np.ndarray
    stems: list[Counter[str]]


class Yardsticks:
    """Every way of ranking, over conversations that are stored and indexed."""

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        self._held = {one.guild_id: _hold(one) for one in conversations}
        self._vectors: dict[str, np.ndarray] = {}
        self._h_words: dict[tuple[int, str], Ranked] = {}
        self._prepare_h(list(conversations))

    def ways(self) -> dict[str, Rank]:
        """Each way under its name."""
        return {"bm25": self.bm25, "dense": self.dense, "keyword": self.h_words, "H": self.h}

    def bm25(self, conversation: Conversation, question: str) -> Ranked:
        """Okapi BM25 over English stems, with the speaker's name as a word of the turn."""
        held = self._held[conversation.guild_id]
        lengths = [sum(one.values()) for one in held.stems]
        mean, total = sum(lengths) / len(lengths), len(lengths)
        scores = np.zeros(total)
        for stem in _stems(question):
            found = sum(stem in one for one in held.stems)
            rare = math.log(1 + (total - found + 0.5) / (found + 0.5))
            for place, one in enumerate(held.stems):
                count = one[stem]
                scores[place] += rare * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * lengths[place] / mean))
        return _best(held.ids, scores)

    def dense(self, conversation: Conversation, question: str) -> Ranked:
        """The cosine of the raw question and the raw turn."""
        held = self._held[conversation.guild_id]
        return _best(held.ids, held.vectors @ self._vector(question))

    def h_words(self, conversation: Conversation, question: str) -> Ranked:
        """H's keyword leg."""
        return self._h_words[conversation.guild_id, question]

    def h(self, conversation: Conversation, question: str) -> Ranked:
        """H: first person, two legs, k of 10, the named speaker's turns and the best conversation raised."""
        held = self._held[conversation.guild_id]
        named = [name for name in conversation.speakers if re.search(rf"\b{name}\b", question)]
        asked = question
        if named:
            asked = re.sub(rf"\b{named[0]}\b", "I", re.sub(rf"\b{named[0]}'s\b", "my", question))
        legs = [_best(held.ids, held.vectors @ self._vector(asked))[:_H_RANK], self.h_words(conversation, question)]
        scores: dict[int, float] = {}
        for leg in legs:
            for rank, message in enumerate(leg, start=1):
                scores[message] = scores.get(message, 0.0) + 1 / (_H_K + rank)
        best = max(scores.values(), default=0.0)
        of_session: dict[int, float] = {}
        for message, score in scores.items():
            number = conversation.sessions[message]
            of_session[number] = max(of_session.get(number, 0.0), score)
        authors = dict(zip(held.ids, held.authors, strict=True))
        speakers = {conversation.speakers[name] for name in named}
        final = {
            message: score
            + _H_SESSION * of_session[conversation.sessions[message]]
            + (_H_SPEAKER * best if authors[message] in speakers else 0.0)
            for message, score in scores.items()
        }
        return sorted(final, key=lambda message: (-final[message], message))

    def _vector(self, question: str) -> np.ndarray:
        if question not in self._vectors:
            packed = provider().embed([question])[0]
            self._vectors[question] = np.frombuffer(packed, "<f2").astype(np.float32)
        return self._vectors[question]

    def _prepare_h(self, conversations: list[Conversation]) -> None:
        """H's window of every turn lies in a table that goes with the transaction."""
        with unit_of_work() as uow:
            uow.session.execute(text(_H_TABLE))
            for one in conversations:
                uow.session.execute(text(_H_INSERT), list(self._h_rows(one)))
            for one in conversations:
                names = {name.lower() for name in one.speakers}
                for question in {asked.text for asked in one.questions}:
                    wanted = " | ".join(
                        f"'{stem}'" for stem in _stems(question) if stem not in names and "'" not in stem
                    )
                    values = {"guild_id": one.guild_id, "wanted": wanted}
                    found = uow.session.scalars(text(_H_WORDS), values) if wanted else ()
                    self._h_words[one.guild_id, question] = list(found)

    def _h_rows(self, one: Conversation) -> Iterable[dict[str, object]]:
        held = self._held[one.guild_id]
        for place, message in enumerate(held.ids):
            near = [place + step for step in (-2, -1, 1) if 0 <= place + step < len(held.ids)]
            same = [other for other in near if one.sessions[held.ids[other]] == one.sessions[message]]
            yield {
                "guild_id": one.guild_id,
                "id": message,
                "own": held.texts[place],
                "around": " ".join(held.texts[other] for other in same),
                "day": f"{clock.snowflake_time(message):%d %B, %Y}",
            }


def _hold(one: Conversation) -> Held:
    with unit_of_work() as uow:
        rows = uow.session.execute(text(_MESSAGES), {"guild_id": one.guild_id}).all()
    names = {user: name for name, user in one.speakers.items()}
    texts = [f"{names.get(author, '')}: {content}" for _, author, content, _ in rows]
    vectors = np.array([[float(value) for value in vector[1:-1].split(",")] for *_, vector in rows], np.float32)
    return Held([row[0] for row in rows], [row[1] for row in rows], texts, vectors, [_stems(one) for one in texts])


def _stems(content: str) -> Counter[str]:
    with unit_of_work() as uow:
        return Counter(dict(uow.session.execute(text(_STEMS), {"content": content}).tuples().all()))


def _best(ids: list[int], scores: np.ndarray) -> Ranked:
    return [ids[place] for place in np.argsort(-scores, kind="stable")]
