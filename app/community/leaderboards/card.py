"""A page of a leaderboard as a picture. It takes some milliseconds, and is drawn in a thread or in a worker."""

from app.community.leaderboards.messages import Row, Sheet
from app.core.drawing import Color, Picture, drawable

WIDTH = 934
_EDGE, _HEAD, _ROW, _GAP, _DISC = 20, 96, 58, 8, 42
_BACK: Color = (24, 25, 31)
_PANEL: Color = (35, 37, 45)
_BAR: Color = (58, 61, 72)
_OWN: Color = (72, 64, 42)
_TEXT: Color = (245, 245, 248)
_QUIET: Color = (165, 170, 185)
_ACCENT: Color = (255, 196, 77)
_MEDALS: tuple[Color, ...] = ((222, 165, 33), (148, 156, 170), (176, 110, 60))
_LEFT = _EDGE + 24 + _DISC + 18


def height_of(sheet: Sheet) -> int:
    """How high the picture is."""
    return _HEAD + max(len(sheet.rows), 1) * (_ROW + _GAP) + _EDGE


def draw(sheet: Sheet) -> bytes:
    """The picture as a PNG."""
    picture = Picture(WIDTH, height_of(sheet), _BACK)
    picture.box(_EDGE, 24, _EDGE + 6, 72, _ACCENT, radius=3)
    picture.text(_EDGE + 24, 62, sheet.title, 40, _TEXT, limit=WIDTH - 2 * _EDGE - 24)
    if not sheet.rows:
        picture.text(_EDGE + 24, _HEAD + 38, sheet.nobody, 28, _QUIET, limit=WIDTH - 2 * _EDGE - 24)
    for place, row in enumerate(sheet.rows):
        _row(picture, _HEAD + place * (_ROW + _GAP), row)
    return picture.png()


def _row(picture: Picture, top: int, row: Row) -> None:
    right = WIDTH - _EDGE
    picture.box(_EDGE, top, right, top + _ROW, _PANEL, radius=14)
    filled = int((right - _EDGE) * min(max(row.share, 0.0), 1.0))
    picture.box(_EDGE, top, _EDGE + max(filled, 28), top + _ROW, _OWN if row.is_own else _BAR, radius=14)
    baseline = top + _ROW // 2 + 10
    if row.number <= len(_MEDALS):
        at = (_EDGE + 24, top + (_ROW - _DISC) // 2)
        picture.disc(*at, _DISC, _MEDALS[row.number - 1], letter=str(row.number))
    else:
        picture.text(_EDGE + 24, baseline, f"{row.number}.", 26, _QUIET)
    # Four digits are wider than a medal.
    left = _LEFT + (24 if row.number > 99 else 0)  # noqa: PLR2004 - two digits and a dot are as wide as a medal.
    begin = picture.text_before(right - 24, baseline, row.score, 26, _ACCENT if row.is_own else _QUIET)
    picture.text(left, baseline, drawable(row.name, row.instead), 28, _TEXT, limit=begin - 24 - left)
