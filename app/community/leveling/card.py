"""The card of a member's level: name, level, rank and a bar. It takes some milliseconds, and runs in a thread."""

from dataclasses import dataclass

from app.community.leveling.rules import progress
from app.core.drawing import Color, Picture, drawable, width_of

WIDTH, HEIGHT = 934, 282
_BACK: Color = (24, 25, 31)
_PANEL: Color = (35, 37, 45)
_TRACK: Color = (58, 61, 72)
_TEXT: Color = (245, 245, 248)
_QUIET: Color = (165, 170, 185)
_ACCENT: Color = (255, 196, 77)
_EDGE, _AVATAR = 20, 170
_LEFT = _EDGE + 30 + _AVATAR + 36
_RIGHT = WIDTH - _EDGE - 36


@dataclass(frozen=True)
class Card:
    """What stands on a card, in the reader's language; `username` is used where the name cannot be drawn."""

    name: str
    username: str
    xp: int
    level: str
    rank: str
    inside: str
    avatar: bytes | None = None
    color: Color = (88, 101, 242)


def draw(card: Card) -> bytes:
    """The card as a PNG."""
    picture = Picture(WIDTH, HEIGHT, _BACK)
    picture.box(_EDGE, _EDGE, WIDTH - _EDGE, HEIGHT - _EDGE, _PANEL, radius=24)
    name = drawable(card.name, card.username)
    picture.disc(_EDGE + 30, (HEIGHT - _AVATAR) // 2, _AVATAR, card.avatar or card.color, letter=name[:1].upper())
    begin = picture.text_before(_RIGHT, 92, card.level, 40, _ACCENT)
    if card.rank:
        begin = picture.text_before(begin - 24, 92, card.rank, 30, _QUIET)
    # A name that has too little room beside the level gets a line of its own.
    if width_of(name, 40) <= begin - 24 - _LEFT:
        picture.text(_LEFT, 150, name, 40, _TEXT)
    else:
        picture.text(_LEFT, 150, name, 34, _TEXT, limit=_RIGHT - _LEFT)
    _bar(picture, progress(card.xp).share)
    picture.text_before(_RIGHT, 242, card.inside, 26, _QUIET)
    return picture.png()


def _bar(picture: Picture, share: float) -> None:
    top, height = 174, 36
    picture.box(_LEFT, top, _RIGHT, top + height, _TRACK, radius=height // 2)
    filled = int((_RIGHT - _LEFT) * share)
    if filled:
        picture.box(_LEFT, top, max(_LEFT + filled, _LEFT + height), top + height, _ACCENT, radius=height // 2)
