"""The card, whatever somebody is called: it always comes out, at its size, and within its edges."""

import io

import pytest
from PIL import Image

from app.community.leveling.card import HEIGHT, WIDTH, Card, draw
from app.core import drawing
from app.core.drawing import drawable, shortened, width_of


def pixels(**changes) -> Image.Image:
    card = {"name": "Ada", "username": "ada", "xp": 150, "level": "Level 2", "rank": "#3", "inside": "50 of 200 XP"}
    return Image.open(io.BytesIO(draw(Card(**{**card, **changes}))))


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "W" * 32,
        "Hröðgār",
        "日本語の名前",
        "مريم",
        "🎉🎉🎉",
        "𝓕𝓪𝓷𝓬𝔂",
        " ",
        "a\u0301\u0302" * 16,
        "\u202eabc",
        "\x00\n",
    ],
)
def test_every_name_gives_a_card_that_stays_inside_its_edges(name):
    picture = pixels(name=name)
    assert picture.size == (WIDTH, HEIGHT)
    edge = picture.crop((WIDTH - 30, 50, WIDTH - 21, HEIGHT - 50))
    assert len(set(edge.get_flattened_data())) == 1


def test_a_name_that_cannot_be_drawn_is_replaced_and_signs_that_cannot_are_left_out(monkeypatch):
    monkeypatch.setattr(drawing, "_faces", lambda: ())
    for cached in (drawing._fonts, drawing._font_of):
        cached.cache_clear()
    assert drawable("日本語", "nihongo") == "nihongo"
    assert drawable("Ada 🎉", "ada") == "Ada"
    assert drawable("🎉", "party") == "party"
    assert drawable("Ada  of\nthe   hall", "ada") == "Ada of the hall"
    for cached in (drawing._fonts, drawing._font_of):
        cached.cache_clear()


def test_a_long_text_is_shortened_to_its_room():
    short = shortened("a very long name that goes on", 32, 200)
    assert short.endswith("…")
    assert width_of(short, 32) <= 200
    assert shortened("Ada", 32, 200) == "Ada"


def bar(picture: Image.Image) -> int:
    """How many pixels of the bar are full."""
    row = picture.crop((256, 192, 878, 193)).get_flattened_data()
    return sum(pixel == (255, 196, 77) for pixel in row)


def test_the_bar_is_as_full_as_the_level():
    assert bar(pixels(xp=100)) == 0
    assert abs(bar(pixels(xp=200)) - 311) < 12
    assert bar(pixels(xp=299)) > 600


@pytest.mark.parametrize("avatar", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_an_unusable_avatar_is_replaced(avatar):
    assert pixels(avatar=avatar).size == (WIDTH, HEIGHT)


def test_an_avatar_is_shown_round():
    source = io.BytesIO()
    Image.new("RGB", (64, 64), (255, 0, 0)).save(source, "PNG")
    picture = pixels(avatar=source.getvalue())
    assert picture.getpixel((50 + 85, HEIGHT // 2)) == (255, 0, 0)
    assert picture.getpixel((52, (HEIGHT - 170) // 2 + 2)) != (255, 0, 0)
