"""The picture of a board, whoever stands on it: it always comes out, at its size, and within its edges."""

import io

import pytest
from PIL import Image

from app.community.leaderboards import card
from app.community.leaderboards.card import draw, height_of
from app.community.leaderboards.messages import Row, sheet, spoken, with_pictures
from app.community.leaderboards.queries import Name, Place
from app.community.leaderboards.rules import BOARDS

NAMES = {1: Name("Queen", "ann"), 2: Name("日本", "nihon")}


def pixels(shown) -> Image.Image:
    return Image.open(io.BytesIO(draw(shown)))


def page(*scores: int, board: str = "coins", number: int = 1, own: int | None = None):
    places = [Place(user, score) for user, score in enumerate(scores, 1)]
    return sheet(BOARDS[board], places, NAMES, number, own)


def test_a_page_names_its_members_in_order_with_their_scores():
    shown = page(90, 45, number=3, own=2)
    assert shown.title == "Coins"
    assert list(shown.rows) == [
        Row(21, "Queen", "ann", "90 coins", 1.0),
        Row(22, "日本", "nihon", "45 coins", 0.5, is_own=True),
    ]
    assert spoken(shown) == "Coins: 21. Queen, 90 coins; 22. 日本, 45 coins"


def test_who_has_no_known_name_is_named_by_the_id():
    assert page(5, 4, 3).rows[2].name == "3"


def test_nobody_is_said_in_words_and_drawn():
    assert spoken(page()) == "Coins: Nobody yet."
    assert pixels(page()).size == (card.WIDTH, height_of(page(1)))


def test_a_description_is_never_longer_than_discord_takes():
    names = {user: Name("W" * 32, "w") for user in range(1, 11)}
    places = [Place(user, 10**12) for user in range(1, 11)]
    assert len(spoken(sheet(BOARDS["level"], places, names))) <= 1024


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("number", [1, 100])
def test_every_board_and_page_has_a_picture_that_stays_inside_its_edges(board, number):
    picture = pixels(page(10**12, 7, 0, board=board, number=number))
    assert picture.size == (card.WIDTH, height_of(page(1, 1, 1)))
    edge = picture.crop((card.WIDTH - 18, 0, card.WIDTH, picture.height))
    assert len(set(edge.get_flattened_data())) == 1


@pytest.mark.parametrize("name", ["W" * 32, "Hröðgār", "مريم", "🎉🎉🎉", " ", "\u202eabc", "\x00\n"])
def test_every_name_can_be_drawn(name):
    shown = sheet(BOARDS["coins"], [Place(1, 5)], {1: Name(name, "ann")})
    edge = pixels(shown).crop((card.WIDTH - 18, 0, card.WIDTH, height_of(shown)))
    assert len(set(edge.get_flattened_data())) == 1


def bar(picture: Image.Image, place: int) -> int:
    """How many pixels of that row's bar are full."""
    row = picture.crop((0, 100 + place * 66, card.WIDTH, 101 + place * 66)).get_flattened_data()
    return sum(pixel in {card._BAR, card._OWN} for pixel in row)


def test_bars_are_as_long_as_scores_and_ones_own_row_stands_out():
    picture = pixels(page(100, 50, own=2))
    full, half = bar(picture, 0), bar(picture, 1)
    assert abs(full - 2 * half) < 40
    assert picture.getpixel((300, 190)) == card._OWN
    assert picture.getpixel((500, 125)) == card._BAR


def test_each_embed_of_the_message_shows_its_picture():
    body = {"embeds": [{"title": "a"}, {"title": "b"}], "x": 1}
    assert with_pictures(body, ["a.png", "b.png"]) == {
        "embeds": [
            {"title": "a", "image": {"url": "attachment://a.png"}},
            {"title": "b", "image": {"url": "attachment://b.png"}},
        ],
        "x": 1,
    }
