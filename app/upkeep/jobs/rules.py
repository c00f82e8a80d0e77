"""Slots: the stretches of time in which a job runs once."""

from datetime import UTC, datetime, timedelta


def slot_of(moment: datetime, every: timedelta) -> datetime:
    """The start of the slot in which this moment lies.

    Slots are counted from the Unix epoch, so that every beat and every worker names the same one.
    """
    if every <= timedelta(0):
        raise ValueError("a job's period must be longer than nothing")
    epoch = datetime.fromtimestamp(0, UTC)
    return epoch + (moment - epoch) // every * every
