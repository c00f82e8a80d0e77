"""Deleting what is too old, every hour."""

from app.upkeep.jobs.service import once
from app.upkeep.retention import service
from beat_schedule import PERIODS
from tasks.celery import app


@app.task(name="retention.run")
def run() -> None:
    """Apply every retention policy. Twice is safe: what is gone is not found again, and a slot is done once."""
    once("retention.run", PERIODS["retention.run"], service.run)
