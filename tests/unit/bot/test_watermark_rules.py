"""A watermark promises that nothing below it is missing."""

from app.bot.watermarks import Watermarks

GUILD, CHANNEL = 1, 10


def known(complete: int = 100) -> Watermarks:
    watermarks = Watermarks()
    watermarks.load([(GUILD, CHANNEL, complete)])
    return watermarks


def test_live_messages_move_it_at_the_second_look():
    watermarks = known()
    watermarks.hear(CHANNEL, 150)
    assert watermarks.advance() == []
    watermarks.hear(CHANNEL, 160)
    assert watermarks.advance() == [(GUILD, CHANNEL, 150)]
    assert watermarks.advance() == [(GUILD, CHANNEL, 160)]
    assert watermarks.advance() == []


def test_at_rest_the_newest_counts_at_once():
    watermarks = known()
    watermarks.hear(CHANNEL, 150)
    assert watermarks.advance(at_rest=True) == [(GUILD, CHANNEL, 150)]


def test_live_messages_do_not_move_it_over_a_gap():
    watermarks = known()
    watermarks.open_all()
    watermarks.hear(CHANNEL, 150)
    assert watermarks.advance(at_rest=True) == []
    watermarks.close(GUILD, CHANNEL, 140)
    assert watermarks.advance(at_rest=True) == [(GUILD, CHANNEL, 150)]


def test_it_never_moves_back():
    watermarks = known(100)
    assert watermarks.close(GUILD, CHANNEL, 50) == 100
    watermarks.hear(CHANNEL, 90)
    assert watermarks.advance(at_rest=True) == []


def test_what_the_database_says_later_does_not_undo_what_is_known():
    watermarks = known(100)
    watermarks.load([(GUILD, CHANNEL, 60)])
    assert watermarks.of(CHANNEL) == 100


def test_an_unknown_channel_has_no_watermark_to_move():
    watermarks = Watermarks()
    assert not watermarks.hear(CHANNEL, 150)
    assert watermarks.advance(at_rest=True) == []
