"""Pictures with text for Discord: fonts that this machine has, shapes with smooth edges, and the bytes of a PNG.

Pillow brings one font, for Latin letters. Where the machine has others (DejaVu, Noto), each character is drawn in the
first that knows it; a character that none knows is left out, and `drawable` falls back to another text where too little
would be left. Drawing takes milliseconds of pure work, so it belongs in a thread, and workers load this module only
when they draw.
"""

import io
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont
Color = tuple[int, int, int]

# Where systems keep fonts, and the faces that cover most scripts; the first that are there are used.
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts")
_FACES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansJP-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansKR-Regular.otf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoEmoji-Regular.ttf",
    "wqy-microhei.ttc",
    "unifont.ttf",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "malgun.ttf",
)
# No font has this character: what is drawn for it is what is drawn for every missing one.
_MISSING = "\U0010ffff"
_ELLIPSIS = "…"


@cache
def _faces() -> tuple[str, ...]:
    """The files of the faces that this machine has, in the order of `_FACES`."""
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for path in sorted(Path(folder).rglob("*.[to]t[fc]")) if Path(folder).is_dir() else ():
            found.setdefault(path.name, str(path))
    return tuple(found[name] for name in _FACES if name in found)


@cache
def _fonts(size: int) -> tuple[Font, ...]:
    built_in = ImageFont.load_default(size)
    assert isinstance(built_in, ImageFont.FreeTypeFont), "Pillow's wheels are built with FreeType"
    return (built_in, *(ImageFont.truetype(face, size) for face in _faces()))


@cache
def _missing(font: Font) -> bytes:
    return bytes(font.getmask(_MISSING))


@cache
def _font_of(character: str, size: int) -> Font | None:
    """The first font that knows this character."""
    for font in _fonts(size):
        drawn = bytes(font.getmask(character))
        if drawn != _missing(font) and (drawn or character.isspace()):
            return font
    return None


def drawable(text: str, instead: str, *, size: int = 32) -> str:
    """The text as it can be drawn here; `instead` where fewer than half of its letters could be."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    kept = "".join(character for character in text if _font_of(character, size))
    letters = sum(character.isalnum() for character in text)
    shown = sum(character.isalnum() for character in kept)
    return kept.strip() if shown and shown * 2 >= letters else instead


class Picture:
    """A picture being drawn."""

    def __init__(self, width: int, height: int, background: Color) -> None:
        self.image = Image.new("RGB", (width, height), background)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, left: int, top: int, right: int, bottom: int, color: Color, *, radius: int = 0) -> None:
        """A filled box with round corners."""
        if right > left and bottom > top:
            self._draw.rounded_rectangle((left, top, right, bottom), radius, fill=color)

    def text(
        self, left: float, baseline: int, text: str, size: int, color: Color, *, limit: float | None = None
    ) -> float:
        """Text from `left` on, shortened with an ellipsis where it would pass `limit` pixels; where it ended."""
        for font, run in _runs(text if limit is None else shortened(text, size, limit), size):
            self._draw.text((left, baseline), run, fill=color, font=font, anchor="ls")
            left += font.getlength(run)
        return left

    def text_before(self, right: float, baseline: int, text: str, size: int, color: Color) -> float:
        """Text that ends at `right`; where it began."""
        left = right - width_of(text, size)
        self.text(left, baseline, text, size, color)
        return left

    def disc(self, left: int, top: int, diameter: int, fill: "bytes | Color", *, letter: str = "") -> None:
        """A disc: of a picture's bytes, or of a color with a letter in it; unusable bytes become a grey disc."""
        source = _square(fill, diameter) if isinstance(fill, bytes) else None
        plain: Color = (88, 101, 242) if isinstance(fill, bytes) else fill
        face = source or Image.new("RGB", (diameter, diameter), plain)
        # Drawn four times as large, the edge becomes smooth.
        mask = Image.new("L", (diameter * 4, diameter * 4), 0)
        ImageDraw.Draw(mask).ellipse((0, 0, diameter * 4 - 1, diameter * 4 - 1), fill=255)
        self.image.paste(face, (left, top), mask.resize((diameter, diameter), Image.Resampling.LANCZOS))
        size = diameter // 2
        if source is None and letter and _font_of(letter, size):
            self.text(left + (diameter - width_of(letter, size)) / 2, top + diameter * 2 // 3, letter, size, (255,) * 3)

    def png(self) -> bytes:
        """The finished picture."""
        target = io.BytesIO()
        # Looking for the smallest file would take five times as long, and spare a fortieth of it.
        self.image.save(target, "PNG")
        return target.getvalue()


def _square(picture: bytes, side: int) -> Image.Image | None:
    """A picture as a square of that side; None where the bytes are none."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            return opened.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _runs(text: str, size: int) -> Iterator[tuple[Font, str]]:
    """The text in stretches of one font, so that letters that depend on their neighbours are drawn together."""
    for font, characters in groupby(text, lambda character: _font_of(character, size)):
        if font is not None:
            yield font, "".join(characters)


def width_of(text: str, size: int) -> float:
    """How wide this text is."""
    return sum(font.getlength(run) for font, run in _runs(text, size))


def shortened(text: str, size: int, limit: float) -> str:
    """The text, cut and with an ellipsis where it is wider than that."""
    if width_of(text, size) <= limit:
        return text
    room = limit - width_of(_ELLIPSIS, size)
    while text and width_of(text, size) > room:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS
