"""Telling of an outage once when it begins and once when it ends, however often one tries in between."""

import logging

from app.core.quiet import describe


class Outage:
    """What is out of reach, and how to say so."""

    def __init__(self, log: logging.Logger, *, lost: str, back: str) -> None:
        self._log = log
        self._lost = lost
        self._back = back
        self.is_on = False

    def goes_on(self, error: BaseException) -> None:
        """Another attempt failed; only the first of an outage is told."""
        if not self.is_on:
            self.is_on = True
            self._log.warning("%s: %s", self._lost, describe(error))

    def is_over(self) -> None:
        """An attempt succeeded; only the first after an outage is told."""
        if self.is_on:
            self.is_on = False
            self._log.warning("%s", self._back)
