import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.community.leveling import files
from app.community.leveling.rules import MOST_XP, total_for
from app.core.errors import BadInput

ANN, BEN = 300000000000000001, 300000000000000002
MEE6 = {
    "page": 0,
    "players": [
        {"id": str(ANN), "level": 12, "xp": 15_000, "detailed_xp": [1, 2, 3], "username": "ann", "message_count": 9},
        {"id": str(BEN), "level": 0, "xp": 40, "detailed_xp": [40, 100, 40], "username": "ben", "message_count": 2},
    ],
}
TATSU = {"guild_id": "1", "rankings": [{"rank": 1, "score": 15_000, "user_id": str(ANN)}]}
ARCANE = [{"userID": str(ANN), "xp": 900, "level": 5}, {"user": {"id": str(BEN)}, "xp": "7", "level": "1"}]
BY_ID = {str(ANN): {"xp": 5, "lvl": 2}}


def parse(content, keep="level") -> dict[int, int]:
    data = (
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )
    return files.parse(data, keep)


@pytest.mark.parametrize(
    ("content", "keep", "found"),
    [
        (MEE6, "level", {ANN: total_for(12), BEN: 0}),
        (MEE6, "xp", {ANN: 15_000, BEN: 40}),
        (TATSU, "xp", {ANN: 15_000}),
        (ARCANE, "level", {ANN: total_for(5), BEN: 0}),
        (ARCANE, "xp", {ANN: 900, BEN: 7}),
        (BY_ID, "xp", {ANN: 5}),
        ({"data": {"users": BY_ID}}, "level", {ANN: total_for(2)}),
        (f"user_id,level,xp\n{ANN},3,500\n\n{BEN},1,0\n", "level", {ANN: 300, BEN: 0}),
        (f"\ufeffUser ID;XP\r\n{ANN};500\r\n", "xp", {ANN: 500}),
        (f'name\tid\tlevel\n"a\tb"\t{ANN}\t4.0\n', "level", {ANN: 600}),
        (f"user_id,xp\n{ANN},5\n{ANN},9\n{ANN},2\n", "xp", {ANN: 9}),
        (f"user_id,xp\n{ANN},{10**14}\n", "xp", {ANN: MOST_XP}),
    ],
)
def test_files_of_other_bots_are_read(content, keep, found):
    assert parse(content, keep) == found


@pytest.mark.parametrize(
    ("content", "keep", "words"),
    [
        ("", "level", "no first line"),
        ("[]", "level", "no member"),
        ("{}", "level", "no list of members"),
        ("[1, 2]", "level", "does not hold members"),
        ("{" * 5000, "level", "begins like JSON"),
        ("[" * 100_000, "level", "begins like JSON"),
        (b"\xff\xfe\x00x", "level", "UTF-8"),
        ("hello there", "level", "no first line"),
        (f"user_id,level\n{ANN},x\n", "level", "row 1: “x” is no level"),
        (f"user_id,level\n{ANN},-1\n", "level", "row 1: “-1” is no level, which is a whole number from 0 to 1000"),
        (f"user_id,level\n{ANN},1.5\n", "level", "is no level"),
        (f"user_id,level\n{ANN},1001\n", "level", "is no level"),
        (f"user_id,level\n{ANN},5\n,5\n", "level", "row 2: there is no user id"),
        ("user_id,level\nann,5\n", "level", "“ann” is no user id"),
        ("user_id,level\n0,5\n", "level", "there is no user id"),
        (f"user_id,level\n{2**63},5\n", "level", "is no user id"),
        (TATSU, "level", "row 1: there is no level"),
        (f"user_id,level\n{ANN},5\n", "xp", "row 1: there is no xp"),
        ([{"id": True, "level": 1}], "level", "is no user id"),
        ([{"id": [1], "level": 1}], "level", "is no user id"),
        ([{"id": ANN, "level": {"a": 1}}], "level", "is no level"),
        ('user_id,level\n1,"2', "level", "neither JSON nor CSV"),
        ("user_id,level\n" + "x,1\n" * 5, "level", "row 3: “x” is no user id, .* and 2 more"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_is_expected(content, keep, words):
    with pytest.raises(BadInput, match=words):
        parse(content, keep)


def test_a_file_that_is_too_large_is_refused():
    with pytest.raises(BadInput, match="Allowed: 8 MB"):
        parse(b"a" * (files.MOST_BYTES + 1))
    rows = "".join(f"{number + 1},1\n" for number in range(files.MOST_ROWS + 1))
    with pytest.raises(BadInput, match=f"Allowed: {files.MOST_ROWS}"):
        parse("user_id,level\n" + rows)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data):
    try:
        files.parse(data, "xp")
    except BadInput:
        return


@given(st.dictionaries(st.integers(1, 2**63 - 1), st.tuples(st.text(max_size=20), st.integers(0, MOST_XP)), min_size=1))
def test_our_own_file_is_read_again(members):
    rows = [(user, name, 1, xp, 0, 0) for user, (name, xp) in members.items()]
    assert files.parse(files.written(rows), "xp") == {user: xp for user, (_, xp) in members.items()}


def test_a_name_is_no_formula():
    assert b"1,'=1+1,1,0,0,0" in files.written([(1, "=1+1", 1, 0, 0, 0)])
