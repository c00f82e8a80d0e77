"""Keys that never meet, and entries that notice what happened to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.cache import entry

PARTS = st.lists(st.one_of(st.integers(-(2**63), 2**63), st.text(max_size=80)), max_size=4).map(tuple)


@given(PARTS, PARTS)
def test_no_two_lists_of_parts_share_a_key(one, other):
    assert (entry.key("names", 1, one) == entry.key("names", 1, other)) == (
        [(type(part), part) for part in one] == [(type(part), part) for part in other]
    )


@given(PARTS)
def test_the_namespace_and_the_guild_are_read_from_a_key_again(parts):
    key = entry.key("names", 5, parts)
    assert entry.namespace_of(key) == "names"
    assert key.split(":")[2] == "5"


def test_a_long_text_makes_a_short_key():
    assert len(entry.key("found", 1, ("x" * 100_000,))) < 64


@given(st.lists(st.binary(max_size=8), max_size=3).map(tuple), st.one_of(st.none(), st.binary(max_size=50)))
def test_what_is_sealed_is_read_again(versions, payload):
    found = entry.unseal("cache:names:1:2", entry.seal("cache:names:1:2", versions, payload))
    assert (found.versions, found.payload) == (versions, payload)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_is_noticed(place, change):
    raw = bytearray(entry.seal("cache:names:1:2", (b"version1", b"version2"), b"the value itself"))
    raw[place % len(raw)] ^= change
    found = entry.unseal("cache:names:1:2", bytes(raw))
    assert found is None


def test_an_entry_that_was_cut_or_laid_under_another_key_is_none():
    raw = entry.seal("cache:names:1:2", (b"v",), b"secret of guild 1")
    assert entry.unseal("cache:names:1:2", raw[:-1]) is None
    assert entry.unseal("cache:names:2:2", raw) is None


@pytest.mark.parametrize("raw", [b"", b"null", b"\xc0", b"\x93\x01\x02\x03", b"\xff" * 40])
def test_nonsense_is_none(raw):
    assert entry.unseal("cache:names:1:2", raw) is None
