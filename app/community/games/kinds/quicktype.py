"""Quick typing: the first who writes the word in the channel wins. No I/O."""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar, Literal

from msgspec.structs import replace

from app.community.games.kinds.base import (
    Button,
    End,
    Kind,
    Play,
    Scene,
    State,
    Table,
    impossible,
    to_winner,
    undecided,
    void,
    won,
)
from app.core.errors import Refused
from app.core.translations import _, current_language, marked

READY = "ready"
# The move of whoever wrote the word; no button has it.
TYPED = "typed"
Phase = Literal["ready", "waiting", "typing", "over"]
_SECONDS: dict[Phase, float] = {"ready": 30, "typing": 30, "over": 0}
# Nobody can tell when the word will appear.
_PAUSE = (3, 7)
_ENGLISH = (
    "lantern harbour whisper saddle feather thunder orchard marble velvet pepper compass shadow blanket copper "
    "meadow puzzle ribbon castle anchor basket candle dragon falcon garden hammer island jungle kettle ladder "
    "mirror needle oyster planet quiver rocket sailor timber umbrella village walnut"
)
_FRENCH = (
    "lanterne bateau murmure selle plume tonnerre verger marbre velours poivre boussole ombre couverture cuivre "
    "prairie puzzle ruban chateau ancre panier bougie dragon faucon jardin marteau jungle bouilloire miroir "
    "aiguille planete fusee marin bois parapluie village noisette renard colline fontaine orage"
)
WORDS = {"en": tuple(_ENGLISH.split()), "fr": tuple(_FRENCH.split())}


class Race(State, frozen=True, kw_only=True):
    """The word, who is ready, and who was first."""

    word: str
    pause: int
    phase: Phase = "ready"
    ready: tuple[bool, bool] = (False, False)
    winner: int | None = None


class QuickType(Kind[Race]):
    """Both get ready, wait for the word, and write it as a message."""

    name: ClassVar[str] = "quicktype"
    title: ClassVar[str] = marked("Quick typing")
    emoji: ClassVar[str] = "⌨️"
    bets: ClassVar[tuple[int, int] | None] = (10, 1000)
    state = Race
    invitation_seconds: ClassVar[int] = 60

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Race:
        """Choose a word in the language in force."""
        del table, wishes
        return Race(word=chance.choice(WORDS[current_language()]), pause=chance.randint(*_PAUSE))

    def play(self, state: Race, table: Table, play: Play, chance: Random) -> Race:
        """Get ready, or be the first who wrote the word."""
        del table, chance
        if play.action == TYPED and state.phase == "typing":
            return replace(state, step=state.step + 1, phase="over", winner=play.seat)
        if play.action != READY or state.phase != "ready":
            raise impossible()
        if state.ready[play.seat]:
            raise Refused(_("You are ready already."))
        ready = (True, state.ready[1]) if play.seat == 0 else (state.ready[0], True)
        if all(ready):
            return replace(state, step=state.step + 1, phase="waiting", ready=ready)
        return replace(state, ready=ready)

    def late(self, state: Race, table: Table, chance: Random) -> Race:
        """After the pause the word appears; whoever is not ready, or nobody who writes, ends it."""
        del table, chance
        phase: Phase = "typing" if state.phase == "waiting" else "over"
        return replace(state, step=state.step + 1, phase=phase)

    def seconds(self, state: Race) -> float:
        """Half a minute, and a pause that nobody knows."""
        return state.pause if state.phase == "waiting" else _SECONDS[state.phase]

    def end(self, state: Race, table: Table) -> End | None:
        """The first one takes the pot."""
        if state.phase != "over":
            return None
        return void(table) if state.winner is None else to_winner(table, state.winner)

    def scene(self, state: Race, table: Table) -> Scene:
        """What to do now. The word has signs between its letters that nobody can copy along with it."""
        if state.phase == "ready":
            lines = tuple(
                (_("{user} is ready.") if is_ready else _("{user} is not ready yet.")).format(user=table.name(seat))
                for seat, is_ready in enumerate(state.ready)
            )
            text = _("Write the word that will appear here as a message, faster than the other.")
            return Scene((text, *lines), (Button(READY, _("Ready"), "success"),))
        if state.phase == "waiting":
            return Scene((_("Hands on the keys: the word appears in a moment…"),))
        if state.phase == "typing":
            return Scene((_("Write:"), f"# {uncopyable(state.word)}"))
        end = undecided(table) if state.winner is None else won(table, state.winner)
        return Scene((_("The word was **{word}**.").format(word=state.word), end))


def uncopyable(word: str) -> str:
    """The word, so that a copy of it is not the word."""
    return "\N{ZERO WIDTH SPACE}".join(word)


def is_word(written: str, word: str) -> bool:
    """Whether somebody wrote the word, in whatever case."""
    return written.strip().casefold() == word.casefold()
