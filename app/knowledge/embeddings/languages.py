"""In which language a text is written, and two things that ranking asks of it. No I/O.

The commonest words of a language give it away, in chat more surely than its letters: a short message rarely has
another sign. A text without any is taken to be in the language of its guild.
"""

import re
from typing import NamedTuple

ASKS, TELLS_TIME = 1, 2

# Words that one of these languages has and the others do not use, or use much less.
_FUNCTION_WORDS = {
    "english": "the and is are was were you it this that with for have has had of to in my your we they he she what "
    "when where who why how do does did not can will would just about from be been i i'm it's don't",
    "french": "le les la une un des et est sont était étaient vous il elle ce cette ça avec pour avoir a ont du au aux "
    "mon ma mes ton ta tes votre nous ils elles que qui quand où pourquoi comment ne pas peut dans sur j c d l n s qu "
    "je tu on mais ou donc très trop y en suis es ai as",
    "german": "der die das und ist sind war waren ich du sie wir ihr mit für haben hat hatte von zu im mein dein wer "
    "was wann wo warum wie nicht kann wird würde auf ein eine einen dem den auch noch schon aber",
    "spanish": "el los las una unos y es son era eran usted con para haber tiene del al mi tu nosotros ellos que quién "
    "cuándo dónde por qué cómo no puede en sobre muy pero yo está están hay lo",
    "italian": "il lo gli una e è sono era erano con per avere ha hanno del della al mio tuo noi loro che chi quando "
    "dove perché come non può nel sul molto ma io questo questa di",
    "portuguese": "o os as uma e é são era eram você com para ter tem do da ao meu seu nós eles que quem quando onde "
    "por como não pode em no na muito mas eu isso está",
    "dutch": "de het een en is zijn was waren jij je met voor hebben heeft van naar mijn jouw wij zij wat wanneer "
    "waar wie waarom hoe niet kan zal zou op ook nog maar ik dat dit",
}
_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in _FUNCTION_WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)

_WORD = re.compile(r"[^\W\d_]+(?:'(?:m|s|t|re|ve|ll|d)\b)?")
# Links, mentions and emotes are in no language.
_NO_WORDS = re.compile(r"\b\w+://\S+|<[^<>\s]+>")
# What lies behind this says nothing new about the language.
_READ = 600
# A word counts for as many languages as have it, less each time.
_MARGIN = 0.4

_TIME_WORDS = """
    yesterday today tonight tomorrow last next ago week weekend month year years since recently morning evening
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december hier aujourd demain dernier dernière prochain prochaine semaine mois an ans
    année depuis matin soir lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril mai juin
    juillet août septembre octobre novembre décembre
"""
_TIMES = frozenset(_TIME_WORDS.split())
_TIME_NUMBER = re.compile(r"\b(?:(?:19|20)\d\d|\d{1,2}:\d\d)\b")
_QUESTION = re.compile(r"[?？]\W{0,3}\Z")  # noqa: RUF001 - the wide form is meant.


class Reading(NamedTuple):
    """What was read of a text."""

    language: str
    traits: int


def read(text: str, otherwise: str) -> Reading:
    """The text search configuration of this text, and its traits; `otherwise` is the guild's."""
    words = _words_of(text)
    traits = (ASKS if asks(text) else 0) | (TELLS_TIME if _name_time(words, text) else 0)
    return Reading(_detect(words, otherwise), traits)


def detect(text: str, otherwise: str) -> str:
    """The language that most of the common words belong to; `otherwise` where none stands out."""
    return _detect(_words_of(text), otherwise)


def _words_of(text: str) -> list[str]:
    words: list[str] = _WORD.findall(_NO_WORDS.sub(" ", text[:_READ]).lower().replace("’", "'"))  # noqa: RUF001
    return words


def _detect(words: list[str], otherwise: str) -> str:
    scores: dict[str, float] = {}
    for word in words:
        languages = _LANGUAGES_OF.get(word)
        if languages:
            for language in languages:
                scores[language] = scores.get(language, 0.0) + 1.0 / len(languages)
    if not scores:
        return otherwise
    best = max(scores, key=lambda language: (scores[language], language))
    return best if scores[best] > scores.get(otherwise, 0.0) + _MARGIN else otherwise


def asks(text: str) -> bool:
    """Whether it ends as a question does."""
    return bool(_QUESTION.search(text[-8:].rstrip()))


def tells_time(text: str) -> bool:
    """Whether it names a time."""
    return _name_time(_words_of(text), text)


def _name_time(words: list[str], text: str) -> bool:
    return not _TIMES.isdisjoint(words) or bool(_TIME_NUMBER.search(text[:_READ]))


def is_common(word: str) -> bool:
    """Whether it is one of the commonest words, or a month's name, which some people bear as theirs."""
    return word in _LANGUAGES_OF or word in {"may", "april", "june", "august", "mars", "mark", "grace", "hope"}
