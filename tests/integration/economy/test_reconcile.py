"""The nightly look at the ledger, and the operator's."""

import json
import logging
from datetime import datetime, timedelta

from app.cli.main import main
from app.core import clock
from app.upkeep.health.exposition import render
from app.upkeep.health.monitor import Snapshot
from app.upkeep.health.queries import read_records
from tasks import economy
from tests.factories.coins import give
from tests.factories.hall import rows

KEYS = ["accounts", "entries", "imbalance", "negative", "unsettled"]


def audit(capsys, *more: str) -> tuple[int, str]:
    code = main(["economy", "audit", *more])
    return code, capsys.readouterr().out


def test_operators_are_told_in_json_with_a_code_that_says_whether_it_is_sound(database, capsys):
    give(7, 1, 5)
    code, out = audit(capsys, "--json")
    assert (code, list(json.loads(out))) == (0, KEYS)
    assert json.loads(out) == {"accounts": 1, "entries": 2, "imbalance": 0, "negative": 0, "unsettled": 0}
    rows("UPDATE coin_accounts SET balance = 31")
    code, out = audit(capsys, "--json")
    assert (code, json.loads(out)["imbalance"]) == (1, 1)
    code, out = audit(capsys)
    assert code == 1
    assert "The ledger does NOT come out." in out
    assert "server 7, member 1: the balance is 31, its entries 30" in out


def metrics() -> str:
    return render(Snapshot(clock.now(), "ok", {}, records=read_records())).decode()


def test_every_night_the_ledger_is_looked_at_once_and_metrics_tell(database, caplog, monkeypatch):
    give(7, 1, 5)
    economy.reconcile()
    assert 'heorot_coins_unsound{kind="imbalance"} 0.0' in metrics()
    assert not [record for record in caplog.records if record.levelno == logging.ERROR]
    rows("UPDATE coin_accounts SET balance = 37")
    economy.reconcile()
    assert 'heorot_coins_unsound{kind="imbalance"} 0.0' in metrics(), "the day's look is done"
    tomorrow = datetime.now(clock.UTC) + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    economy.reconcile()
    assert 'heorot_coins_unsound{kind="imbalance"} 7.0' in metrics()
    assert "does not come out" in caplog.text
    counts = rows("SELECT counts FROM job_runs WHERE name = 'economy.reconcile' ORDER BY slot DESC LIMIT 1")[0][0]
    assert set(counts) == set(KEYS)
