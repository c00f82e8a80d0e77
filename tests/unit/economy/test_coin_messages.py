from datetime import UTC, datetime

import pytest

from app.community.economy.messages import LABELS, audited, coins, line
from app.community.economy.queries import Audit, Entry
from app.community.economy.rules import NotEnough, wanted
from app.core.errors import BadInput
from app.core.translations import speaking
from schema.models.economy import TYPES

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


def test_every_kind_of_entry_has_a_label():
    assert set(LABELS) == set(TYPES)


def test_amounts_have_their_unit():
    assert (coins(1), coins(0), coins(1_234_567)) == ("1 coin", "0 coins", "1\u202f234\u202f567 coins")
    with speaking("fr"):
        assert coins(0) == "0 pièce"


def test_a_line_says_how_many_what_for_and_with_whom():
    assert line(Entry(1, "transfer", -1500, 7, MOMENT)) == "<t:1767312000:d> **-1\u202f500** transfer · <@7>"
    assert line(Entry(1, "start", 25, None, MOMENT)) == "<t:1767312000:d> **+25** to begin with"


@pytest.mark.parametrize("wrong", [{"imbalance": 1}, {"negative": 1}, {"unsettled": 1}])
def test_an_audit_says_first_whether_all_is_well(wrong):
    figures = {"accounts": 2, "entries": 3, "imbalance": 0, "negative": 0, "unsettled": 0}
    assert audited(Audit(**figures)).startswith("✅")
    assert audited(Audit(**{**figures, **wrong})).startswith("⚠️")


@pytest.mark.parametrize(
    ("how", "amount", "after"), [("set", 0, 0), ("set", 7, 7), ("give", 7, 32), ("take", 7, 18), ("take", 25, 0)]
)
def test_an_admin_sets_gives_and_takes(how, amount, after):
    assert wanted(how, 1, 25, amount) == after


@pytest.mark.parametrize(("how", "amount"), [("set", -1), ("give", 0), ("take", 0), ("give", 10**12 + 1)])
def test_an_admins_amount_has_bounds(how, amount):
    with pytest.raises(BadInput, match="Allowed:"):
        wanted(how, 1, 25, amount)


def test_an_admin_cannot_take_what_is_not_there():
    with pytest.raises(NotEnough, match="takes 26 coins, and there are 25"):
        wanted("take", 1, 25, 26)
