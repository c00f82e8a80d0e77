"""An outage makes one line when it begins and one when it ends."""

import logging

from app.core.outage import Outage

log = logging.getLogger(__name__)


def test_each_outage_is_told_twice_however_long_it_lasts(caplog):
    outage = Outage(log, lost="it is away", back="it is back")
    outage.is_over()
    for _ in range(2):
        for _ in range(50):
            outage.goes_on(ConnectionRefusedError(111, "Connection refused"))
        for _ in range(3):
            outage.is_over()
    assert caplog.messages == ["it is away: ConnectionRefusedError: Connection refused", "it is back"] * 2
